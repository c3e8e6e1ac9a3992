"""What searches are told and what they give back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from toolkit.translation.decoding.stepwise import StepwiseDecoder


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A translation as ids.

    Attributes:
        ids: without the end mark.
        score: what searches sort by: the log-probability, divided by a power of the length where a search does that.
        log_prob: nats, of all subwords and the end mark, after what the search changed (temperature, blocks) is
            left out of account.
        attention: `[len(ids) + 1, S]`, where the network looked when it wrote each subword and the end mark; `None`
            unless asked for.
        ended: it ended by itself, and not because it became too long.
    """

    ids: tuple[int, ...]
    score: float
    log_prob: float
    attention: Tensor | None = None
    ended: bool = True


@dataclass(frozen=True, slots=True)
class Limits:
    """How long translations may become: `ratio` times their source and `extra` subwords more.

    Attributes:
        ratio: subwords for each subword of the source.
        extra: further ones.
        least: subwords before which none may end.
    """

    ratio: float = 1.5
    extra: int = 20
    least: int = 0

    def __post_init__(self) -> None:
        if self.ratio < 0 or self.extra < 1 or self.least < 0:
            raise ValueError(f"a translation needs room: ratio={self.ratio}, extra={self.extra}, least={self.least}")

    def of(self, source_BS: Tensor, decoder: StepwiseDecoder) -> Tensor:
        """int64 `[B]`: most subwords of each translation, the end mark included."""
        lengths = (source_BS != decoder.pad_id).sum(1)
        return (lengths * self.ratio).long().add_(self.extra).clamp_(max=decoder.longest)


DEFAULT_LIMITS = Limits()


def padded(sources: Sequence[Sequence[int]], decoder: StepwiseDecoder) -> Tensor:
    """`source_BS` of ids, on the decoder's device."""
    rows = [torch.tensor(list(row), dtype=torch.int64) for row in sources]
    filled = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=decoder.pad_id)
    return filled.to(decoder.device)


def repeated_endings(written_RT: Tensor, size: int) -> Tensor | None:
    """Which subwords would complete an n-gram that a hypothesis has already.

    Args:
        written_RT: what is written so far.
        size: n.

    Returns:
        `[R, windows]`, subwords that must not follow; -1 for none. `None` when nothing can be repeated yet.
    """
    length = written_RT.shape[1]
    if length < size:
        return None
    windows = written_RT.unfold(1, size, 1)  # R, windows, size
    same = (windows[:, :, :-1] == written_RT[:, None, length - size + 1 :]).all(-1)
    return windows[:, :, -1].masked_fill(~same, -1)


def block_repeats(logits_RV: Tensor, written_RT: Tensor, size: int) -> None:
    """Put what would repeat an n-gram at minus infinity, in place (Paulus et al. 2018, section 2.5).

    Args:
        logits_RV: scores of the next subword.
        written_RT: what is written so far.
        size: n; 0 blocks nothing.
    """
    banned = repeated_endings(written_RT, size) if size else None
    if banned is not None:
        rows, places = (banned >= 0).nonzero(as_tuple=True)
        logits_RV[rows, banned[rows, places]] = -torch.inf

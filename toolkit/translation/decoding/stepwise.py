"""What every search works with: a network that is asked, step by step, what may come next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Step:
    """What a network says about the next subword of every hypothesis.

    Attributes:
        logits: float32 `[R, V]`, scores of each subword, up to a constant in each row: `log_softmax` makes
            log-probabilities of them. What pads is at minus infinity.
        attention: `[R, S]`, how much each place of the source was looked at, rows summing to 1: the mean over the heads
            of the last decoder layer. `None` unless `begin` was asked for it.
    """

    logits: Tensor
    attention: Tensor | None = None


class DecoderState(Protocol):
    """Hypotheses that are being written, with what the network remembers of them.

    Hypotheses are rows. Every source has the same number K of them, and they stand together: row `b * K + k` is
    hypothesis `k` of source `b`. After `begin`, K is 1.
    """

    def step(self, tokens_R: Tensor) -> Step:
        """Append a subword to every hypothesis and look at what may follow.

        Args:
            tokens_R: int64; at the first step `start_id` for every row.
        """
        ...

    def reorder(self, rows_BK: Tensor) -> None:
        """Go on with these rows: forget, repeat and sort hypotheses, and leave out sources that are done.

        Args:
            rows_BK: numbers of old rows; those of one line must belong to one source. Its shape is the new number of
                sources and hypotheses.
        """
        ...


class StepwiseDecoder(Protocol):
    """A network that translates, in the form that searches need.

    Attributes:
        pad_id: what fills places of the source.
        eos_id: what ends a translation.
        start_id: what the decoder begins with.
        vocabulary: number of subwords.
        longest: subwords that a source or a translation may have.
        device: where sources have to be.
    """

    pad_id: int
    eos_id: int
    start_id: int
    vocabulary: int
    longest: int
    device: torch.device

    def begin(self, source_BS: Tensor, attention: bool = False) -> DecoderState:
        """Read the sources.

        Args:
            source_BS: int64 ids, `pad_id` after each text.
            attention: steps shall also say where they looked.
        """
        ...

"""Translations drawn from a network while it trains: fast and without a graph; then read once, with one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from toolkit.translation.decoding.batches import decoder_for
from toolkit.translation.segmented import IGNORED
from toolkit.translation.task import next_subword_logits

Choose = Callable[[int, Tensor], Tensor]
"""`(place, logits_BV)` to the ids chosen there, `B`."""


@torch.no_grad()
def draw(
    network: nn.Module,
    source_BS: Tensor,
    most_B: Tensor,
    choose: Choose,
    pad_id: int,
    eos_id: int,
    *,
    width: int | None = None,
    begun_BT: Tensor | None = None,
    kept: int = 0,
) -> Tensor:
    """`ids_BT`: translations written subword by subword, `pad_id` after their end; dropout is not applied.

    Args:
        network: a sequence-to-sequence network of transformers.
        source_BS: ids, `pad_id` after the text.
        most_B: subwords that each may have, its end mark included.
        choose: chooses the next subword of every row; what it says of rows that have ended is not used.
        pad_id: what fills places, and what the decoder begins with.
        eos_id: the end mark.
        width: places of the result; as many as the longest may need when left out.
        begun_BT: translations of which the first places are kept.
        kept: so many places.
    """
    longest = int(most_B.max()) if width is None else width
    written = source_BS.new_full((len(source_BS), longest), pad_id)
    with without_dropout(network), torch.autocast(source_BS.device.type, enabled=False):
        decoder = decoder_for(network)
        decoder.pad_id, decoder.eos_id = pad_id, eos_id
        state = decoder.begin(source_BS)
        tokens = source_BS.new_full((len(source_BS),), pad_id)
        going = torch.ones_like(tokens, dtype=torch.bool)
        for place in range(longest):
            logits = state.step(tokens).logits
            forced = begun_BT[:, place] if begun_BT is not None and place < kept else None
            chosen = choose(place, logits) if forced is None else forced
            written[:, place] = torch.where(going, chosen, pad_id)
            going = going & (chosen != eos_id) & (chosen != pad_id) & (place + 1 < most_B)
            if not going.any():
                break
            tokens = torch.where(going, chosen, eos_id)
    return written


def scores_of(network: nn.Module, source_BS: Tensor, ids_BT: Tensor, pad_id: int) -> Tensor:
    """`logits_BTV` of every place of drawn translations, with a graph: those they were drawn from.

    So dropout is not applied, and the subword that pads is impossible.

    Args:
        network: as for `draw`.
        source_BS: as for `draw`.
        ids_BT: what `draw` gave.
        pad_id: as for `draw`.
    """
    with without_dropout(network):
        target = ids_BT.masked_fill(ids_BT == pad_id, IGNORED)
        logits = next_subword_logits(network, source_BS, target, pad_id)
    logits = logits if logits.dtype == torch.float64 else logits.float()
    impossible = torch.zeros(logits.shape[-1], dtype=torch.bool, device=logits.device)
    impossible[pad_id] = True
    return logits.masked_fill(impossible, -torch.inf)


def log_probs_of(logits_BTV: Tensor, ids_BT: Tensor, pad_id: int) -> Tensor:
    """`BT`: log-probabilities of drawn subwords; 0 where there are none."""
    written = ids_BT != pad_id
    some = ids_BT.masked_fill(~written, 0 if pad_id else 1)  # the filling has the log-probability minus infinity
    found = torch.log_softmax(logits_BTV, -1).gather(-1, some.unsqueeze(-1)).squeeze(-1)
    return found * written


@contextmanager
def without_dropout(network: nn.Module) -> Iterator[None]:
    """The network in evaluation mode, for a while."""
    training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(training)

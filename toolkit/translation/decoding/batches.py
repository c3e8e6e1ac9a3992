"""Many sentences through a network: sorted by length, searched in batches, given back in their own order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import torch
from torch import Tensor, nn

from toolkit.translation.decoding.beam import Beam
from toolkit.translation.decoding.greedy import Greedy
from toolkit.translation.decoding.hypotheses import Hypothesis, Limits, padded
from toolkit.translation.decoding.marian_decoder import MarianDecoder, is_marian
from toolkit.translation.decoding.module_decoder import ModuleDecoder
from toolkit.translation.decoding.products import Precision
from toolkit.translation.decoding.stepwise import StepwiseDecoder

BATCH_TOKENS = 2048
"""Subwords of the sources of a batch, their padding included."""


class Search(Protocol):
    """Finds translations: `Greedy`, `Beam`, `ConstrainedBeam` or `Sampling`."""

    def __call__(
        self, decoder: StepwiseDecoder, source_BS: Tensor, numbers: Sequence[int] = (), attention: bool = False
    ) -> list[list[Hypothesis]]:
        """The hypotheses of each source, the best first.

        Args:
            decoder: the network.
            source_BS: ids, `pad_id` after each.
            numbers: of the sources among all of them, for what depends on which source it is.
            attention: keep where the network looked.
        """
        ...


def decoder_for(network: nn.Module, precision: Precision = "float32") -> StepwiseDecoder:
    """The fastest form of a network for searches: Marian's own, or the network as it is.

    Args:
        network: a sequence-to-sequence network of transformers, where it shall compute.
        precision: of Marian's products; other networks compute as they are.
    """
    return MarianDecoder(network, precision) if is_marian(network) else ModuleDecoder(network)


def translate_rows(
    decoder: StepwiseDecoder,
    sources: Sequence[Sequence[int]],
    search: Search,
    *,
    batch_tokens: int = BATCH_TOKENS,
    batch_size: int = 64,
    attention: bool = False,
    numbers: Sequence[int] = (),
    progress: Callable[[int], None] | None = None,
) -> list[list[Hypothesis]]:
    """The hypotheses of every source, in the order of the sources.

    Args:
        decoder: the network.
        sources: ids, the end mark last; of any lengths up to `decoder.longest`.
        search: what finds translations.
        batch_tokens: subwords of a batch's sources, padding included.
        batch_size: sentences at once, at most.
        attention: keep where the network looked, without the places that pad the batch.
        numbers: of the sources, for what of the search depends on which source it is; by default from 0.
        progress: told after every batch how many sources are done.
    """
    found: list[list[Hypothesis]] = [[] for _ in sources]
    done = 0
    for places in batches_by_length([len(row) for row in sources], batch_tokens, batch_size):
        source = padded([sources[place] for place in places], decoder)
        chosen = [numbers[place] if numbers else place for place in places]
        for place, hypotheses in zip(places, search(decoder, source, chosen, attention), strict=True):
            found[place] = [_without_padding(one, len(sources[place])) for one in hypotheses]
        done += len(places)
        if progress is not None:
            progress(done)
    return found


def forced_log_probs(decoder: StepwiseDecoder, source: Sequence[int], ids: Sequence[int]) -> Tensor:
    """Log-probabilities, nats, that a network gives to each subword of a translation and to its end mark.

    Args:
        decoder: the network.
        source: ids, the end mark last.
        ids: the translation, without its end mark.
    """
    state = decoder.begin(padded([source], decoder))
    found, token = [], decoder.start_id
    for following in (*ids, decoder.eos_id):
        log_probs = state.step(torch.tensor([token], device=decoder.device)).logits.log_softmax(1)
        found.append(log_probs[0, following])
        token = following
    return torch.stack(found).cpu()


def batches_by_length(lengths: Sequence[int], batch_tokens: int, batch_size: int) -> Iterator[list[int]]:
    """Places of sources of like lengths, the longest first: memory that is enough once is enough.

    Args:
        lengths: of the sources.
        batch_tokens: longest length times number of sources, at most; a longer source is alone.
        batch_size: sources, at most.
    """
    order = sorted(range(len(lengths)), key=lambda place: -lengths[place])
    while order:
        count = min(batch_size, max(1, batch_tokens // max(1, lengths[order[0]])))
        yield order[:count]
        order = order[count:]


@torch.inference_mode()
def translate_ids(
    network: nn.Module,
    sources: Sequence[Sequence[int]],
    pad_id: int,
    eos_id: int,
    device: torch.device,
    *,
    beam: int = 1,
    extra_length: int = 20,
    batch_size: int = 64,
) -> list[list[int]]:
    """The best translations as ids, without the end mark.

    Args:
        network: a sequence-to-sequence network of transformers; dropout is not applied.
        sources: ids, the end mark last.
        pad_id: what fills places, and what the decoder begins with.
        eos_id: the end mark.
        device: where the network is.
        beam: hypotheses that are kept; 1 is greedy.
        extra_length: see `toolkit.translation.task.TranslationTask`.
        batch_size: sentences at once.
    """
    decoder = decoder_for(network)
    decoder.pad_id, decoder.eos_id = pad_id, eos_id
    limits = Limits(extra=extra_length)
    search: Search = Greedy(limits, scored=False) if beam == 1 else Beam(beam, limits=limits)
    was_training = network.training
    network.eval()
    try:
        found = translate_rows(decoder, sources, search, batch_size=batch_size)
    finally:
        network.train(was_training)
    return [list(hypotheses[0].ids) for hypotheses in found]


def _without_padding(hypothesis: Hypothesis, length: int) -> Hypothesis:
    if hypothesis.attention is None:
        return hypothesis
    return replace(hypothesis, attention=hypothesis.attention[:, :length])

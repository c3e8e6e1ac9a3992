"""Translations drawn from the network's distribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from toolkit.engine.randomness import fold
from toolkit.translation.decoding.hypotheses import DEFAULT_LIMITS, Hypothesis, Limits, block_repeats
from toolkit.translation.decoding.stepwise import StepwiseDecoder


@dataclass(frozen=True, slots=True)
class Sampling:
    """Draw every subword at random.

    What is drawn is a function of the seed and the number of the source: neither the batch nor what else is
    translated changes it.

    Attributes:
        seed: decides everything that is drawn.
        count: translations of each source.
        temperature: divides the scores; below 1 the likely becomes likelier.
        top_k: draw from so many of the likeliest subwords; 0 for all (Fan et al. 2018).
        top_p: draw from the likeliest subwords that together have this probability (nucleus, Holtzman et al. 2020).
        limits: of length.
        no_repeat: n-grams of this size may not occur twice in a translation; 0 allows all.
    """

    seed: int = 0
    count: int = 1
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    limits: Limits = DEFAULT_LIMITS
    no_repeat: int = 0

    def __post_init__(self) -> None:
        if self.count < 1 or self.temperature <= 0 or self.top_k < 0 or not 0 < self.top_p <= 1:
            raise ValueError(
                f"cannot sample with count={self.count}, temperature={self.temperature}, top_k={self.top_k}, "
                f"top_p={self.top_p}: count at least 1, temperature above 0, top_k at least 0, 0 < top_p <= 1"
            )

    @torch.inference_mode()
    def __call__(
        self, decoder: StepwiseDecoder, source_BS: Tensor, numbers: Sequence[int] = (), attention: bool = False
    ) -> list[list[Hypothesis]]:
        """`count` translations of each source, in the order in which they were drawn.

        Their log-probabilities are those of the network itself, whatever temperature they were drawn at.

        Args:
            decoder: the network.
            source_BS: ids, `pad_id` after each.
            numbers: of the sources among all of them; by default from 0.
            attention: keep where the network looked.
        """
        device, count = source_BS.device, self.count
        most = self.limits.of(source_BS, decoder).repeat_interleave(count)
        drawn = _uniform(self.seed, numbers or range(len(source_BS)), count, int(most.max())).to(device)
        state = decoder.begin(source_BS, attention)
        everyone = torch.arange(len(most), device=device)
        written = source_BS.new_full((len(most), int(most.max())), decoder.eos_id)
        looked = torch.zeros((*written.shape, source_BS.shape[1]), device=device) if attention else None
        total = torch.zeros(len(most), device=device)
        ended = torch.zeros(len(most), dtype=torch.bool, device=device)
        open_rows = torch.ones_like(ended)
        tokens = source_BS.new_full((len(source_BS),), decoder.start_id)
        for place in range(written.shape[1]):
            step = state.step(tokens)
            logits = step.logits
            if place == 0:  # all hypotheses of a source begin alike: it was computed once
                logits = logits.repeat_interleave(count, 0)
                state.reorder(everyone.view(-1, count) // count)
            looking = step.attention
            if looked is not None and looking is not None:
                looked[:, place] = looking.repeat_interleave(count, 0) if place == 0 else looking
            log_probs = logits.log_softmax(1)
            if place < self.limits.least:
                logits[:, decoder.eos_id] = -torch.inf
            block_repeats(logits, written[:, :place], self.no_repeat)
            tokens = self._draw(logits, drawn[:, place]).masked_fill(~open_rows, decoder.eos_id)
            total += log_probs.gather(1, tokens[:, None])[:, 0].masked_fill(~open_rows, 0.0)
            written[:, place] = tokens
            finished = tokens == decoder.eos_id
            ended |= finished & open_rows
            open_rows &= ~finished & (most > place + 1)
            if not open_rows.any():
                break
        found = []
        for row, (ids, done, limit) in enumerate(zip(written.tolist(), ended.tolist(), most.tolist(), strict=True)):
            kept = tuple(ids[: ids.index(decoder.eos_id)] if done else ids[:limit])
            here = None if looked is None else looked[row, : len(kept) + done]
            log_prob = float(total[row])
            found.append(Hypothesis(kept, log_prob / (len(kept) + done), log_prob, here, done))
        return [found[first : first + count] for first in range(0, len(found), count)]

    def _draw(self, logits_RV: Tensor, uniform_R: Tensor) -> Tensor:
        """By inversion: the subword at which the cumulated probabilities pass a number between 0 and 1."""
        sorted_RV, order = (logits_RV / self.temperature).sort(1, descending=True)
        if self.top_k:
            sorted_RV[:, self.top_k :] = -torch.inf
        before = sorted_RV.softmax(1).cumsum(1)
        if self.top_p < 1:
            sorted_RV[:, 1:] = sorted_RV[:, 1:].masked_fill(before[:, :-1] >= self.top_p, -torch.inf)
            before = sorted_RV.softmax(1).cumsum(1)
        place = (before < uniform_R[:, None] * before[:, -1:]).sum(1, keepdim=True)
        last = (sorted_RV > -torch.inf).sum(1, keepdim=True) - 1
        return order.gather(1, torch.minimum(place, last))[:, 0]


def _uniform(seed: int, numbers: Sequence[int], count: int, length: int) -> Tensor:
    """`[len(numbers) * count, length]` in [0, 1); the first values do not depend on how many there are."""
    rows = []
    for number in numbers:
        for one in range(count):
            generator = torch.Generator().manual_seed(fold(seed, "translation", int(number), one))
            rows.append(torch.rand(length, generator=generator))
    return torch.stack(rows)

"""Greedy search: the likeliest subword at every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from toolkit.translation.decoding.hypotheses import DEFAULT_LIMITS, Hypothesis, Limits, block_repeats
from toolkit.translation.decoding.stepwise import StepwiseDecoder

_WORTH = 0.125  # share of rows that must be done before the others are moved together


@dataclass(frozen=True, slots=True)
class Greedy:
    """Take the likeliest subword, again and again.

    Attributes:
        limits: of length.
        no_repeat: n-grams of this size may not occur twice in a translation; 0 allows all.
        length_penalty: of the score, see `toolkit.translation.decoding.beam.Beam`; it changes no translation.
        scored: compute log-probabilities; without it they are 0, which saves a little.
    """

    limits: Limits = DEFAULT_LIMITS
    no_repeat: int = 0
    length_penalty: float = 1.0
    scored: bool = True

    @torch.inference_mode()
    def __call__(
        self, decoder: StepwiseDecoder, source_BS: Tensor, numbers: Sequence[int] = (), attention: bool = False
    ) -> list[list[Hypothesis]]:
        """One translation for each source.

        Args:
            decoder: the network.
            source_BS: ids, `pad_id` after each.
            numbers: of no importance here.
            attention: keep where the network looked.
        """
        state = decoder.begin(source_BS, attention)
        most = self.limits.of(source_BS, decoder)
        count, length = source_BS.shape
        places = torch.arange(count, device=source_BS.device)  # the source of each row
        written = source_BS.new_full((count, int(most.max())), decoder.eos_id)
        looked = [source_BS.new_zeros((count, length), dtype=torch.float32) for _ in range(written.shape[1])]
        total = torch.zeros(count, device=source_BS.device)
        ended = torch.zeros(count, dtype=torch.bool, device=source_BS.device)
        open_rows = torch.ones_like(ended)
        tokens = source_BS.new_full((count,), decoder.start_id)
        simple = not (self.scored or attention or self.no_repeat)
        for place in range(written.shape[1]):
            step = state.step(tokens)
            logits = step.logits
            if place < self.limits.least:
                logits[:, decoder.eos_id] = -torch.inf
            if self.no_repeat:
                norm = logits.logsumexp(1) if self.scored else None
                block_repeats(logits, written[places, :place], self.no_repeat)
            else:
                norm = None
            best, tokens = logits.max(1)
            if not simple:
                if self.scored:
                    gain = best - (logits.logsumexp(1) if norm is None else norm)
                    total[places] += gain.masked_fill(~open_rows, 0.0)
                if step.attention is not None:
                    looked[place][places] = step.attention
            tokens = tokens.masked_fill(~open_rows, decoder.eos_id)
            written[places, place] = tokens
            finished = tokens == decoder.eos_id
            ended[places[finished & open_rows]] = True
            open_rows = open_rows & ~finished & (most[places] > place + 1)
            left = int(open_rows.sum())
            if not left:
                break
            if left <= (1 - _WORTH) * len(places):
                kept = open_rows.nonzero()
                state.reorder(kept)
                places, tokens, open_rows = places[kept[:, 0]], tokens[kept[:, 0]], open_rows[kept[:, 0]]
        stacked = torch.stack(looked, 1) if attention else None
        found = []
        for number, (row, log_prob, done) in enumerate(
            zip(written.tolist(), total.tolist(), ended.tolist(), strict=True)
        ):
            ids = tuple(row[: row.index(decoder.eos_id)] if done else row[: int(most[number])])
            steps = len(ids) + done
            here = None if stacked is None else stacked[number, :steps]
            found.append([Hypothesis(ids, log_prob / steps**self.length_penalty, log_prob, here, done)])
        return found

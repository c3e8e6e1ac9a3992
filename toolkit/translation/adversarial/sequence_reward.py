"""A reward for whole translations, by the score function (Ranzato et al. 2016; Rennie et al. 2017)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from toolkit.adversarial.estimators import Draw
from toolkit.adversarial.schedules import Scheduled, as_schedule
from toolkit.adversarial.terms import Offer
from toolkit.translation.adversarial.candidates import Candidates, draw_candidates
from toolkit.translation.adversarial.drawing import draw
from toolkit.translation.adversarial.rewards import MetricName, Rewards, pairs_of
from toolkit.translation.segmented import IGNORED, SegmentedPairs

_ROOM = 6


class SequenceReward:
    """REINFORCE: the cost of a drawn translation, less a baseline, weights its log-probability.

    The term's value is that product, whose gradient in expectation is that of the expected cost; the mean reward is
    reported as `reward`. In a game with `score_function` the translation that the discriminators judge is used;
    otherwise one is drawn.

    Args:
        weight: a number or a schedule.
        metric: `chrf` or `bleu`, of sentences.
        baseline: `self_critical`: the cost of the greedy translation; `none`.
    """

    needs_real_outputs = False

    def __init__(
        self,
        weight: Scheduled = 1.0,
        metric: MetricName = "chrf",
        baseline: Literal["self_critical", "none"] = "self_critical",
    ) -> None:
        self.weight = as_schedule(weight)
        self.metric: MetricName = metric
        self.baseline = baseline
        self._rewards: Rewards | None = None

    def __call__(self, offer: Offer) -> Tensor:
        """`B`: the surrogate of each source."""
        pairs = pairs_of(offer.task, "sequence_reward")
        if self._rewards is None:
            self._rewards = Rewards(pairs, self.metric)
        sample = self._sample(offer, pairs)
        reward = self._rewards(sample.ids, sample.places)
        offer.reported["reward"] = reward.mean()
        advantage = reward - self._baseline(offer, pairs) if self.baseline == "self_critical" else reward
        return -advantage.to(sample.log_prob.dtype) * sample.log_prob.squeeze(1)

    def _sample(self, offer: Offer, pairs: SegmentedPairs) -> Candidates:
        """The translation that the game drew, or another."""
        output = offer.output
        assert offer.generator is not None
        assert offer.noise is not None
        if output.log_prob is None or output.mask is None:
            return draw_candidates(offer.generator, offer.batch, pairs, offer.noise.scope("reward"), 1, False)
        ids = output.data if output.data.dim() == 2 else output.data.detach().argmax(-1)
        log_prob = (output.log_prob * output.mask).sum(1, keepdim=True)
        return Candidates(ids, log_prob, offer.batch["place"].flatten(), torch.ones_like(log_prob, dtype=torch.bool))

    def _baseline(self, offer: Offer, pairs: SegmentedPairs) -> Tensor:
        assert offer.generator is not None
        assert offer.noise is not None
        assert self._rewards is not None
        target, segmenter = offer.batch["target"], pairs.segmenter
        likeliest = Draw(offer.noise, None)
        greedy = draw(
            offer.generator,
            offer.batch["source"],
            (target != IGNORED).sum(1) + _ROOM,
            lambda place, logits: likeliest.choose(f"greedy{place}", logits).ids,
            segmenter.pad_id,
            segmenter.eos_id,
        )
        return self._rewards(greedy, offer.batch["place"].flatten())

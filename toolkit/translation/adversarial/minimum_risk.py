"""Minimum-risk training (Shen et al. 2016): the expected badness of what the generator would write."""

from __future__ import annotations

import torch
from torch import Tensor

from toolkit.adversarial.schedules import Scheduled, as_schedule
from toolkit.adversarial.terms import Offer
from toolkit.translation.adversarial.candidates import draw_candidates
from toolkit.translation.adversarial.rewards import MetricName, Rewards, pairs_of


class MinimumRisk:
    """Expected cost over drawn translations, 1 less the reward of each (equations 13 and 14).

    The distribution over the candidates is the generator's own, sharpened by `alpha` and made to add up to 1; a
    candidate that was drawn twice counts once. Needs no discriminator, and a generator that translates already.

    Args:
        weight: a number or a schedule.
        metric: `chrf` or `bleu`, of sentences.
        candidates: of each source; a step costs about so many steps of cross entropy.
        alpha: exponent of the probabilities; near 0 all candidates count alike, 1 is their own distribution.
        with_reference: the reference is one of the candidates.
    """

    needs_real_outputs = False

    def __init__(
        self,
        weight: Scheduled = 1.0,
        metric: MetricName = "chrf",
        candidates: int = 4,
        alpha: float = 0.05,
        with_reference: bool = False,
    ) -> None:
        if candidates < 2 or alpha <= 0:
            raise ValueError(f"candidates={candidates} must be at least 2, and alpha={alpha} above 0")
        self.weight = as_schedule(weight)
        self.metric: MetricName = metric
        self.candidates = candidates
        self.alpha = alpha
        self.with_reference = with_reference
        self._rewards: Rewards | None = None

    def __call__(self, offer: Offer) -> Tensor:
        """`B`: the expected cost of each source, 0 to 1."""
        pairs = pairs_of(offer.task, "minimum_risk")
        assert offer.generator is not None
        assert offer.noise is not None
        if self._rewards is None:
            self._rewards = Rewards(pairs, self.metric)
        found = draw_candidates(
            offer.generator, offer.batch, pairs, offer.noise.scope("risk"), self.candidates, self.with_reference
        )
        cost = 1 - self._rewards(found.ids, found.places).view_as(found.log_prob).to(found.log_prob.dtype)
        offer.reported["reward"] = (1 - cost)[:, int(self.with_reference) :].mean()
        logits = (self.alpha * found.log_prob).masked_fill(~found.new, -torch.inf)
        return (torch.softmax(logits, 1) * cost).sum(1)

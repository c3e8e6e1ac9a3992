"""How strict a judge should be: as strict as brings its choice nearest to real data.

Exact rejection sampling wants exact density ratios. A discriminator's are not: it may prefer some kinds of samples to
others, and then a strict choice is further from the data than no choice. So the share of samples to keep is chosen by
what it does to the Fréchet distance to real data, estimated without further sampling: each sample of the burn-in counts
with its probability of being kept.

Fewer samples in effect mean a larger distance, whoever chooses. Each estimate is therefore compared with those of the
same weights dealt out at random, which have the same effect on the number of samples and know nothing of the samples
(a permutation test: Fisher 1935, "The design of experiments", section 21).
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from toolkit.adversarial.rejection import DEFAULT_ACCEPTANCE, fit_rejection
from toolkit.metrics.frechet import frechet_distance
from toolkit.metrics.moments import Moments
from toolkit.metrics.reference import weighted_moments

SHARES = (0.75, 0.5, 0.35, 0.2)
PERMUTATIONS = 10
_CLEAR = 2.0  # standard deviations


@dataclass(frozen=True, slots=True)
class Strength:
    """How strict to be.

    Attributes:
        acceptance: share of samples to keep; 1 when every choice moves away from the data.
        change: expected relative change of the Fréchet distance by choosing, negative = nearer; `None` if unknown.
        doubt: why it had better not choose, in words, or empty.
    """

    acceptance: float
    change: float | None = None
    doubt: str = ""


def choose_strength(
    reference: Moments, features_BN: Tensor, log_ratio_B: Tensor, label_B: Tensor | None = None, classes: int = 0
) -> Strength:
    """The mildest choice among those that are as good as the best, within its uncertainty.

    Args:
        reference: of real data.
        features_BN: of the burn-in's samples.
        log_ratio_B: what the judge says of them.
        label_B: their classes; each keeps its share, as in `Selection`.
        classes: number of classes; 0 for none.

    Returns:
        A share that clearly brings the samples nearer; without one the default share, unless every share clearly moves
        them away.
    """
    found = {share: _effect(reference, features_BN, log_ratio_B, label_B, classes, share) for share in SHARES}
    good = {share: effect for share, effect in found.items() if effect[0] < -_CLEAR * effect[1]}
    if good:
        best, spread = min(good.values())
        share = max(share for share, effect in good.items() if effect[0] <= best + spread)
        return Strength(share, good[share][0])
    if all(change > _CLEAR * spread for change, spread in found.values()):
        mildest = found[max(SHARES)][0]
        return Strength(
            1.0, mildest, f"what it prefers is further from real data than what it rejects ({mildest:+.0%} in distance)"
        )
    return Strength(DEFAULT_ACCEPTANCE, found[DEFAULT_ACCEPTANCE][0])


def _effect(
    reference: Moments, features: Tensor, log_ratio: Tensor, label: Tensor | None, classes: int, share: float
) -> tuple[float, float]:
    """Relative change of the distance against weights dealt out at random, and its spread among such deals."""
    weights = fit_rejection(log_ratio, label, classes, acceptance=share).probability(log_ratio, label)
    chosen = _distance(reference, features, weights, label)
    dealt = [_distance(reference, features, deal, label) for deal in _deals(weights)]
    usual = statistics.mean(dealt)
    if usual <= 0:
        return 0.0, 0.0
    return chosen / usual - 1, statistics.stdev(dealt) / usual


def _deals(weights: Tensor) -> Iterator[Tensor]:
    random = torch.Generator().manual_seed(0)
    for _ in range(PERMUTATIONS):
        yield weights[torch.randperm(len(weights), generator=random)]


def _distance(reference: Moments, features: Tensor, weights: Tensor, label: Tensor | None) -> float:
    if label is not None:
        sums = torch.zeros(int(label.max()) + 1, dtype=weights.dtype).index_add_(0, label, weights)
        counts = torch.bincount(label, minlength=len(sums))
        weights = weights * (counts / sums.clamp(min=1e-300))[label]
    return frechet_distance(reference, weighted_moments(features, weights))

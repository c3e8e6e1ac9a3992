"""Keeping the generated samples that a discriminator takes for real, in the proportions of the real data.

Azadi et al. 2019, "Discriminator rejection sampling". With r the ratio of real to generated density and M its largest
value, keeping a sample with probability r / M turns samples of the generator into samples of the data (rejection
sampling, von Neumann 1951). Where M is large that keeps very few, so equation 8 of the paper shifts the logit of the
probability by a constant gamma.

Three deviations from the paper's algorithm 1, so that what is kept is a function of the seed alone:
* M is the largest ratio among the samples of the burn-in, stored with the model, and is not updated while sampling; the
  rare sample beyond it is kept for certain. Otherwise the first samples of a batch would decide about the later ones.
* Gamma is not a percentile of the current batch but the shift nearest to 0 with which a wanted share of the burn-in's
  samples is kept. When that share is kept without a shift, gamma is 0 and the sampling exact; and a discriminator that
  cannot tell real from generated rejects nothing, whereas a percentile would reject half.
* The ratio comes from a logistic calibration on held-out data instead of further training of the discriminator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import Tensor

from toolkit.engine.randomness import Noise
from toolkit.errors import DataError

DEFAULT_ACCEPTANCE = 0.5
EPSILON = 1e-8
_LEAST_OF_CLASS = 32


@dataclass(frozen=True, slots=True)
class Rejection:
    """The rule by which samples are kept.

    Attributes:
        log_max: logarithm of M, the largest density ratio of the burn-in.
        gamma: shift of the acceptance's logit, at most 0; 0 is exact rejection sampling.
        acceptance: share of the burn-in's samples that is kept on average.
        burn_in: number of the burn-in's samples.
        class_log_max: the first of these for each class, or empty.
        class_gammas: the second of these for each class, or empty.
        epsilon: keeps the logit finite at M.
    """

    log_max: float
    gamma: float
    acceptance: float
    burn_in: int
    class_log_max: tuple[float, ...] = ()
    class_gammas: tuple[float, ...] = ()
    epsilon: float = EPSILON

    def probability(self, log_ratio_B: Tensor, label_B: Tensor | None = None) -> Tensor:
        """`B` float64: the probability of keeping a sample with this log density ratio (Azadi et al. 2019, equation 8).

        sigmoid(F - log(1 - exp(F - epsilon)) - gamma) with F = min(log ratio - log M, 0), which is exp(F) at
        gamma = epsilon = 0.
        """
        if not self.class_gammas or label_B is None:
            return _probability(log_ratio_B.double(), self.log_max, self.gamma, self.epsilon)
        by_class = torch.tensor([self.class_log_max, self.class_gammas], dtype=torch.float64).to(log_ratio_B.device)
        log_max, gamma = by_class[:, label_B]
        return _probability(log_ratio_B.double(), log_max, gamma, self.epsilon)

    def keep(self, log_ratio_B: Tensor, noise: Noise, label_B: Tensor | None = None) -> Tensor:
        """`B` booleans: which samples to keep. Each is a function of its ratio and its own noise, not of the batch."""
        return noise.uniform("keep", dtype=torch.float64) < self.probability(log_ratio_B, label_B).to(
            noise.samples.device
        )

    def to_document(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Rejection:
        """The inverse of `to_document`."""
        entries: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in document.items()
        }
        return cls(**entries)


def fit_rejection(
    log_ratio_B: Tensor,
    label_B: Tensor | None = None,
    classes: int = 0,
    *,
    acceptance: float = DEFAULT_ACCEPTANCE,
) -> Rejection:
    """The rule for a generator, from a burn-in.

    With labels each class gets a rule of its own, since the generator may be good at one and bad at another; a class
    with few samples in the burn-in keeps the common one.

    Args:
        log_ratio_B: calibrated log density ratios of fresh generated samples.
        label_B: the classes that were asked for.
        classes: number of classes; 0 for none.
        acceptance: least share of samples to keep, above 0 and at most 1. More is faster; less is closer to the data.

    Raises:
        DataError: there are no samples, a ratio is not finite, or the share is out of range.
    """
    ratios = log_ratio_B.detach().double().cpu().flatten()
    if not 0 < acceptance <= 1:
        raise DataError(f"the share of samples to keep must lie above 0 and at most at 1, not at {acceptance}")
    if len(ratios) == 0 or not bool(ratios.isfinite().all()):
        raise DataError("the burn-in of a rejection needs at least one sample, and finite density ratios")
    common = _fit(ratios, acceptance)
    if not classes or label_B is None:
        return Rejection(*common, _kept(ratios, *common), len(ratios))
    labels = label_B.cpu().flatten()
    rules = []
    for label in range(classes):
        chosen = ratios[labels == label]
        rules.append(_fit(chosen, acceptance) if len(chosen) >= _LEAST_OF_CLASS else common)
    tops, gammas = zip(*rules, strict=True)
    rule = Rejection(*common, 0.0, len(ratios), tops, gammas)
    return replace(rule, acceptance=float(rule.probability(ratios, labels).mean()))


def _fit(ratios: Tensor, acceptance: float) -> tuple[float, float]:
    """Log M, and the gamma nearest to 0 that keeps the wanted share."""
    top = float(ratios.max())
    if _kept(ratios, top, 0.0) >= acceptance - 2 * EPSILON:
        return top, 0.0
    low, high = -1.0, 0.0
    while _kept(ratios, top, low) < acceptance and low > -1e4:
        low, high = 2 * low, low
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _kept(ratios, top, middle) >= acceptance else (low, middle)
    return top, low


def _kept(ratios: Tensor, log_max: float, gamma: float) -> float:
    return float(_probability(ratios, log_max, gamma, EPSILON).mean())


def _probability(ratios: Tensor, log_max: Tensor | float, gamma: Tensor | float, epsilon: float) -> Tensor:
    below = (ratios - log_max).clamp(max=0.0)
    return torch.sigmoid(below - torch.log(-torch.expm1(below - epsilon)) - gamma)

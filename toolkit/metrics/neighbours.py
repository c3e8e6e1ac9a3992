"""How much of each distribution the other one covers, by balls around samples.

Improved precision and recall: Kynkäänniemi et al. 2019 ("Improved precision and recall metric for assessing generative
models", equations 1 and 2). Density and coverage: Naeem et al. 2020 ("Reliable fidelity and diversity metrics for
generative models", section 3). A ball reaches to the k-th nearest other sample of its own set and is closed:
that sample is inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from toolkit.errors import ConfigError, Problem
from toolkit.metrics.bank import FeatureBank
from toolkit.metrics.base import check_comparable
from toolkit.metrics.distances import SAME, centred, squared_distances, squared_radii

INTERVAL_ROWS = 2000
"""Most rows in a subset for a confidence interval: ten subsets then cost less than the numbers on 10,000 rows do, and
the half widths come out right to a factor of 1 to 1.5, on the safe side (measured on sets whose spread is known)."""


def precision_recall(real: Tensor, fake: Tensor, k: int = 3) -> tuple[float, float]:
    """Share of generated samples inside some real ball, and share of real samples inside some generated ball.

    Args:
        real: `[A, N]` features, more than `k`.
        fake: `[B, N]` features, more than `k`.
        k: which neighbour a ball reaches to.
    """
    real, fake = centred(real, fake)
    real_radii, fake_radii = squared_radii(real, k), squared_radii(fake, k)
    precise = torch.zeros(len(fake), dtype=torch.bool)
    recalled = torch.zeros(len(real), dtype=torch.bool)
    for part, block in squared_distances(real, fake, shrink=SAME):
        precise |= (block <= real_radii[part, None]).any(dim=0)
        recalled[part] = (block <= fake_radii).any(dim=1)
    return float(precise.double().mean()), float(recalled.double().mean())


def density_coverage(real: Tensor, fake: Tensor, k: int = 5) -> tuple[float, float]:
    """Real balls per generated sample over `k`, and share of real balls that hold a generated sample.

    For equal distributions the density is about 1 and the coverage about `1 - 2^-k` (equal numbers of samples).

    Args:
        real: `[A, N]` features, more than `k`.
        fake: `[B, N]` features, at least 1.
        k: which neighbour a ball reaches to.
    """
    real, fake = centred(real, fake)
    radii = squared_radii(real, k)
    inside = torch.zeros(len(real), dtype=torch.int64)
    for part, block in squared_distances(real, fake, shrink=SAME):
        inside[part] = (block <= radii[part, None]).sum(dim=1)
    return int(inside.sum()) / (k * len(fake)), float((inside > 0).double().mean())


class PrecisionRecall:
    """Precision (fidelity) and recall (diversity) by balls around the samples, both 0..1.

    Returns `precision` and `recall`. An outlier has a large ball, so few outliers can raise both; `density_coverage`
    is less open to that.

    Args:
        k: which neighbour a ball reaches to; 3 in the paper.
    """

    needs_train: ClassVar[bool] = False
    interval_rows: ClassVar[int] = INTERVAL_ROWS
    higher_is_better: ClassVar[Mapping[str, bool]] = {"precision": True, "recall": True}

    def __init__(self, k: int = 3) -> None:
        self.k = checked_k(k)

    def compute(self, real: FeatureBank, fake: FeatureBank, *, train: FeatureBank | None = None) -> dict[str, float]:
        """See the class; `train` is not used."""
        check_comparable(real, fake, least=self.k + 1)
        precision, recall = precision_recall(real.features, fake.features, self.k)
        return {"precision": precision, "recall": recall}


class DensityCoverage:
    """Density (fidelity, 0 or more, about 1 at best) and coverage (diversity, 0..1) by balls around real samples.

    Returns `density` and `coverage`.

    Args:
        k: which neighbour a ball reaches to; 5 in the paper.
    """

    needs_train: ClassVar[bool] = False
    interval_rows: ClassVar[int] = INTERVAL_ROWS
    higher_is_better: ClassVar[Mapping[str, bool]] = {"density": True, "coverage": True}

    def __init__(self, k: int = 5) -> None:
        self.k = checked_k(k)

    def compute(self, real: FeatureBank, fake: FeatureBank, *, train: FeatureBank | None = None) -> dict[str, float]:
        """See the class; `train` is not used."""
        check_comparable(real, fake, least=1, least_real=self.k + 1)
        density, coverage = density_coverage(real.features, fake.features, self.k)
        return {"density": density, "coverage": coverage}


def checked_k(k: int) -> int:
    """The number itself; raises `ConfigError` where it is below 1."""
    if k < 1:
        raise ConfigError([Problem("k", f"is {k}; it must be at least 1")], "the metric")
    return k

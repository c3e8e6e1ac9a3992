"""Kernel distance of two distributions of features: unbiased at any number of samples.

Bińkowski et al. 2018 ("Demystifying MMD GANs", there called Kernel Inception Distance); the unbiased estimator is
equation 3 of Gretton et al. 2012 ("A kernel two-sample test").
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from toolkit.engine.randomness import fold
from toolkit.errors import ConfigError, DataError, Problem
from toolkit.metrics.bank import FeatureBank
from toolkit.metrics.base import check_comparable


def polynomial_kernel(x_BN: Tensor, y_BN: Tensor) -> Tensor:
    """`(x · y / N + 1)³` of all pairs, `[B of x, B of y]`."""
    return (x_BN @ y_BN.T / x_BN.shape[1] + 1) ** 3


def squared_mmd(x_BN: Tensor, y_BN: Tensor) -> float:
    """Unbiased estimate of the squared maximum mean discrepancy under the cubic kernel; may be below 0.

    Memory grows with the square of the number of samples.

    Args:
        x_BN: at least two samples of one distribution.
        y_BN: at least two samples of the other.
    """
    x, y = x_BN.double(), y_BN.double()
    return float(_mean_of_pairs(x) + _mean_of_pairs(y) - 2 * polynomial_kernel(x, y).mean())


def _mean_of_pairs(x: Tensor) -> Tensor:
    """Mean kernel of two different samples."""
    if len(x) < 2:
        raise DataError(f"the kernel distance needs at least 2 samples on each side, not {len(x)}")
    values = polynomial_kernel(x, x)
    return (values.sum() - values.trace()) / (len(x) * (len(x) - 1))


def kernel_distance(
    real: Tensor, fake: Tensor, *, subsets: int = 100, subset_size: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Mean of the squared MMD over random subsets, and its standard error.

    A subset has `m = min(subset_size, half of the smaller side)` samples of each side, drawn without repetition.
    The standard error is that of the returned mean with respect to new samples from both distributions: the variance
    `s²` among the subsets gives `s² m / (n - m)` for the limited number `n` of samples (delete-d jackknife: Shao & Wu
    1989, "A general theory for jackknife variance estimation") plus `s² / subsets` for the limited number of subsets.
    The paper prints `s` itself.

    Args:
        real: `[B, N]` features, at least 4 samples.
        fake: `[B, N]` features, at least 4 samples.
        subsets: number of subsets, at least 2.
        subset_size: most samples of each side in a subset, at least 2.
        seed: of the choice of subsets.

    Returns:
        The distance, unbiased, around 0 for equal distributions (below 0 half of the time), and its standard error.
    """
    count = min(len(real), len(fake))
    size = min(subset_size, count // 2)
    if size < 2 or subsets < 2:
        raise DataError(f"the kernel distance needs 4 samples and 2 subsets of 2, not {count}, {subsets} and {size}")
    random = torch.Generator().manual_seed(fold(seed, "kernel-distance") % 2**63)
    values = torch.empty(subsets, dtype=torch.float64)
    for place in range(subsets):
        x = real[torch.randperm(len(real), generator=random)[:size]]
        y = fake[torch.randperm(len(fake), generator=random)[:size]]
        values[place] = squared_mmd(x, y)
    variance = float(values.var()) * (size / (count - size) + 1 / subsets)
    return float(values.mean()), math.sqrt(variance)


class Kernel:
    """Kernel distance (squared MMD, cubic kernel), unbiased at any number of samples.

    Returns `kernel_distance` (not multiplied by 1000, as some tables do) and `kernel_distance_std_error`; see
    `kernel_distance` for both.

    Args:
        subsets: number of random subsets, at least 2.
        subset_size: samples of each side in a subset, at least 2.
        seed: of the choice of subsets.
    """

    needs_train: ClassVar[bool] = False
    higher_is_better: ClassVar[Mapping[str, bool]] = {"kernel_distance": False, "kernel_distance_std_error": False}

    def __init__(self, subsets: int = 100, subset_size: int = 1000, seed: int = 0) -> None:
        low = [name for name, value in (("subsets", subsets), ("subset_size", subset_size)) if value < 2]
        if low:
            raise ConfigError([Problem(name, "must be at least 2") for name in low], "the metric 'kernel'")
        self.subsets = subsets
        self.subset_size = subset_size
        self.seed = seed

    def compute(self, real: FeatureBank, fake: FeatureBank, *, train: FeatureBank | None = None) -> dict[str, float]:
        """See the class; `train` is not used."""
        check_comparable(real, fake, least=4)
        distance, error = kernel_distance(
            real.features, fake.features, subsets=self.subsets, subset_size=self.subset_size, seed=self.seed
        )
        return {"kernel_distance": distance, "kernel_distance_std_error": error}

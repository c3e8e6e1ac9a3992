"""Fréchet distance of two distributions of features, each taken for a Gaussian.

Heusel et al. 2017 ("GANs trained by a two time-scale update rule converge to a local Nash equilibrium", equation 6);
the distance itself: Dowson & Landau 1982 ("The Fréchet distance between multivariate normal distributions").
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from toolkit.errors import DataError
from toolkit.metrics.bank import FeatureBank
from toolkit.metrics.base import FewSamplesWarning, check_comparable
from toolkit.metrics.moments import Moments


def frechet_distance(first: Moments, second: Moments) -> float:
    """`|μ1 - μ2|² + tr(Σ1 + Σ2 - 2 (Σ1 Σ2)^½)`, at least 0, in squared units of the features.

    With `Σ1 = A Aᵀ` and `Σ2 = B Bᵀ` the trace of the root is the sum of the singular values of `Aᵀ B`. The factors come
    from symmetric eigenvalue decompositions, so singular covariances (fewer samples than features, constant features)
    need no special case, and no square root of a product loses half of the digits.

    Raises:
        DataError: the dimensions differ, or one side has fewer than two samples.

    >>> near, far = Moments(1), Moments(1)
    >>> near.add(torch.tensor([[0.0], [2.0]]))
    >>> far.add(torch.tensor([[3.0], [5.0]]))
    >>> frechet_distance(near, far)
    9.0
    """
    if first.dimension != second.dimension:
        raise DataError(f"features of {first.dimension} and of {second.dimension} dimensions cannot be compared")
    one, other = first.covariance, second.covariance
    means = (first.mean - second.mean).square().sum()
    root = torch.linalg.svdvals(_factor(one).T @ _factor(other)).sum()
    return max(0.0, float(means + one.trace() + other.trace() - 2 * root))


def _factor(covariance: Tensor) -> Tensor:
    """`A` of full column rank with `A Aᵀ` equal to a positive semi-definite matrix."""
    values, vectors = torch.linalg.eigh(covariance)
    noise = values[-1].clamp(min=0) * len(values) * torch.finfo(values.dtype).eps
    kept = values > noise
    factor: Tensor = vectors[:, kept] * values[kept].sqrt()
    return factor


class Frechet:
    """Fréchet distance of the features, from means and covariances of all samples.

    Returns `frechet_distance`. It falls with the number of samples, so compare equal numbers only; with no more samples
    than features the covariance is singular and a `FewSamplesWarning` says so. Comparable with published FIDs only for
    the extractor `inception`, the same reference data and 50,000 samples.
    """

    needs_train: ClassVar[bool] = False
    higher_is_better: ClassVar[Mapping[str, bool]] = {"frechet_distance": False}

    def compute(self, real: FeatureBank, fake: FeatureBank, *, train: FeatureBank | None = None) -> dict[str, float]:
        """See the class; `train` is not used."""
        check_comparable(real, fake)
        for name, bank in (("real", real), ("generated", fake)):
            if bank.count <= bank.dimension:
                warnings.warn(
                    f"the Fréchet distance of {bank.count} {name} samples in {bank.dimension} features of "
                    f"'{bank.extractor}' is much too high: evaluate more samples, or use the metric 'kernel'",
                    FewSamplesWarning,
                    stacklevel=2,
                )
        return {"frechet_distance": frechet_distance(real.moments, fake.moments)}

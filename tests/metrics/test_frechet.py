from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.metrics.sets import bank_of, normal
from toolkit.errors import DataError
from toolkit.metrics.base import FewSamplesWarning
from toolkit.metrics.frechet import Frechet, frechet_distance
from toolkit.metrics.moments import Moments


def gaussian(mean: Tensor, covariance: Tensor) -> Moments:
    """Moments with exactly this mean and covariance."""
    return Moments.from_state({"count": torch.tensor(101), "mean": mean.double(), "scatter": covariance.double() * 100})


def random_covariance(seed: int, dimension: int, rank: int) -> Tensor:
    factor = normal(seed, dimension, rank).double()
    return factor @ factor.T / rank


def test_diagonal_covariances_have_a_closed_form() -> None:
    a, b = torch.tensor([1.0, 4.0, 0.0]), torch.tensor([9.0, 4.0, 2.0])
    first = gaussian(torch.tensor([0.0, 1.0, 2.0]), a.diag())
    second = gaussian(torch.tensor([3.0, 1.0, 2.0]), b.diag())
    expected = 9 + float((a.sqrt() - b.sqrt()).square().sum())
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-12)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 8))
def test_equals_the_matrix_square_root(seed: int, dimension: int) -> None:
    one = random_covariance(seed, dimension, dimension + 4)
    other = random_covariance(seed + 1, dimension, dimension + 4)
    means = normal(seed + 2, 2, dimension).double()
    root = scipy.linalg.sqrtm(one.numpy() @ other.numpy()).real
    expected = float((means[0] - means[1]).square().sum()) + float(np.trace(one.numpy() + other.numpy() - 2 * root))
    found = frechet_distance(gaussian(means[0], one), gaussian(means[1], other))
    assert found == pytest.approx(expected, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("rank", [1, 3, 20])
def test_no_distance_to_itself_even_when_singular(rank: int) -> None:
    covariance = random_covariance(3, 20, rank)
    itself = gaussian(torch.zeros(20), covariance)
    assert frechet_distance(itself, itself) < 1e-12 * float(covariance.trace()) * 20


def test_orthogonal_singular_covariances_add_their_traces() -> None:
    first = gaussian(torch.zeros(4), torch.diag(torch.tensor([2.0, 3.0, 0.0, 0.0])))
    second = gaussian(torch.zeros(4), torch.diag(torch.tensor([0.0, 0.0, 5.0, 7.0])))
    assert frechet_distance(first, second) == pytest.approx(17.0, rel=1e-12)


def test_constant_features_leave_the_distance_of_the_means() -> None:
    first = gaussian(torch.zeros(3), torch.zeros(3, 3))
    second = gaussian(torch.tensor([0.0, 3.0, 4.0]), torch.zeros(3, 3))
    assert frechet_distance(first, second) == 25.0


def test_symmetric_and_invariant_under_rotation() -> None:
    one, other = random_covariance(1, 5, 9), random_covariance(2, 5, 9)
    zero, mean = torch.zeros(5).double(), normal(3, 1, 5)[0].double()
    turn = torch.linalg.qr(normal(4, 5, 5).double()).Q
    straight = frechet_distance(gaussian(zero, one), gaussian(mean, other))
    assert frechet_distance(gaussian(mean, other), gaussian(zero, one)) == pytest.approx(straight, rel=1e-12)
    turned = frechet_distance(gaussian(zero, turn @ one @ turn.T), gaussian(turn @ mean, turn @ other @ turn.T))
    assert turned == pytest.approx(straight, rel=1e-10)


def test_tiny_differences_are_seen_beside_large_variances() -> None:
    variances = torch.tensor([1e6, 1.0], dtype=torch.float64)
    changed = torch.tensor([1e6, 1.0 + 1e-3], dtype=torch.float64)
    expected = (math.sqrt(1.001) - 1) ** 2
    found = frechet_distance(gaussian(torch.zeros(2), variances.diag()), gaussian(torch.zeros(2), changed.diag()))
    assert found == pytest.approx(expected, rel=0.01)


def test_metric_ranks_near_before_far() -> None:
    real = bank_of(normal(0, 300, 4))
    near = Frechet().compute(real, bank_of(normal(1, 300, 4, shift=0.1)))["frechet_distance"]
    far = Frechet().compute(real, bank_of(normal(2, 300, 4, shift=1.0)))["frechet_distance"]
    assert near < 0.3 < 3.0 < far < 5.5  # 4 features, each 1 apart


def test_no_more_samples_than_features_is_warned_of() -> None:
    real, few = bank_of(normal(0, 100, 5)), bank_of(normal(1, 5, 5))
    with pytest.warns(FewSamplesWarning, match="5 generated samples in 5 features of 'identity'"):
        value = Frechet().compute(real, few)["frechet_distance"]
    assert math.isfinite(value)


def test_one_sample_and_other_dimensions_are_refused() -> None:
    real = bank_of(normal(0, 10, 2))
    with pytest.raises(DataError, match="at least 2 generated samples, not 1"):
        Frechet().compute(real, bank_of(normal(1, 1, 2)))
    with pytest.raises(DataError, match="2 and of 3 dimensions"):
        Frechet().compute(real, bank_of(normal(1, 9, 3)))
    with pytest.raises(DataError, match="2 and of 3 dimensions"):
        frechet_distance(Moments(2), Moments(3))

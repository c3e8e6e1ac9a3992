from __future__ import annotations

import statistics

import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import polynomial_kernel as reference_kernel

from tests.metrics.sets import bank_of, normal
from toolkit.errors import ConfigError, DataError
from toolkit.metrics.kernel import Kernel, kernel_distance, polynomial_kernel, squared_mmd


def test_kernel_equals_scikit_learn() -> None:
    x, y = normal(0, 5, 7).double(), normal(1, 6, 7).double()
    np.testing.assert_allclose(polynomial_kernel(x, y), reference_kernel(x, y, degree=3, gamma=1 / 7, coef0=1))


def test_estimate_equals_the_sum_over_pairs() -> None:
    x, y = normal(0, 4, 3).double(), normal(1, 6, 3).double()

    def k(a: torch.Tensor, b: torch.Tensor) -> float:
        return (float(a @ b) / 3 + 1) ** 3

    within_x = statistics.mean(k(x[i], x[j]) for i in range(4) for j in range(4) if i != j)
    within_y = statistics.mean(k(y[i], y[j]) for i in range(6) for j in range(6) if i != j)
    between = statistics.mean(k(a, b) for a in x for b in y)
    assert squared_mmd(x, y) == pytest.approx(within_x + within_y - 2 * between, rel=1e-12)


def test_unbiased_at_few_samples() -> None:
    values = [squared_mmd(normal(seed, 6, 2), normal(seed + 9999, 6, 2)) for seed in range(1500)]
    error = statistics.stdev(values) / len(values) ** 0.5
    assert abs(statistics.mean(values)) < 3.5 * error  # a biased estimate would be about 30 errors away
    assert min(values) < 0


def test_known_distance_of_shifted_points() -> None:
    """In one dimension, with all mass at 0 against all mass at 1: k(0,0) + k(1,1) - 2 k(0,1) = 1 + 8 - 2."""
    assert squared_mmd(torch.zeros(3, 1), torch.ones(5, 1)) == pytest.approx(7.0)


def test_standard_error_is_that_of_new_samples() -> None:
    found = [
        kernel_distance(normal(seed, 60, 2), normal(seed + 5000, 60, 2, shift=0.7), subsets=20, subset_size=20)
        for seed in range(150)
    ]
    spread = statistics.stdev(distance for distance, _ in found)
    claimed = statistics.mean(error for _, error in found)
    assert 0.8 < claimed / spread < 1.3


def test_same_seed_same_number_other_seed_other_subsets() -> None:
    x, y = normal(0, 50, 3), normal(1, 40, 3)
    assert kernel_distance(x, y, subsets=5) == kernel_distance(x, y, subsets=5)
    assert kernel_distance(x, y, subsets=5) != kernel_distance(x, y, subsets=5, seed=1)


def test_metric_ranks_near_before_far() -> None:
    real = bank_of(normal(0, 200, 4))
    metric = Kernel(subsets=10, subset_size=50)
    near = metric.compute(real, bank_of(normal(1, 200, 4)))
    far = metric.compute(real, bank_of(normal(2, 200, 4, shift=1.0)))
    assert abs(near["kernel_distance"]) < 4 * near["kernel_distance_std_error"]
    assert far["kernel_distance"] > 4 * far["kernel_distance_std_error"] > 0


def test_too_few_samples_and_wrong_numbers_are_refused() -> None:
    with pytest.raises(DataError, match="at least 4 generated samples, not 3"):
        Kernel().compute(bank_of(normal(0, 9, 2)), bank_of(normal(1, 3, 2)))
    with pytest.raises(DataError, match="4 samples"):
        kernel_distance(normal(0, 3, 2), normal(1, 9, 2))
    with pytest.raises(DataError, match="at least 2 samples on each side"):
        squared_mmd(normal(0, 1, 2), normal(1, 9, 2))
    with pytest.raises(ConfigError, match="subset_size: must be at least 2"):
        Kernel(subset_size=1)

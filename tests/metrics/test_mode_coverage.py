from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from tests.metrics.sets import bank_of, normal
from toolkit.errors import DataError
from toolkit.metrics.bank import FeatureBank
from toolkit.metrics.mode_coverage import ModeCoverage, divergence_floor, divergence_from_uniform


def seen(classes: Tensor, of: int) -> FeatureBank:
    """A bank of samples that a sure classifier puts into these classes."""
    sure = torch.nn.functional.one_hot(classes, of).float()
    return bank_of(normal(0, len(classes), 2), probabilities=sure)


REAL = bank_of(normal(1, 5, 2))


def test_modes_and_divergence_of_known_frequencies() -> None:
    fake = seen(torch.tensor([0] * 6 + [2] * 3 + [3] * 3), 4)
    found = ModeCoverage().compute(REAL, fake)
    assert found["modes"] == 3
    assert found["mode_kl"] == pytest.approx(0.5 * math.log(2) + 2 * 0.25 * math.log(1), abs=1e-12)
    assert found["mode_kl_floor"] == 3 / 24


def test_the_ends_one_class_and_all_classes_evenly() -> None:
    collapsed = ModeCoverage().compute(REAL, seen(torch.full((50,), 7), 10))
    assert (collapsed["modes"], collapsed["mode_kl"]) == (1, pytest.approx(math.log(10)))
    even = ModeCoverage().compute(REAL, seen(torch.arange(50) % 10, 10))
    assert (even["modes"], even["mode_kl"]) == (10, pytest.approx(0, abs=1e-12))


def test_even_sampling_gives_the_floor_on_average() -> None:
    random = torch.Generator().manual_seed(0)
    found = [
        divergence_from_uniform(torch.bincount(torch.randint(0, 100, (2600,), generator=random), minlength=100))[0]
        for _ in range(200)
    ]
    assert sum(found) / len(found) == pytest.approx(divergence_floor(100, 2600), rel=0.03)


@pytest.mark.parametrize("tilt", [0.0, 1.0], ids=["even", "uneven"])
def test_the_standard_error_is_the_spread_of_repeated_samples(tilt: float) -> None:
    random = torch.Generator().manual_seed(1)
    chances = torch.linspace(0, tilt, 100, dtype=torch.float64).exp()
    drawn = [torch.multinomial(chances, 2600, replacement=True, generator=random) for _ in range(300)]
    found = [divergence_from_uniform(torch.bincount(classes, minlength=100)) for classes in drawn]
    spread = torch.tensor([value for value, _ in found]).std()
    mean_error = sum(error for _, error in found) / len(found)
    assert mean_error == pytest.approx(float(spread), rel=0.25)


def test_all_samples_and_their_probabilities_are_needed() -> None:
    with pytest.raises(DataError, match="needs class probabilities"):
        ModeCoverage().compute(REAL, bank_of(normal(0, 5, 2)))
    small = FeatureBank("identity", capacity=3)
    small.add(normal(0, 5, 2), probabilities=torch.eye(5))
    with pytest.raises(DataError, match="needs all 5 generated samples, only 3 were kept"):
        ModeCoverage().compute(REAL, small)

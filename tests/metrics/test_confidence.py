from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from typing import ClassVar

import pytest
import torch

from tests.metrics.sets import bank_of, labelled, normal
from toolkit.errors import DataError
from toolkit.metrics.bank import FeatureBank
from toolkit.metrics.base import Metric
from toolkit.metrics.confidence import per_class, with_confidence
from toolkit.metrics.frechet import Frechet
from toolkit.metrics.memorisation import Memorisation


class MeanDifference:
    """Its standard error is known: sqrt(s² / n + s² / m)."""

    needs_train: ClassVar[bool] = False
    higher_is_better: ClassVar[Mapping[str, bool]] = {"difference": False}

    def compute(self, real: FeatureBank, fake: FeatureBank, *, train: FeatureBank | None = None) -> dict[str, float]:
        return {"difference": float(fake.features.double().mean() - real.features.double().mean())}


METRIC: Metric = MeanDifference()


def test_half_width_is_the_known_one() -> None:
    real, fake = bank_of(normal(0, 200, 1)), bank_of(2 * normal(1, 100, 1))
    value, half_width = with_confidence(METRIC, real, fake, repeats=400)["difference"]
    error = math.sqrt(float(real.features.var()) / 200 + float(fake.features.var()) / 100)
    assert value == METRIC.compute(real, fake)["difference"]
    assert half_width == pytest.approx(1.966 * error, rel=0.15)  # Student's quantile at 399 degrees of freedom


@pytest.mark.parametrize("fraction", [0.5, 0.9])
def test_the_fraction_does_not_change_what_is_estimated(fraction: float) -> None:
    real, fake = bank_of(normal(0, 200, 1)), bank_of(normal(1, 200, 1))
    _, half_width = with_confidence(METRIC, real, fake, repeats=300, fraction=fraction)["difference"]
    assert half_width == pytest.approx(1.968 * math.sqrt(2 / 200), rel=0.25)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    held = []
    for seed in range(200):
        real, fake = bank_of(normal(seed, 40, 1)), bank_of(normal(seed + 700, 40, 1, shift=0.5))
        value, half_width = with_confidence(METRIC, real, fake)["difference"]
        held.append(abs(value - 0.5) <= half_width)
    assert 0.89 <= statistics.mean(held) <= 0.99


def test_same_seed_same_answer() -> None:
    real, fake = bank_of(normal(0, 60, 3)), bank_of(normal(1, 60, 3))
    assert with_confidence(Frechet(), real, fake) == with_confidence(Frechet(), real, fake)
    assert with_confidence(Frechet(), real, fake) != with_confidence(Frechet(), real, fake, seed=1)


def test_training_features_are_passed_on_whole() -> None:
    found = with_confidence(
        Memorisation(), bank_of(normal(0, 50, 2)), bank_of(normal(1, 50, 2)), train=bank_of(normal(2, 50, 2))
    )
    assert set(found) == {"memorisation_ratio", "memorised_fraction"}
    assert found["memorisation_ratio"][1] > 0


def test_a_metric_may_name_a_size_that_its_subsets_can_afford() -> None:
    seen: list[int] = []

    class Counting(MeanDifference):
        interval_rows: ClassVar[int] = 20

        def compute(
            self, real: FeatureBank, fake: FeatureBank, *, train: FeatureBank | None = None
        ) -> dict[str, float]:
            seen.append(max(real.kept, fake.kept))
            return super().compute(real, fake)

    real, fake = bank_of(normal(0, 200, 1)), bank_of(normal(1, 100, 1))
    half_width = with_confidence(Counting(), real, fake, repeats=400)["difference"][1]
    assert seen == [200] + 400 * [20]
    assert half_width == pytest.approx(with_confidence(METRIC, real, fake, repeats=400)["difference"][1], rel=0.15)


def test_subsets_of_distances_that_were_measured_once_are_as_good() -> None:
    class Plain:
        """The same metric without the shortcut."""

        needs_train: ClassVar[bool] = True
        higher_is_better = Memorisation.higher_is_better
        compute = Memorisation().compute

    banks = bank_of(normal(0, 50, 2)), bank_of(normal(1, 50, 2))
    train = bank_of(normal(2, 50, 2))
    quick = with_confidence(Memorisation(), *banks, train=train, repeats=4)
    slow = with_confidence(Plain(), *banks, train=train, repeats=4)
    assert quick == {name: pytest.approx(value) for name, value in slow.items()}


@pytest.mark.parametrize("wrong", [{"repeats": 1}, {"fraction": 1.0}, {"fraction": 0.0}, {"confidence": 1.0}])
def test_impossible_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(DataError, match="repeats"):
        with_confidence(METRIC, labelled(0, 9), labelled(1, 9), **wrong)  # type: ignore[arg-type]


def test_per_class_equals_the_metric_on_each_class() -> None:
    real, fake = labelled(0, 60, classes=2), labelled(1, 60, classes=2, shift=1.0)
    numbers = per_class(Frechet(), real, fake)
    assert set(numbers) == {0, 1}
    expected = Frechet().compute(bank_of(real.features[1::2]), bank_of(fake.features[1::2]))
    assert numbers[1] == pytest.approx(expected)


def test_per_class_names_the_class_that_fails() -> None:
    real = labelled(0, 10, dimension=1, classes=2)
    with pytest.raises(DataError, match=r"class 2: .* no sample with label 2"):
        per_class(Frechet(), real, labelled(1, 9, dimension=1, classes=3))
    with pytest.raises(DataError, match=r"class 1: .*at least 2 generated samples"):
        per_class(Frechet(), real, bank_of(normal(0, 3, 1), labels=torch.tensor([0, 0, 1])))
    with pytest.raises(DataError, match="need labels"):
        per_class(Frechet(), real, bank_of(normal(0, 3, 1)))

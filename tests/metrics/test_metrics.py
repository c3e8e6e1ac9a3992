"""What holds for every metric alike."""

from __future__ import annotations

import math

import pytest
import torch

from tests.metrics.sets import bank_of, labelled, normal
from toolkit.errors import DataError
from toolkit.metrics.bank import FeatureBank
from toolkit.metrics.base import Metric, check_comparable
from toolkit.metrics.classification import Accuracy, Score
from toolkit.metrics.confidence import with_confidence
from toolkit.metrics.frechet import Frechet
from toolkit.metrics.kernel import Kernel
from toolkit.metrics.memorisation import Memorisation
from toolkit.metrics.mode_coverage import ModeCoverage
from toolkit.metrics.neighbours import DensityCoverage, PrecisionRecall

METRICS: list[Metric] = [
    Frechet(),
    Kernel(subsets=5, subset_size=20),
    PrecisionRecall(),
    DensityCoverage(),
    Accuracy(),
    Score(splits=3),
    Memorisation(),
    ModeCoverage(),
]
each = pytest.mark.parametrize("metric", METRICS, ids=lambda metric: type(metric).__name__)


def divided(bank: FeatureBank, processes: int) -> FeatureBank:
    """The same samples, gathered by several processes and merged."""
    assert bank.labels is not None
    assert bank.probabilities is not None
    parts = []
    for rank in range(processes):
        part = FeatureBank(bank.extractor, capacity=None)
        for index in torch.arange(rank, bank.count, processes).split(7):
            part.add(
                bank.features[index],
                labels=bank.labels[index],
                probabilities=bank.probabilities[index],
                index=index,
            )
        parts.append(part)
    return FeatureBank.merge(parts)


@each
@pytest.mark.parametrize("processes", [2, 3])
def test_of_merged_banks_equals_that_of_the_whole(metric: Metric, processes: int) -> None:
    real, fake, train = labelled(0, 60), labelled(1, 50, shift=0.3), labelled(2, 70)
    whole = metric.compute(real, fake, train=train)
    merged = metric.compute(divided(real, processes), divided(fake, processes), train=divided(train, processes))
    assert merged == pytest.approx(whole, rel=1e-11, abs=1e-11)
    if not isinstance(metric, Frechet):  # it alone reads the moments, which are sums
        assert merged == whole


@each
def test_numbers_are_finite_floats_with_a_known_direction(metric: Metric) -> None:
    assert isinstance(metric, Metric)
    found = metric.compute(labelled(0, 60), labelled(1, 60), train=labelled(2, 60))
    assert found.keys() == metric.higher_is_better.keys()
    assert all(type(value) is float and math.isfinite(value) for value in found.values())


@each
def test_banks_stay_as_they_are(metric: Metric) -> None:
    banks = [labelled(seed, 40) for seed in range(3)]
    before = [(bank.features.clone(), bank.moments.scatter.clone()) for bank in banks]
    metric.compute(banks[0], banks[1], train=banks[2])
    for bank, (features, scatter) in zip(banks, before, strict=True):
        assert torch.equal(bank.features, features)
        assert torch.equal(bank.moments.scatter, scatter)


@each
def test_confidence_works_with_every_metric(metric: Metric) -> None:
    real, fake, train = labelled(0, 60), labelled(1, 60), labelled(2, 60)
    found = with_confidence(metric, real, fake, train=train, repeats=3)
    assert {name: value for name, (value, _) in found.items()} == metric.compute(real, fake, train=train)
    assert all(half_width >= 0 for _, half_width in found.values())


@pytest.mark.parametrize("metric", [m for m in METRICS if not isinstance(m, Accuracy | Score | ModeCoverage)])
def test_features_of_other_extractors_are_refused(metric: Metric) -> None:
    with pytest.raises(DataError, match="'identity' and 'other'"):
        metric.compute(labelled(0, 20), bank_of(normal(1, 20, 4), "other"), train=labelled(2, 20))


def test_the_least_number_of_samples_is_asked_of_both() -> None:
    check_comparable(labelled(0, 5), labelled(1, 5), least=5)
    with pytest.raises(DataError, match="at least 6 real samples, not 5"):
        check_comparable(labelled(0, 5), labelled(1, 6), least=6)

"""How far a metric's numbers would move with other samples, and how they differ from class to class."""

from __future__ import annotations

import math
import statistics
import warnings
from collections.abc import Sequence
from typing import Protocol, TypeAlias, runtime_checkable

import torch
from scipy.stats import t as student_t
from torch import Tensor

from toolkit.engine.randomness import fold
from toolkit.errors import DataError
from toolkit.metrics.bank import FeatureBank
from toolkit.metrics.base import FewSamplesWarning, Metric

Places: TypeAlias = tuple[Tensor, Tensor]
"""Rows of a real and of a generated bank, each `[B]` integers."""


@runtime_checkable
class OnSubsets(Protocol):
    """A metric that can be computed on many subsets of two banks for less than computing it anew on each."""

    def on_subsets(
        self, real: FeatureBank, fake: FeatureBank, subsets: Sequence[Places], *, train: FeatureBank | None = None
    ) -> list[dict[str, float]]:
        """What `compute` gives on each of the subsets."""
        ...


def with_confidence(
    metric: Metric,
    real: FeatureBank,
    fake: FeatureBank,
    *,
    train: FeatureBank | None = None,
    repeats: int = 10,
    fraction: float = 0.8,
    seed: int = 0,
    confidence: float = 0.95,
) -> dict[str, tuple[float, float]]:
    """Each number of the metric on all samples, and the half width of its confidence interval.

    The metric is computed again on random subsets without repetition of both banks. The standard deviation `s` among
    them is that of subsets, and those overlap; the standard error of the whole is `s sqrt(fraction / (1 - fraction))`
    (delete-d jackknife: Shao & Wu 1989, "A general theory for jackknife variance estimation"), and the half width that
    times Student's quantile with `repeats - 1` degrees of freedom. It covers the choice of samples, not the systematic
    error that some metrics have at a given number of samples, nor another run of the training.

    The time for the subsets grows with their squared size for metrics on pairs of samples. Such a metric names an
    affordable size in `interval_rows`, and the fraction is then lowered to it.

    Args:
        metric: the metric.
        real: real features; subsets are taken from the kept rows.
        fake: generated features; likewise.
        train: training features, used whole.
        repeats: number of subsets, at least 2; the half width itself is uncertain by about `1 / sqrt(2 repeats)`.
        fraction: share of the samples in a subset, above 0 and below 1; see above for what lowers it.
        seed: of the choice of subsets.
        confidence: of the interval, above 0 and below 1.

    Returns:
        `{name: (value, half width)}`.
    """
    if repeats < 2 or not 0 < fraction < 1 or not 0 < confidence < 1:
        raise DataError(
            f"repeats {repeats}, fraction {fraction} and confidence {confidence} must be at least 2, within 0..1 and "
            "within 0..1"
        )
    rows = getattr(metric, "interval_rows", None)
    if rows is not None:
        fraction = min(fraction, rows / max(1, real.kept, fake.kept))
    subsets = [
        (
            _places(real.kept, fraction, fold(seed, "real", repeat)),
            _places(fake.kept, fraction, fold(seed, "fake", repeat)),
        )
        for repeat in range(repeats)
    ]
    whole, parts = _values(metric, real, fake, subsets, train)
    wide = float(student_t.ppf(0.5 + confidence / 2, repeats - 1)) * math.sqrt(fraction / (1 - fraction))
    return {name: (whole[name], wide * statistics.stdev(part[name] for part in parts)) for name in whole}


def _values(
    metric: Metric, real: FeatureBank, fake: FeatureBank, subsets: Sequence[Places], train: FeatureBank | None
) -> tuple[dict[str, float], list[dict[str, float]]]:
    """The numbers on everything and on each subset."""
    if isinstance(metric, OnSubsets):
        everything = torch.arange(real.kept), torch.arange(fake.kept)
        whole, *parts = metric.on_subsets(real, fake, [everything, *subsets], train=train)
        return whole, parts
    whole = metric.compute(real, fake, train=train)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FewSamplesWarning)  # said of the whole already where it is true of the whole
        parts = [metric.compute(real.subset(one), fake.subset(other), train=train) for one, other in subsets]
    return whole, parts


def _places(count: int, fraction: float, key: int) -> Tensor:
    random = torch.Generator().manual_seed(key % 2**63)
    return torch.randperm(count, generator=random)[: max(1, round(fraction * count))]


def per_class(
    metric: Metric, real: FeatureBank, fake: FeatureBank, *, train: FeatureBank | None = None
) -> dict[int, dict[str, float]]:
    """The metric's numbers for each class that the generated bank has, from the kept rows of that class only.

    Args:
        metric: the metric.
        real: real features with labels.
        fake: generated features with labels.
        train: training features, used whole.

    Raises:
        DataError: labels are missing, a class has no real samples, or too few for the metric; names the class.
    """
    if fake.labels is None or real.labels is None:
        raise DataError("numbers per class need labels of real and generated samples", "give `label` in the batches")
    numbers = {}
    for label in sorted(set(fake.labels.tolist())):
        try:
            numbers[label] = metric.compute(real.of_class(label), fake.of_class(label), train=train)
        except DataError as error:
            raise DataError(f"class {label}: {error.message}", error.way_out) from error
    return numbers

"""Comparing a generated signal with its own reference: what such a metric is, and its mean over many pairs.

The metrics in `toolkit.metrics.base` compare distributions. Where a model copies (a vocoder), every output has a
reference of its own, and a number per pair says more with fewer samples.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt
from scipy.stats import bootstrap
from scipy.stats import t as student_t
from torch import Tensor

from toolkit.engine.randomness import fold
from toolkit.errors import DataError

Wave: TypeAlias = npt.NDArray[np.float32]
"""A mono signal `[T]`, about -1 to 1."""

Signal: TypeAlias = Tensor | Wave
"""The same, as a caller may have it."""

_RESAMPLES = 2000


class UnfitPairError(DataError):
    """A metric cannot judge this pair (silence, too short); others may be fine. It is counted and left out."""


@runtime_checkable
class PairedMetric(Protocol):
    """Compares a generated signal with its reference; registered as kind `paired_metrics`.

    The constructor raises `MissingExtraError` where a package is missing, so that what cannot be computed is known
    before anything is generated.
    """

    @property
    def lower_is_better(self) -> bool:
        """Whether less is better, for all of its numbers."""
        ...

    @property
    def needs(self) -> frozenset[str]:
        """The extras of this distribution that it needs."""
        ...

    @property
    def units(self) -> Mapping[str, str]:
        """`{name of a number: its unit}` for every number that it can return; the unit may be empty."""
        ...

    def __call__(self, reference: Signal, generated: Signal, sample_rate: int) -> dict[str, float]:
        """The numbers of one pair. One that this pair does not have (pitch of a whisper) is left out.

        Args:
            reference: the real signal, `[T]`.
            generated: what is judged, `[T]`, as long.
            sample_rate: of both, in Hz.

        Raises:
            UnfitPairError: the metric has nothing to say of this pair.
            DataError: these are no two finite signals of one length.
        """
        ...


def as_pair(reference: Signal, generated: Signal) -> tuple[Wave, Wave]:
    """Two signals as float32 arrays.

    Raises:
        DataError: one is not `[T]`, is empty or has values that are not finite, or their lengths differ.
    """
    first, second = _as_wave(reference, "reference"), _as_wave(generated, "generated signal")
    if len(first) != len(second):
        raise DataError(
            f"the reference has {len(first)} samples, the generated signal {len(second)}", "cut both to the shorter"
        )
    return first, second


def _as_wave(signal: Signal, words: str) -> Wave:
    array = signal.detach().cpu().float().numpy() if isinstance(signal, Tensor) else np.asarray(signal, np.float32)
    if array.ndim != 1 or not array.size:
        raise DataError(f"the {words} has the shape {list(array.shape)}; a metric compares signals of shape [T]")
    if not np.isfinite(array).all():
        raise DataError(f"the {words} has values that are not finite")
    return array


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over pairs, and how far it would move with other pairs.

    Attributes:
        value: the arithmetic mean.
        half_width: of its confidence interval; `None` for a single pair, which says nothing about others.
        count: pairs.
    """

    value: float
    half_width: float | None
    count: int


def mean_with_interval(
    values: Sequence[float],
    *,
    confidence: float = 0.95,
    method: Literal["student", "bootstrap"] = "student",
    seed: int = 0,
) -> Mean:
    """The mean of a number over independent pairs, with its confidence interval.

    `student`: the standard error times Student's quantile with `count - 1` degrees of freedom (Student 1908, "The
    probable error of a mean"). `bootstrap`: half the width of the bias-corrected and accelerated interval (Efron 1987,
    "Better bootstrap confidence intervals"), for numbers with a long tail. Pairs of one speaker or one recording are
    not independent: the interval then covers other sentences, not other speakers.

    Args:
        values: one per pair.
        confidence: of the interval, above 0 and below 1.
        method: see above.
        seed: of the bootstrap's draws.

    Raises:
        DataError: there are no values, or the confidence is out of range.

    >>> mean_with_interval([1.0, 2.0, 3.0])
    Mean(value=2.0, half_width=2.484137711..., count=3)
    """
    if not values or not 0 < confidence < 1:
        raise DataError(f"a mean needs at least one value ({len(values)}) and a confidence within 0..1 ({confidence})")
    value, count = statistics.fmean(values), len(values)
    if count == 1:
        return Mean(value, None, 1)
    if min(values) == max(values):
        return Mean(value, 0.0, count)
    if method == "student":
        quantile = float(student_t.ppf(0.5 + confidence / 2, count - 1))
        return Mean(value, quantile * statistics.stdev(values) / math.sqrt(count), count)
    random = np.random.default_rng(fold(seed, "paired-bootstrap") % 2**63)
    found = bootstrap(
        (np.asarray(values),), np.mean, n_resamples=_RESAMPLES, confidence_level=confidence, random_state=random
    )
    low, high = found.confidence_interval
    return Mean(value, float(high - low) / 2, count)


@dataclass(frozen=True, slots=True)
class Utterance:
    """What the metrics say of one pair.

    Attributes:
        key: the sample's stable name.
        numbers: of all metrics, by name.
        refused: `{metric: why it could not judge this pair}`.
    """

    key: str
    numbers: Mapping[str, float]
    refused: Mapping[str, str]


def judge(
    key: str,
    metrics: Mapping[str, PairedMetric],
    reference: Signal,
    generated: Signal,
    sample_rate: int,
    *,
    model: str = "",
) -> Utterance:
    """All metrics on one pair.

    Args:
        key: the pair's name.
        metrics: by name.
        reference: see `PairedMetric`.
        generated: likewise.
        sample_rate: likewise.
        model: what generated the signal, for messages.

    Raises:
        DataError: the signals are no pair; names model and key.
    """
    try:
        pair = as_pair(reference, generated)
    except DataError as error:
        words = f"{model}, {key}" if model else key
        raise DataError(f"{words}: {error.message}", error.way_out) from error
    numbers: dict[str, float] = {}
    refused: dict[str, str] = {}
    for name, metric in metrics.items():
        try:
            numbers.update(metric(*pair, sample_rate))
        except UnfitPairError as error:
            refused[name] = error.message
    return Utterance(key, numbers, refused)


def means_over(utterances: Iterable[Utterance], **options: Any) -> dict[str, Mean]:
    """The mean of every number over the pairs that have it; see `mean_with_interval` for the options."""
    values: dict[str, list[float]] = {}
    for utterance in utterances:
        for name, value in utterance.numbers.items():
            values.setdefault(name, []).append(value)
    return {name: mean_with_interval(several, **options) for name, several in values.items()}


def refusals(utterances: Iterable[Utterance]) -> dict[str, dict[str, int]]:
    """`{metric: {reason: pairs}}` of the pairs that a metric could not judge."""
    counted: dict[str, Counter[str]] = {}
    for utterance in utterances:
        for metric, reason in utterance.refused.items():
            counted.setdefault(metric, Counter())[reason] += 1
    return {metric: dict(reasons) for metric, reasons in counted.items()}

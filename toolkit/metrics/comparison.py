"""All metrics on one pair of feature banks: numbers, how far they can be trusted, and the same for each class."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import NormalDist

from toolkit.errors import DataError
from toolkit.metrics.bank import DEFAULT_CAPACITY, FeatureBank
from toolkit.metrics.bank_file import BankState
from toolkit.metrics.base import FewSamplesWarning, Metric
from toolkit.metrics.confidence import with_confidence

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Banks:
    """What metrics compare.

    Attributes:
        real: features of data that were held out from training.
        fake: features of generated data.
        train: features of the training data, for metrics of memorisation.
    """

    real: FeatureBank
    fake: FeatureBank
    train: FeatureBank | None = None


@dataclass
class Comparison:
    """What metrics found.

    Attributes:
        values: every number by name.
        half_widths: half width of a number's 95 % interval, for those that have one.
        per_class: the numbers of each class by its label, where they were asked for.
        skipped: metrics that could not be computed, and why; `class 3: kernel` for one class.
    """

    values: dict[str, float] = field(default_factory=dict)
    half_widths: dict[str, float] = field(default_factory=dict)
    per_class: dict[int, dict[str, float]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


def compare(
    banks: Banks,
    metrics: Mapping[str, Metric],
    *,
    repeats: int = 0,
    seed: int = 0,
    by_class: bool = False,
    lenient: bool = False,
) -> Comparison:
    """Compute every metric.

    Metrics that know their own error (they return `x_std_error`, or `x_low` and `x_high`) are computed once; the
    others again on `repeats` random subsets, see `with_confidence`.

    Args:
        banks: what to compare.
        metrics: by the names to call them by in messages.
        repeats: number of subsets, at least 2; 0 for no intervals.
        seed: of the choice of subsets.
        by_class: also compute each metric on each class of the generated data, where both banks have labels.
        lenient: a metric that these banks are not fit for is left out and named in `skipped`; else it is an error.

    Raises:
        DataError: a metric cannot be computed, and `lenient` is false; or none of several can.
    """
    found = Comparison()
    for name, metric in metrics.items():
        try:
            values, half_widths = _measured(metric, banks, repeats, seed)
        except DataError as error:
            if not lenient:
                raise DataError(f"{name}: {error.message}", error.way_out) from error
            found.skipped[name] = _reason(error)
            continue
        found.values.update(values)
        found.half_widths.update(half_widths)
    if metrics and not found.values:
        reasons = "".join(f"\n  {name}: {reason}" for name, reason in found.skipped.items())
        raise DataError(f"none of the metrics can be computed:{reasons}", "give more samples, or name other metrics")
    if by_class:
        _by_class(banks, metrics, found)
    return found


def _measured(metric: Metric, banks: Banks, repeats: int, seed: int) -> tuple[dict[str, float], dict[str, float]]:
    fake = banks.fake if getattr(metric, "needs_all_rows", False) else _with_usual_rows(banks.fake)
    train = banks.train if metric.needs_train else None
    if not repeats:
        return metric.compute(banks.real, fake, train=train), {}
    if _knows_its_error(metric):
        values = metric.compute(banks.real, fake, train=train)
        return values, own_half_widths(values)
    numbers = with_confidence(metric, banks.real, fake, train=train, repeats=repeats, seed=seed, confidence=CONFIDENCE)
    return {name: value for name, (value, _) in numbers.items()}, {name: half for name, (_, half) in numbers.items()}


def _with_usual_rows(bank: FeatureBank) -> FeatureBank:
    """The bank with no more rows than usual, so that one metric's wish for all of them does not slow the others."""
    if bank.kept <= DEFAULT_CAPACITY:
        return bank
    state = bank.state()
    return FeatureBank.from_state(BankState(state.tensors, {**state.facts, "capacity": str(DEFAULT_CAPACITY)}))


def _knows_its_error(metric: Metric) -> bool:
    return any(name.endswith(("_std_error", "_low")) for name in metric.higher_is_better)


def own_half_widths(values: Mapping[str, float]) -> dict[str, float]:
    """Half widths of 95 % intervals from `x_std_error`, `x_half_width`, or `x_low` and `x_high`, beside `x`."""
    normal = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
    found = {}
    for name in values:
        if f"{name}_std_error" in values:
            found[name] = normal * values[f"{name}_std_error"]
        elif f"{name}_half_width" in values:
            found[name] = values[f"{name}_half_width"]
        elif f"{name}_low" in values and f"{name}_high" in values:
            found[name] = (values[f"{name}_high"] - values[f"{name}_low"]) / 2
    return found


def _by_class(banks: Banks, metrics: Mapping[str, Metric], found: Comparison) -> None:
    if banks.real.labels is None or banks.fake.labels is None:
        which = "real" if banks.real.labels is None else "generated"
        found.skipped["per class"] = f"the {which} samples have no labels"
        return
    usable = {
        name: metric
        for name, metric in metrics.items()
        if name not in found.skipped and getattr(metric, "by_class", True)
    }
    for label in sorted(set(banks.fake.labels.tolist()) | set(banks.real.labels.tolist())):
        try:
            parts = Banks(banks.real.of_class(label), banks.fake.of_class(label), banks.train)
        except DataError as error:
            found.skipped[f"class {label}"] = error.message
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FewSamplesWarning)  # true of nearly every class, and said of the whole
            inner = _lenient(parts, usable)
        if inner.values:
            found.per_class[label] = inner.values
        found.skipped.update({f"class {label}: {name}": reason for name, reason in inner.skipped.items()})


def _lenient(parts: Banks, metrics: Mapping[str, Metric]) -> Comparison:
    found = Comparison()
    for name, metric in metrics.items():
        try:
            found.values.update(_measured(metric, parts, 0, 0)[0])
        except DataError as error:
            found.skipped[name] = _reason(error)
    return found


def _reason(error: DataError) -> str:
    return f"{error.message} ({error.way_out})" if error.way_out else error.message


def generated_capacity(metrics: Iterable[Metric]) -> int | None:
    """Rows that a bank of generated samples must keep for these metrics; `None` for all."""
    return None if any(getattr(metric, "needs_all_rows", False) for metric in metrics) else DEFAULT_CAPACITY

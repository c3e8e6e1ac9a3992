"""What a metric is, and what the metrics here check alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from toolkit.errors import DataError
from toolkit.metrics.bank import FeatureBank


class FewSamplesWarning(UserWarning):
    """A number was computed from so few samples that it says little."""


@runtime_checkable
class Metric(Protocol):
    """Compares generated with real features; registered as kind `metrics`.

    A metric may have further attributes: `interval_rows`, see `toolkit.metrics.confidence`; `needs_all_rows = True`
    where it reads the rows of all generated samples, so that a bank must keep them all; `by_class = False` where it
    means nothing on one class alone.
    """

    @property
    def higher_is_better(self) -> Mapping[str, bool | None]:
        """`{name of a number: whether more is better}` for every number that `compute` returns.

        `None` for a number that only helps to read another one. The standard error of a number `x` is called
        `x_std_error`, the ends of its interval `x_low` and `x_high`.
        """
        ...

    @property
    def needs_train(self) -> bool:
        """Whether `compute` needs the features of the training data."""
        ...

    def compute(self, real: FeatureBank, fake: FeatureBank, *, train: FeatureBank | None = None) -> dict[str, float]:
        """The metric's numbers by name.

        Args:
            real: real data that were held out from training, unless the metric says otherwise.
            fake: generated data.
            train: the training data, for metrics that ask for them.

        Raises:
            DataError: too few samples, banks of different extractors, or missing labels, probabilities or `train`.
        """
        ...


def check_comparable(real: FeatureBank, fake: FeatureBank, *, least: int = 2, least_real: int | None = None) -> None:
    """Refuse banks that cannot be compared.

    Args:
        real: one bank.
        fake: the other.
        least: the fewest kept samples that each must have.
        least_real: the fewest that the real one must have, where that is another number.

    Raises:
        DataError: extractors or dimensions differ, or one has fewer samples.
    """
    if real.extractor != fake.extractor:
        raise DataError(
            f"features of different extractors cannot be compared: '{real.extractor}' and '{fake.extractor}'",
            "extract both with the same one",
        )
    if real.dimension != fake.dimension:
        raise DataError(f"features of {real.dimension} and of {fake.dimension} dimensions cannot be compared")
    for name, bank, fewest in (("real", real, least if least_real is None else least_real), ("generated", fake, least)):
        if bank.kept < fewest:
            raise DataError(f"this metric needs at least {fewest} {name} samples, not {bank.kept}", "evaluate more")

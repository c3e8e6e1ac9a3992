"""Paired metrics with one fault each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from tests.contracts.faults import fault
from toolkit.metrics.paired import Signal, UnfitPairError, as_pair


class Distance:
    """Mean absolute difference of the samples: a paired metric without a fault."""

    lower_is_better: ClassVar[Any] = True
    needs: ClassVar[Any] = frozenset()
    units: ClassVar[Mapping[str, str]] = {"distance": ""}

    def __call__(self, reference: Signal, generated: Signal, sample_rate: int) -> dict[str, float]:
        first, second = as_pair(reference, generated)
        return {"distance": float(np.abs(first - second).mean())}


@fault("paired_metrics", "lower_is_better, true or false")
class UnclearDirection(Distance):
    """Says neither."""

    lower_is_better: ClassVar[Any] = None


@fault("paired_metrics", "names the extras that it needs in a frozenset")
class ListedNeeds(Distance):
    """A list where a set is asked for."""

    needs: ClassVar[Any] = ["speech"]


@fault("paired_metrics", "only numbers that units names")
class UnnamedNumber(Distance):
    """Gives more than it says."""

    def __call__(self, reference: Signal, generated: Signal, sample_rate: int) -> dict[str, float]:
        return {**super().__call__(reference, generated, sample_rate), "more": 1.0}


@fault("paired_metrics", "all of its numbers")
class MissingNumber(Distance):
    """Gives less than it says."""

    units: ClassVar[Mapping[str, str]] = {"distance": "", "more": ""}


@fault("paired_metrics", "rates 'distance' better for a signal against itself")
class WrongWay(Distance):
    """Takes a distance for a quality."""

    lower_is_better: ClassVar[Any] = False


@fault("paired_metrics", "the same numbers again")
class Counting(Distance):
    """Depends on how often it was called."""

    calls = 0

    def __call__(self, reference: Signal, generated: Signal, sample_rate: int) -> dict[str, float]:
        self.calls += 1
        return {"distance": super().__call__(reference, generated, sample_rate)["distance"] * self.calls}


@fault("paired_metrics", "leaves the signals as they were")
class InPlace(Distance):
    """Makes what it was given quieter."""

    def __call__(self, reference: Signal, generated: Signal, sample_rate: int) -> dict[str, float]:
        first, second = as_pair(reference, generated)
        numbers = {"distance": round(float(np.abs(first - second).mean() / max(1e-9, np.abs(second).max())), 3)}
        second *= 0.999
        return numbers


@fault("paired_metrics", "finite numbers for silence against silence")
class RatioOfSilence(Distance):
    """Divides by the level of the reference."""

    def __call__(self, reference: Signal, generated: Signal, sample_rate: int) -> dict[str, float]:
        first, second = as_pair(reference, generated)
        level = float(np.abs(first).mean())
        return {"distance": float(np.abs(first - second).mean()) / level if level else math.nan}


@fault("paired_metrics", "judges three samples or raises an UnfitPairError")
class NeedsLength(Distance):
    """Fails on what is short instead of refusing it."""

    def __call__(self, reference: Signal, generated: Signal, sample_rate: int) -> dict[str, float]:
        first, second = as_pair(reference, generated)
        return {"distance": float(np.abs(first[100:] - second[100:]).max())}


@fault("paired_metrics", "refuses signals of two lengths")
class CutsToTheShorter(Distance):
    """Hides a mistake of the caller."""

    def __call__(self, reference: Signal, generated: Signal, sample_rate: int) -> dict[str, float]:
        length = min(len(reference), len(generated))
        return super().__call__(reference[:length], generated[:length], sample_rate)


@fault("paired_metrics", "refuses values that are not finite with a DataError that is no UnfitPairError")
class CountsMistakes(Distance):
    """Takes broken values for a pair that is hard to judge."""

    def __call__(self, reference: Signal, generated: Signal, sample_rate: int) -> dict[str, float]:
        if not np.isfinite(np.asarray(generated)).all():
            raise UnfitPairError("not finite")
        return super().__call__(reference, generated, sample_rate)

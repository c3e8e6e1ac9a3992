"""Schedules: numbers as functions of samples seen, so that they mean the same at any batch size and process count.

Learning rates, penalty weights, Adam's beta2, EMA half-lives and augmentation strengths all take a schedule or a
number.
"""

from __future__ import annotations

import math
from typing import Annotated, Protocol, runtime_checkable

from toolkit.config import PartOf


@runtime_checkable
class Schedule(Protocol):
    """A number that may change while samples are seen."""

    def __call__(self, samples: float) -> float:
        """The value after `samples` training samples."""
        ...


Scheduled = Annotated[Schedule | float, PartOf("schedules")]
"""Annotation of a constructor parameter that takes a number or a schedule."""


def as_schedule(value: Schedule | float) -> Schedule:
    """A number as the schedule that is constant at it."""
    return value if isinstance(value, Schedule) else Constant(float(value))


class Constant:
    """Always the same value."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __call__(self, samples: float) -> float:
        """The value, whatever `samples` is."""
        return self.value


class _Ramp:
    """Goes from `start` to `end` within `samples` samples, then stays at `end`."""

    def __init__(self, start: float, end: float, samples: float) -> None:
        if samples <= 0:
            raise ValueError(f"a schedule needs a positive number of samples, got {samples}")
        self.start = start
        self.end = end
        self.samples = samples

    def progress(self, samples: float) -> float:
        """How much of the way is done, 0 to 1."""
        return min(max(samples / self.samples, 0.0), 1.0)


class Linear(_Ramp):
    """From `start` to `end` in a straight line over `samples` samples."""

    def __call__(self, samples: float) -> float:
        """The value after `samples` samples."""
        return self.start + (self.end - self.start) * self.progress(samples)


class Cosine(_Ramp):
    """From `start` to `end` along half a cosine over `samples` samples (slow, fast, slow)."""

    def __call__(self, samples: float) -> float:
        """The value after `samples` samples."""
        return self.end + (self.start - self.end) * 0.5 * (1.0 + math.cos(math.pi * self.progress(samples)))


class Exponential(_Ramp):
    """From `start` to `end` by a constant factor per sample over `samples` samples; both must be positive."""

    def __init__(self, start: float, end: float, samples: float) -> None:
        super().__init__(start, end, samples)
        if start <= 0 or end <= 0:
            raise ValueError(f"an exponential schedule stays above zero, got {start} to {end}")

    def __call__(self, samples: float) -> float:
        """The value after `samples` samples."""
        return float(self.start * (self.end / self.start) ** self.progress(samples))


class InverseSquareRoot:
    """Rises in a straight line to `peak` over `warm_up` samples, then falls with the root of the samples seen.

    Vaswani et al. 2017, equation 3, with the peak named instead of the width of the network.
    """

    def __init__(self, peak: float, warm_up: float) -> None:
        if warm_up <= 0:
            raise ValueError(f"warm_up={warm_up} must be a positive number of samples")
        self.peak = peak
        self.warm_up = warm_up

    def __call__(self, samples: float) -> float:
        """The value after `samples` samples."""
        return self.peak * min(samples / self.warm_up, math.sqrt(self.warm_up / max(samples, self.warm_up)))


class WarmUp:
    """Rises in a straight line from 0 over `samples` samples to another schedule, which begins at sample 0 itself."""

    def __init__(self, samples: float, then: Scheduled) -> None:
        if samples <= 0:
            raise ValueError(f"samples={samples} must be a positive number")
        self.samples = samples
        self.then = as_schedule(then)

    def __call__(self, samples: float) -> float:
        """The value after `samples` samples."""
        return self.then(samples) * min(samples / self.samples, 1.0)

"""Waves at the sample rate that a metric is defined for."""

from __future__ import annotations

import math

import numpy as np
from scipy.signal import resample_poly

from toolkit.errors import DataError
from toolkit.metrics.paired import Wave


def resampled(wave_T: Wave, sample_rate: int, wanted: int) -> Wave:
    """The wave at another sample rate, by a polyphase Kaiser filter: `[T wanted / sample_rate]`, rounded up."""
    if sample_rate == wanted:
        return wave_T
    common = math.gcd(sample_rate, wanted)
    resampled_T: Wave = resample_poly(wave_T, wanted // common, sample_rate // common).astype(np.float32)
    return resampled_T


def at_most(wave_T: Wave, sample_rate: int, highest: int) -> tuple[Wave, int]:
    """The wave at no more than this sample rate, and its rate."""
    rate = min(sample_rate, highest)
    return resampled(wave_T, sample_rate, rate), rate


def require_rate(sample_rate: int, lowest: int, metric: str) -> None:
    """Refuse signals that lack the upper band a metric listens to.

    Raises:
        DataError: naming the metric and both rates.
    """
    if sample_rate < lowest:
        raise DataError(
            f"the metric '{metric}' is defined for sample rates of at least {lowest} Hz, not {sample_rate} Hz",
            f"leave '{metric}' out",
        )

"""Short-time objective intelligibility."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np

from toolkit.errors import require
from toolkit.metrics.paired import Signal, UnfitPairError, as_pair
from toolkit.speech.signal_metrics.resampling import require_rate, resampled

_RATE = 10_000


class Stoi:
    """Short-time objective intelligibility: about 0 (nothing to be understood) to 1 (the same signal), two kinds.

    `stoi`: Taal et al. 2011 ("An algorithm for intelligibility prediction of time-frequency weighted noisy speech").
    `estoi`: Jensen & Taal 2016 ("An algorithm for predicting the intelligibility of speech masked by modulated noise
    maskers"), stricter. Both are correlations of band envelopes between 150 Hz and 4 kHz over 384 ms, and can be
    slightly negative. Through the package `pystoi`. Signals with less than 0.4 s of sound are refused and counted.
    """

    lower_is_better: ClassVar[bool] = False
    needs: ClassVar[frozenset[str]] = frozenset({"speech-metrics"})
    units: ClassVar[Mapping[str, str]] = {"stoi": "", "estoi": ""}

    def __init__(self) -> None:
        self._pystoi: Any = require("pystoi", "speech-metrics", "The metric STOI")

    def __call__(self, reference: Signal, generated: Signal, sample_rate: int) -> dict[str, float]:
        """`stoi` and `estoi`; see `PairedMetric`.

        Raises:
            DataError: the sample rate is below 10 kHz.
        """
        pair = as_pair(reference, generated)
        require_rate(sample_rate, _RATE, "stoi")
        first, second = (resampled(wave, sample_rate, _RATE).astype(float) for wave in pair)
        if not first.any():
            raise UnfitPairError("the reference is silent")
        if len(first) < _RATE * 4 // 10:
            raise UnfitPairError("shorter than 0.4 s")
        with warnings.catch_warnings(), _seeded():
            warnings.simplefilter("error", RuntimeWarning)  # said where 1e-5 is returned for want of frames
            try:
                return {
                    "stoi": float(self._pystoi.stoi(first, second, _RATE, extended=False)),
                    "estoi": float(self._pystoi.stoi(first, second, _RATE, extended=True)),
                }
            except RuntimeWarning as warning:
                raise UnfitPairError("less than 0.4 s of it is not silent") from warning


@contextmanager
def _seeded() -> Iterator[None]:
    """The package adds tiny noise from NumPy's global generator, lest it divide by zero; give that back as it was."""
    state = np.random.get_state()
    np.random.seed(0)
    try:
        yield
    finally:
        np.random.set_state(state)

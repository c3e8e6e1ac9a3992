"""Perceptual evaluation of speech quality."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from toolkit.errors import require
from toolkit.metrics.paired import Signal, UnfitPairError, as_pair
from toolkit.speech.signal_metrics.resampling import require_rate, resampled

_RATE = 16_000


class Pesq:
    """Perceptual evaluation of speech quality, wide band: 1.04 (bad) to 4.64 (the same signal), a predicted opinion.

    ITU-T P.862 with the mapping of P.862.2, through the package `pesq`, at 16 kHz: nothing above 8 kHz is heard. Made
    for telephone lines and validated there; on vocoders it follows differences in noise and phase more than listeners
    do. It aligns level and delay itself. Signals in which it finds no speech (silence, some music) or that are shorter
    than a quarter of a second are refused and counted. It takes about 0.03 s per second of audio.
    """

    lower_is_better: ClassVar[bool] = False
    needs: ClassVar[frozenset[str]] = frozenset({"speech-metrics"})
    units: ClassVar[Mapping[str, str]] = {"pesq": "MOS-LQO"}

    def __init__(self) -> None:
        self._pesq: Any = require("pesq", "speech-metrics", "The metric PESQ")

    def __call__(self, reference: Signal, generated: Signal, sample_rate: int) -> dict[str, float]:
        """`pesq`; see `PairedMetric`.

        Raises:
            DataError: the sample rate is below 16 kHz, for which there is no wide band.
        """
        pair = as_pair(reference, generated)
        require_rate(sample_rate, _RATE, "pesq")
        first, second = (resampled(wave, sample_rate, _RATE) for wave in pair)
        for wave, words in ((first, "the reference"), (second, "the generated signal")):
            if not wave.any():  # the package would divide by zero
                raise UnfitPairError(f"{words} is silent")
        try:
            return {"pesq": float(self._pesq.pesq(_RATE, first, second, "wb"))}
        except self._pesq.PesqError as error:
            reason = error.args[0] if error.args else type(error).__name__
            raise UnfitPairError(reason.decode() if isinstance(reason, bytes) else str(reason)) from error

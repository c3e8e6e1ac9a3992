"""Whether the melody of speech is kept: pitch, voicing, periodicity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from toolkit.errors import ConfigError, Problem, require
from toolkit.metrics.paired import Signal, UnfitPairError, Wave, as_pair
from toolkit.speech.signal_metrics.resampling import at_most

_RATE = 16_000  # pitch lies far below; twice the rate would take twice the time


@dataclass(frozen=True, slots=True)
class Track:
    """The pitch of a wave, frame by frame.

    Attributes:
        f0: in Hz; NaN where unvoiced.
        voiced: whether the frame is voiced.
        periodicity: probability of that, 0 to 1.
    """

    f0: npt.NDArray[np.float64]
    voiced: npt.NDArray[np.bool_]
    periodicity: npt.NDArray[np.float64]


class Pitch:
    """Errors of pitch (cents), voicing (share of frames) and periodicity (0 to 1), each from 0.

    After Morrison et al. 2022 ("Chunked autoregressive GAN for conditional waveform synthesis", section 3):

    * `f0_rmse`: root mean square difference of the fundamental frequency in cents, over the frames that are voiced in
      both; left out where there are none. 100 cents are a semitone; the tracker's own steps are 10 cents.
    * `voicing_error`: share of frames that are voiced in one signal and unvoiced in the other, 0 to 1.
    * `periodicity_rmse`: root mean square difference of the probability of being voiced, 0 to 1. Vocoders trained for
      too short a time show it first: they hum where there is noise, and crackle where there is a tone.

    The tracker is probabilistic YIN (Mauch & Dixon 2014) through `librosa.pyin`, at 16 kHz with frames of 64 ms every
    10 ms; the paper's is another one, so its numbers are not to be compared with these. It takes about 0.1 s per signal
    and second of audio on one core; the reference's track is kept for the next call with the same reference.

    Args:
        lowest: lowest pitch in Hz that is looked for, at least 32.
        highest: highest pitch in Hz, at most 2000; singing and other sounds need more than the default.
    """

    lower_is_better: ClassVar[bool] = True
    needs: ClassVar[frozenset[str]] = frozenset({"speech"})
    units: ClassVar[Mapping[str, str]] = {"f0_rmse": "cents", "voicing_error": "", "periodicity_rmse": ""}

    def __init__(self, lowest: float = 65.0, highest: float = 500.0) -> None:
        if not 32 <= lowest < highest <= 2000:
            message = f"is {lowest:g} and highest is {highest:g}; it must be 32 <= lowest < highest <= 2000"
            raise ConfigError([Problem("lowest", message)], "the metric 'pitch'")
        self._librosa: Any = require("librosa", "speech", "Pitch tracking")
        require("librosa.core.pitch", "speech", "Pitch tracking")  # librosa loads its parts on first use
        self.lowest = lowest
        self.highest = highest
        self._known: tuple[Wave, int, Track] | None = None

    def __call__(self, reference: Signal, generated: Signal, sample_rate: int) -> dict[str, float]:
        """`f0_rmse`, `voicing_error` and `periodicity_rmse`; see `PairedMetric`."""
        first_T, second_T = as_pair(reference, generated)
        if len(first_T) < sample_rate // 10:
            raise UnfitPairError("shorter than a tenth of a second")
        first, second = self._reference_track(first_T, sample_rate), self.track(second_T, sample_rate)
        numbers = {
            "voicing_error": float((first.voiced != second.voiced).mean()),
            "periodicity_rmse": _rms(first.periodicity - second.periodicity),
        }
        both = first.voiced & second.voiced
        if both.any():
            numbers["f0_rmse"] = _rms(1200 * np.log2(second.f0[both] / first.f0[both]))
        return numbers

    def track(self, wave_T: Wave, sample_rate: int) -> Track:
        """Pitch, voicing and periodicity of a wave, a frame every 10 ms."""
        wave_T, rate = at_most(wave_T, sample_rate, _RATE)
        f0, voiced, probability = self._librosa.pyin(
            wave_T,
            fmin=self.lowest,
            fmax=min(self.highest, rate / 4),
            sr=rate,
            frame_length=rate * 64 // 1000,
            hop_length=rate // 100,
        )
        return Track(f0, voiced, probability)

    def _reference_track(self, wave_T: Wave, sample_rate: int) -> Track:
        """Several vocoders are judged against one reference, one after the other."""
        known = self._known
        if known is not None and known[1] == sample_rate and np.array_equal(known[0], wave_T):
            return known[2]
        track = self.track(wave_T, sample_rate)
        self._known = (wave_T.copy(), sample_rate, track)
        return track


def _rms(values: npt.NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))

"""Mel cepstral distortion with dynamic time warping."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy.fft import dct

from toolkit.errors import ConfigError, Problem, require
from toolkit.metrics.paired import Signal, as_pair
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.mel import LogMel
from toolkit.speech.signal_metrics.mel_distance import log_mel

_DECIBELS = 10 / math.log(10) * math.sqrt(2)


class Mcd:
    """Mel cepstral distortion in dB, from 0, with dynamic time warping: how far the spectral envelopes are apart.

    Kubichek 1993 ("Mel-cepstral distance measure for objective speech quality assessment"):
    `10 / ln 10 sqrt(2 sum_d (c_d - c'_d)^2)`, averaged over frames, with coefficients 1 to 13; the 0th, the level, does
    not count. Frames are aligned by dynamic time warping (`librosa.sequence.dtw`, Euclidean distance), so that speech
    which is a little faster or slower is not punished for that. The coefficients are the cosine transform of the
    log-mel spectrum, scaled so that the formula is the root mean square difference of the smoothed envelopes in dB;
    numbers of SPTK's mel-generalised cepstra are on the same scale and not equal.

    Time and memory grow with the squared number of frames: 10 s take about 15 MB, a minute 500 MB.

    Args:
        coefficients: highest coefficient.
        n_fft: length of the Fourier transform, in samples.
        hop_length: samples between frames.
        mels: mel bands, more than `coefficients`.
        highest: highest frequency in Hz, at most half the sample rate; `None` is that half. Where it lies above what
            one of two vocoders makes (Griffin-Lim ends where its mels do), the cliff there hides everything else.
        floor: magnitudes below this count as it.
    """

    lower_is_better: ClassVar[bool] = True
    needs: ClassVar[frozenset[str]] = frozenset({"speech"})
    units: ClassVar[Mapping[str, str]] = {"mcd": "dB"}

    def __init__(
        self,
        coefficients: int = 13,
        n_fft: int = 1024,
        hop_length: int = 256,
        mels: int = 80,
        highest: float | None = 8000.0,
        floor: float = 1e-5,
    ) -> None:
        if not 1 <= coefficients < mels:
            message = f"is {coefficients}; it must be from 1 to below mels ({mels})"
            raise ConfigError([Problem("coefficients", message)], "the metric 'mcd'")
        self._sequence: Any = require("librosa.sequence", "speech", "Mel cepstral distortion")
        self.coefficients = coefficients
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.mels = mels
        self.highest = highest
        self.floor = floor
        self._mel: LogMel | None = None

    def __call__(self, reference: Signal, generated: Signal, sample_rate: int) -> dict[str, float]:
        """`mcd`; see `PairedMetric`."""
        pair = as_pair(reference, generated)
        mel = self._log_mel(sample_rate)
        first, second = (mel_cepstrum(log_mel(mel, wave).numpy(), self.coefficients) for wave in pair)
        _, path = self._sequence.dtw(first, second, metric="euclidean")
        apart = np.linalg.norm(first[:, path[:, 0]] - second[:, path[:, 1]], axis=0)
        return {"mcd": _DECIBELS * float(apart.mean())}

    def _log_mel(self, sample_rate: int) -> LogMel:
        if self._mel is None or self._mel.format.sample_rate != sample_rate:
            self._mel = LogMel(
                AudioFormat(
                    sample_rate=sample_rate,
                    n_fft=self.n_fft,
                    win_length=self.n_fft,
                    hop_length=self.hop_length,
                    mels=self.mels,
                    fmax=None if self.highest is None else min(self.highest, sample_rate / 2),
                    floor=self.floor,
                    padding="center",
                )
            )
        return self._mel


def mel_cepstrum(log_mel_MT: npt.NDArray[Any], coefficients: int) -> npt.NDArray[np.float64]:
    """Cepstral coefficients 1 to `coefficients` of log-mel magnitudes: `[coefficients, T]`.

    `c_d = 2 / M sum_m x_m cos(pi d (m + 1/2) / M)`, so that `x_m = c_0 / 2 + sum_d c_d cos(pi d (m + 1/2) / M)`.

    Args:
        log_mel_MT: natural logarithms of magnitudes.
        coefficients: how many, below M.
    """
    cepstrum: npt.NDArray[np.float64] = dct(log_mel_MT.astype(np.float64), type=2, axis=0) / len(log_mel_MT)
    return cepstrum[1 : coefficients + 1]

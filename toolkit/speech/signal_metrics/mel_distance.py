"""Mean absolute difference of log-mel spectrograms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch

from toolkit.engine.torchaudio_part import torchaudio_functional
from toolkit.errors import DataError
from toolkit.metrics.paired import Signal, UnfitPairError, Wave, as_pair
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.mel import LogMel


class MelDistance:
    """Mean absolute difference of log-mel spectrograms, from 0, over all bands and frames.

    Kong et al. 2020 ("HiFi-GAN", section 2.4), who train with it. Natural logarithm
    of magnitudes, so 1 Np is a factor of 2.72, or 8.69 dB. It hears level and spectrum, no phase and little pitch. With
    the same settings only are two numbers comparable; by default the bands reach to half the sample rate, which counts
    what a vocoder adds above its own input.

    Args:
        n_fft: length of the Fourier transform, in samples.
        hop_length: samples between frames.
        mels: mel bands.
        fmin: lowest frequency in Hz.
        fmax: highest frequency in Hz; half the sample rate when `None`.
        floor: magnitudes below this count as it; what is quieter is not compared.
    """

    lower_is_better: ClassVar[bool] = True
    needs: ClassVar[frozenset[str]] = frozenset({"speech"})
    units: ClassVar[Mapping[str, str]] = {"mel_distance": "Np"}

    def __init__(
        self,
        n_fft: int = 1024,
        hop_length: int = 256,
        mels: int = 80,
        fmin: float = 0.0,
        fmax: float | None = None,
        floor: float = 1e-5,
    ) -> None:
        torchaudio_functional()  # now, so that a missing package is known before anything is generated
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.mels = mels
        self.fmin = fmin
        self.fmax = fmax
        self.floor = floor
        self._mel: LogMel | None = None

    def __call__(self, reference: Signal, generated: Signal, sample_rate: int) -> dict[str, float]:
        """`mel_distance`; see `PairedMetric`."""
        pair = as_pair(reference, generated)
        first, second = (log_mel(self._log_mel(sample_rate), wave) for wave in pair)
        return {"mel_distance": float((first - second).abs().mean())}

    def _log_mel(self, sample_rate: int) -> LogMel:
        if self._mel is None or self._mel.format.sample_rate != sample_rate:
            self._mel = LogMel(
                AudioFormat(
                    sample_rate=sample_rate,
                    n_fft=self.n_fft,
                    win_length=self.n_fft,
                    hop_length=self.hop_length,
                    mels=self.mels,
                    fmin=self.fmin,
                    fmax=self.fmax,
                    floor=self.floor,
                    padding="center",
                )
            )
        return self._mel


def log_mel(mel: LogMel, wave_T: Wave) -> torch.Tensor:
    """`[M, T]`, the log-mel spectrogram of one wave.

    Raises:
        UnfitPairError: the wave is shorter than a frame.
    """
    try:
        with torch.no_grad():
            return mel(torch.from_numpy(wave_T)[None])[0]  # type: ignore[no-any-return]
    except DataError as error:
        raise UnfitPairError("too short for a mel spectrogram") from error

"""What is measured of a recording, frame by frame: the mel spectrogram, pitch, energy.

Frame t of a mel spectrogram with the padding `same` stands for the samples from t times the hop on; pitch is measured
at the same places.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor

from toolkit.data.source import Array
from toolkit.errors import require
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.files import Wave
from toolkit.speech.mel import LogMel

LOWEST, HIGHEST = 60.0, 500.0
"""Pitch in Hz that is looked for."""

_PERIODIC = 0.5  # normalised autocorrelation at the period, from which on a frame counts as voiced
_SILENT = 1e-3  # of the loudest frame's amplitude: below it nothing is voiced
_WINDOW_SECONDS = 0.05  # three periods of the lowest pitch


class FrameMeasurer:
    """Mel spectrograms and pitch in one audio format.

    Args:
        format: with the padding `same`.

    Raises:
        MissingExtraError: librosa or torchaudio is not installed.
    """

    def __init__(self, format: AudioFormat) -> None:
        self.format = format
        self._log_mel = LogMel(format)
        self._librosa: Any = require("librosa", "speech", "Pitch tracking")

    def mel(self, wave_T: Wave) -> Array:
        """float32 [T, M]: the log-mel spectrogram; zeros fill the last frame."""
        hop = self.format.hop_length
        length = max(-(-len(wave_T) // hop) * hop, self.format.n_fft)
        padded = np.pad(wave_T, (0, length - len(wave_T))).astype(np.float32)
        with torch.no_grad():
            mel_MT: Tensor = self._log_mel(torch.from_numpy(padded)[None])[0]
        return np.ascontiguousarray(mel_MT[:, : -(-len(wave_T) // hop)].numpy().T)

    def pitch(self, wave_T: Wave, frames: int) -> Array:
        """float32 [frames]: the natural logarithm of the fundamental frequency in Hz; 0 where unvoiced.

        The period is that of YIN (de Cheveigné & Kawahara 2002) through `librosa.yin`. It gives one for every frame, so
        voiced are those whose normalised autocorrelation at the period is above a half.
        """
        rate, hop = self.format.sample_rate, self.format.hop_length
        window = 2 * int(rate * _WINDOW_SECONDS / 2)
        centred = np.pad(wave_T, (window // 2 - hop // 2, window))  # frame t: around the middle of its hop
        if len(centred) < window + hop:
            return np.zeros(frames, dtype=np.float32)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of windows that hold few periods
            f0_T: Array = self._librosa.yin(
                centred, fmin=LOWEST, fmax=HIGHEST, sr=rate, frame_length=window, hop_length=hop, center=False
            )
        windows_TN = np.lib.stride_tricks.sliding_window_view(centred, window)[::hop]
        count = min(len(f0_T), len(windows_TN), frames)
        lag_T = np.clip(np.rint(rate / f0_T[:count]).astype(int), 1, window // 2)
        periodic = _periodicity(windows_TN[:count], lag_T) > _PERIODIC
        found = np.zeros(frames, dtype=np.float32)
        found[:count] = np.where(_without_specks(periodic), np.log(f0_T[:count]), 0.0)
        return found


def _periodicity(windows_TN: Array, lag_T: Array) -> Array:
    """Normalised autocorrelation of each window at its lag; 0 in silence."""
    found = np.zeros(len(windows_TN))
    level = np.abs(windows_TN).max(1, initial=0.0)
    for place in np.flatnonzero(level > _SILENT * max(float(level.max(initial=0.0)), 1e-9)):
        window, lag = windows_TN[place].astype(np.float64), int(lag_T[place])
        first, second = window[:-lag], window[lag:]
        energy = np.sqrt((first @ first) * (second @ second))
        found[place] = (first @ second) / energy if energy > 0 else 0.0
    return found


def _without_specks(voiced: Array) -> Array:
    """The majority of three frames: single ones are mistakes."""
    padded = np.pad(voiced.astype(int), 1, mode="edge")
    kept: Array = (padded[:-2] + padded[1:-1] + padded[2:]) >= 2
    return kept


def continuous(pitch_T: Array) -> Array:
    """The pitch contour drawn on through unvoiced frames, in straight lines, as in FastSpeech 2 (Ren et al. 2021, 2.3).

    Args:
        pitch_T: log-Hz, 0 where unvoiced.

    Returns:
        float32 [T]; all zeros where nothing is voiced.
    """
    voiced = np.flatnonzero(pitch_T)
    if not len(voiced):
        return pitch_T.astype(np.float32)
    return np.interp(np.arange(len(pitch_T)), voiced, pitch_T[voiced]).astype(np.float32)


def energy_of(mel: Tensor) -> Tensor:
    """Log of the frame's amplitude, [..., T], of log-mels [..., T, M]: half the log of the bands' summed powers."""
    return 0.5 * torch.logsumexp(2 * mel, -1)

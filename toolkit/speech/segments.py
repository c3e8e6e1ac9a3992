"""Pieces of fixed length, cut out of recordings on their way into a batch; 16-bit samples as waves."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from toolkit.data.source import Array
from toolkit.errors import ConfigError, Problem

FULL_SCALE = 32768
"""The 16-bit sample that stands for 1.0, as soundfile has it."""


def to_wave(audio: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """16-bit samples of any shape as a wave in [-1, 1); what is a wave already only changes its type.

    >>> to_wave(torch.tensor([-32768, 0, 16384], dtype=torch.int16)).tolist()
    [-1.0, 0.0, 0.5]
    """
    return audio.to(dtype) if audio.is_floating_point() else audio.to(dtype) / FULL_SCALE


def to_samples(wave: Array) -> Array:
    """A wave in [-1, 1] as 16-bit samples, rounded; what lies outside is clamped.

    >>> to_samples(np.array([-1.0, 0.5, 1.0])).tolist()
    [-32768, 16384, 32767]
    """
    samples: Array = np.rint(wave * FULL_SCALE).clip(-FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
    return samples


class RandomSegment:
    """A random piece of a recording, with the part of its mel spectrogram that belongs to it.

    Where the piece starts belongs to (seed, epoch, sample), so it depends neither on the batch size nor on the number
    of processes nor on the point of resuming. With a mel the piece starts at a multiple of the hop, where a frame
    begins. A recording that is too short is followed by zeros, its mel by its own smallest value (silence).

    Args:
        length: samples of a piece, a multiple of the hop.
        hop_length: samples per frame of a mel.
        gain: pieces are made quieter by up to this many decibels, evenly distributed (Vocos draws up to 6 dB). Not
            where a mel lies beside: that is the mel of the loudness that the recording has.

    Raises:
        ConfigError: a length is below 1, the length is no multiple of the hop, or the gain is negative.
    """

    def __init__(self, length: int, hop_length: int, gain: float = 0.0) -> None:
        if hop_length < 1:
            raise ConfigError([Problem("hop_length", f"is {hop_length}; it must be at least 1")])
        if length < 1 or length % hop_length:
            near = max(1, round(length / hop_length)) * hop_length
            raise ConfigError(
                [Problem("length", f"is {length}; it must be a multiple of {hop_length}, such as {near}")]
            )
        if not 0 <= gain < float("inf"):
            raise ConfigError([Problem("gain", f"is {gain}; it must be a number of decibels from 0")])
        self.length = length
        self.hop_length = hop_length
        self.gain = gain

    def __call__(self, item: dict[str, Any], generator: np.random.Generator) -> dict[str, Any]:
        """The item with `audio` [length] and, if it has one, `mel` [M, length // hop_length]."""
        audio_T: Array = item["audio"]
        step = self.hop_length if "mel" in item else 1
        start = step * int(generator.integers(max(0, len(audio_T) - self.length) // step + 1))
        piece_T = _padded(audio_T[start : start + self.length], self.length, 0)
        if "mel" not in item:
            return {**item, "audio": self._quieter(piece_T, generator)}
        mel_MT: Array = item["mel"]
        first, frames = start // self.hop_length, self.length // self.hop_length
        return {**item, "audio": piece_T, "mel": _padded(mel_MT[:, first : first + frames], frames, mel_MT.min())}

    def _quieter(self, piece_T: Array, generator: np.random.Generator) -> Array:
        if self.gain == 0:
            return piece_T
        factor = 10 ** (-self.gain * generator.random() / 20)
        scaled = piece_T * np.float32(factor)
        return np.rint(scaled).astype(piece_T.dtype) if piece_T.dtype.kind == "i" else scaled


def _padded(array: Array, length: int, value: Any) -> Array:
    """The array, its last axis filled up to the length."""
    missing = length - array.shape[-1]
    if missing <= 0:
        return array
    return np.pad(array, [*[(0, 0)] * (array.ndim - 1), (0, missing)], constant_values=value)

"""Waves and audio files made for the tests of this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from toolkit.speech.files import Wave


def tone(seconds: float = 1.0, rate: int = 22050, frequency: float = 220.0, amplitude: float = 0.5) -> Wave:
    time = np.arange(round(seconds * rate)) / rate
    return (amplitude * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def noise(samples: int, amplitude: float = 0.1, seed: int = 0) -> Wave:
    return np.random.default_rng(seed).normal(0, amplitude, samples).astype(np.float32)


def write(path: Path, wave: Any, rate: int = 22050, **options: Any) -> Path:
    """A file as other programs write it, by soundfile itself."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, wave, rate, **options)
    return path


def decibels(error: Any, signal: Any) -> float:
    """Power of an error relative to a signal, in dB."""
    return float(10 * np.log10((np.mean(np.square(error)) + 1e-20) / np.mean(np.square(signal))))

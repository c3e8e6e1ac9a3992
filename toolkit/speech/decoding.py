"""From one recording's file to the 16-bit samples that training cuts its pieces from."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from toolkit.data.source import Array, SampleError, Skipped
from toolkit.speech.checks import inspect_audio, reasons_to_leave_out
from toolkit.speech.collection import Recording
from toolkit.speech.files import read_audio, resample
from toolkit.speech.level import gate_noise, to_level, trim_silence
from toolkit.speech.segments import to_samples


@dataclass(frozen=True, slots=True)
class Processing:
    """What is done to each recording; see `toolkit.speech.recordings.Recordings` for the meaning of each."""

    sample_rate: int
    level: float | None
    trim: bool
    gate: float
    minimum_seconds: float
    maximum_seconds: float | None

    def settings(self) -> dict[str, Any]:
        """All of it as plain values."""
        return asdict(self)


@dataclass(slots=True)
class Usable:
    """A recording that can be used.

    Attributes:
        pieces: int16 [T]; several where it was too long.
        notes: what is worth saying, as predicates that are counted over all recordings ("resampled from 48000 Hz").
    """

    pieces: list[Array]
    notes: list[str] = field(default_factory=list)


def decode(recording: Recording, processing: Processing) -> Usable | Skipped:
    """Read, check, resample, gate, trim, level and cut one recording; or say why it is left out."""
    try:
        with recording.as_file() as file:
            wave, rate = read_audio(file)
    except SampleError as error:
        return Skipped(recording.name, error.reason)
    reasons = reasons_to_leave_out(inspect_audio(wave, rate), processing.minimum_seconds)
    if reasons:
        return Skipped(recording.name, "; ".join(reasons))
    notes: list[str] = []
    if rate != processing.sample_rate:
        notes.append(f"resampled from {rate} Hz")
        wave = resample(wave, rate, processing.sample_rate)
    if processing.gate:
        wave = gate_noise(wave, processing.sample_rate, processing.gate)
    if processing.trim:
        wave = trim_silence(wave, processing.sample_rate)
    seconds = len(wave) / processing.sample_rate
    if seconds < processing.minimum_seconds:
        reason = f"lasts {seconds:.2f} s without its silence; the least is {processing.minimum_seconds:g} s"
        return Skipped(recording.name, reason)
    if processing.level is not None:
        wave = to_level(wave, processing.sample_rate, processing.level)
    pieces = 1 if processing.maximum_seconds is None else math.ceil(seconds / processing.maximum_seconds)
    if pieces > 1:
        notes.append(f"cut into pieces of at most {processing.maximum_seconds:g} s")
    return Usable(np.array_split(to_samples(wave), pieces), notes)

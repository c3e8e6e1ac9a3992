"""A stand-in for speech in tests: every symbol is a sound of its own, with known boundaries."""

from __future__ import annotations

import zlib

import numpy as np

from toolkit.data.source import Array
from toolkit.speech.text.characters import MARKS
from toolkit.speech.voice.units import START, Units

_PITCH = (110.0, 180.0)  # Hz of the first and second speaker; the third begins again


def speak_tones(units: Units, sample_rate: int, random: np.random.Generator, speaker: int = 0) -> tuple[Array, Array]:
    """A wave, float32 [T], and the sample at which each unit begins, float64 [N].

    A symbol is a buzz at the speaker's pitch through two resonances that a hash of the symbol decides; marks and the
    start are silence. Lengths vary by a tenth.
    """
    pitch = _PITCH[speaker % len(_PITCH)]
    pieces: list[Array] = []
    starts: list[int] = []
    phase = 0.0
    for symbol in units.symbols:
        digest = zlib.crc32(symbol.encode())
        starts.append(sum(len(piece) for piece in pieces))
        silent = symbol in MARKS or symbol == START
        seconds = (0.1 if silent else 0.05 + 0.06 * (digest % 97) / 96) * random.uniform(0.9, 1.1)
        time = np.arange(int(seconds * sample_rate)) / sample_rate
        if silent:
            pieces.append(1e-3 * random.standard_normal(len(time)))
            continue
        centres = 300 + 500 * (digest // 97 % 8) / 7, 1000 + 2500 * (digest // 776 % 16) / 15
        harmonics = np.arange(1, int(4000 / pitch))
        strength = sum(np.exp(-(((harmonics * pitch - centre) / 120) ** 2)) for centre in centres) + 1e-3
        buzz = np.sin(2 * np.pi * (pitch * time[:, None] + phase) * harmonics) @ strength
        phase += pitch * len(time) / sample_rate
        pieces.append(0.1 * buzz + 1e-3 * random.standard_normal(len(time)))
    return np.concatenate(pieces).astype(np.float32), np.array(starts, dtype=np.float64)

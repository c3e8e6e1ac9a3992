"""Where the units of a recording should lie, by another voice that reads the same text and tells when it says what.

espeak-ng says every text and reports the time of every phone. Dynamic time warping (Sakoe and Chiba 1978) lays its
spectrogram along the recording's, and carries the times over. That is rough, but never a sentence off: a beginning for
an aligner that has too few recordings to find its way from the diagonal.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from toolkit.data.prepare import written
from toolkit.data.source import Array
from toolkit.engine.cache import cache_folder
from toolkit.errors import require
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.espeak_library import Espeak
from toolkit.speech.files import resample
from toolkit.speech.level import to_level
from toolkit.speech.segments import FULL_SCALE
from toolkit.speech.voice.feature_cache import KIND
from toolkit.speech.voice.frames import FrameMeasurer
from toolkit.speech.voice.true_times import true_starts
from toolkit.speech.voice.units import Units

_log = logging.getLogger(__name__)

UNKNOWN = -1.0
"""Expected start of units of a sample about which nothing is known."""

_KNOWN_SHARE = 0.3  # of the units, whose phone espeak-ng has to have said too
_VERSION = 1  # of what is kept; another one makes it stale


def expected_starts(recorded_TM: Array, read_TM: Array, starts_N: Array) -> Array:
    """The frame of a recording at which each unit should begin, float32 [N], never falling.

    Args:
        recorded_TM: log-mels of the recording.
        read_TM: of the other voice.
        starts_N: the frame at which the other voice begins each unit; NaN where that is not known.

    Returns:
        `UNKNOWN` for all where too little is known.
    """
    known = np.isfinite(starts_N)
    if known.mean() < _KNOWN_SHARE:
        return np.full(len(starts_N), UNKNOWN, dtype=np.float32)
    sequence: Any = require("librosa.sequence", "speech", "Alignment by dynamic time warping")
    _, path = sequence.dtw(_shape(read_TM).T, _shape(recorded_TM).T, metric="cosine")
    path = path[::-1]
    first = np.searchsorted(path[:, 0], np.arange(len(read_TM)))  # where the path meets each frame of the reading
    places = path[first, 1].astype(np.float64)
    units = np.arange(len(starts_N))
    starts = np.interp(units, units[known], np.clip(starts_N[known], 0, len(read_TM) - 1))
    found = np.interp(starts, np.arange(len(read_TM)), places)
    return np.maximum.accumulate(found).astype(np.float32)


class Bootstrap:
    """Expected beginnings of the units of recordings, by espeak-ng (extra `espeak`).

    Args:
        voice: of espeak-ng, with a variant if one likes: `en-us`, `en-us+f2`, `de`.
        format: of the recordings.
        cache: keep what was found on disk.

    Raises:
        MissingExtraError: espeak-ng is not installed.
    """

    def __init__(self, voice: str, format: AudioFormat, cache: bool = True) -> None:
        self.voice = voice
        self.format = format
        self.cache = cache

    def starts(self, texts: Sequence[str], units: Sequence[Units], mels: Sequence[Array]) -> list[Array]:
        """`expected_starts` of each recording.

        Args:
            texts: as they were written.
            units: of each text.
            mels: log-mels [T, M] of each recording.

        Raises:
            ConfigError: espeak-ng has no such voice.
        """
        file = cache_folder(KIND) / f"{self._name(texts, units, mels)}-starts.npz"
        if self.cache and file.is_file():
            with suppress(OSError, ValueError, KeyError), np.load(file, allow_pickle=False) as stored:
                return list(np.split(stored["starts"], stored["ends"][:-1]))
        _log.info("aligning %d recordings with readings by espeak-ng", len(texts))
        espeak, measurer = Espeak(), FrameMeasurer(self.format)
        try:
            found = [self._expected(espeak, measurer, *one) for one in zip(texts, units, mels, strict=True)]
        finally:
            espeak.close()
        if self.cache:
            file.parent.mkdir(parents=True, exist_ok=True)
            ends = np.cumsum([len(one) for one in found])
            with written(file) as temporary:
                np.savez(temporary, starts=np.concatenate(found), ends=ends)
        return found

    def _expected(self, espeak: Espeak, measurer: FrameMeasurer, text: str, units: Units, mel: Array) -> Array:
        samples, phones = espeak.speak_timed(text, self.voice)
        starts = true_starts(units, phones, len(samples)) * (
            self.format.sample_rate / espeak.sample_rate / self.format.hop_length
        )
        wave = resample(
            samples.astype(np.float32) / np.float32(FULL_SCALE), espeak.sample_rate, self.format.sample_rate
        )
        wave = wave if self.format.level is None else to_level(wave, self.format.sample_rate, self.format.level)
        return expected_starts(mel, measurer.mel(wave), starts)

    def _name(self, texts: Sequence[str], units: Sequence[Units], mels: Sequence[Array]) -> str:
        told = [_VERSION, self.voice, self.format.to_document(), list(texts), [list(one.symbols) for one in units]]
        digest = hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode())
        for mel in mels:
            digest.update(np.ascontiguousarray(mel).tobytes())
        return digest.hexdigest()[:32]


def _shape(mel_TM: Array) -> Array:
    """What two voices have in common: each band less its mean, in standard deviations, and never all nothing."""
    mel = np.asarray(mel_TM, dtype=np.float32)
    scaled = (mel - mel.mean(0)) / np.maximum(mel.std(0), 0.1)
    return np.concatenate([scaled, np.full((len(scaled), 1), 1.0, dtype=np.float32)], 1)

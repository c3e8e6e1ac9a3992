"""Mel spectrograms and pitch of recordings, kept on disk under a name that changes with the recordings' samples."""

from __future__ import annotations

import hashlib
import json
import logging
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from toolkit.data.background import default_threads
from toolkit.data.prepare import written
from toolkit.data.source import Array
from toolkit.engine.cache import cache_folder, keep_within
from toolkit.errors import DataError
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.segments import FULL_SCALE
from toolkit.speech.voice.frames import FrameMeasurer

_log = logging.getLogger(__name__)

KIND = "voice-features"
"""The part of the toolkit's cache that holds features."""
LIMIT_BYTES = 8 * 2**30

_VERSION = 1  # of the features; another one makes all cached files stale


@dataclass(frozen=True, slots=True)
class Features:
    """Features of several recordings, one behind the other.

    Attributes:
        mel: float16 [frames, M], log-mels.
        pitch: float32 [frames], log-Hz, 0 where unvoiced.
        ends: int64 [N], where each recording ends.
    """

    mel: Array
    pitch: Array
    ends: Array

    def of(self, place: int) -> tuple[Array, Array]:
        """Mel [T, M] and pitch [T] of a recording."""
        start = 0 if place == 0 else int(self.ends[place - 1])
        end = int(self.ends[place])
        return self.mel[start:end], self.pitch[start:end]

    def chosen(self, places: Sequence[int]) -> Features:
        """Those of some of the recordings, in the given order; itself where these are all."""
        if list(places) == list(range(len(self.ends))):
            return self
        parts = [self.of(place) for place in places]
        return Features(
            np.concatenate([mel for mel, _ in parts]),
            np.concatenate([pitch for _, pitch in parts]),
            np.cumsum([len(pitch) for _, pitch in parts], dtype=np.int64),
        )


def features_of(recordings: Sequence[Array], format: AudioFormat, cache: bool = True) -> Features:
    """Features of recordings, from the cache or measured now.

    The name of a cached file is a hash of all samples and of the audio format, so features of a changed recording, or
    of other settings, are never taken; a file that an interruption left incomplete is measured anew.

    Args:
        recordings: int16 [T] each.
        format: with the padding `same`.
        cache: look for them, and keep them.
    """
    file = cache_folder(KIND) / f"{_name(recordings, format)}.npz"
    stored = read_features(file, format.mels) if cache else None
    if stored is not None:
        return stored
    measurer = FrameMeasurer(format)

    def measure(audio: Array) -> tuple[Array, Array]:
        wave = (audio / np.float32(FULL_SCALE)).astype(np.float32)
        mel = measurer.mel(wave)
        return mel.astype(np.float16), measurer.pitch(wave, len(mel))

    _log.info("measuring mel spectrograms and pitch of %d recordings", len(recordings))
    with ThreadPoolExecutor(default_threads()) as pool:
        measured = list(pool.map(measure, recordings))
    found = Features(
        np.concatenate([mel for mel, _ in measured]),
        np.concatenate([pitch for _, pitch in measured]),
        np.cumsum([len(mel) for mel, _ in measured], dtype=np.int64),
    )
    if cache:
        _write(file, found)
    return found


def read_features(file: Path, mels: int) -> Features | None:
    """What was stored; `None` where nothing was, or where the file is damaged (checked by CRC-32)."""
    try:
        with np.load(file, allow_pickle=False) as stored:
            found = Features(stored["mel"], stored["pitch"], stored["ends"])
        if found.mel.shape != (len(found.pitch), mels) or int(found.ends[-1]) != len(found.pitch):
            raise ValueError("its parts do not fit each other")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, IndexError, zipfile.BadZipFile) as error:
        _log.warning("the features in %s are damaged (%s) and are measured anew", file, error)
        return None
    with suppress(OSError):
        file.touch()  # what was used last is deleted last
    return found


def _write(file: Path, features: Features) -> None:
    try:
        with written(file) as stream:
            np.savez(stream, mel=features.mel, pitch=features.pitch, ends=features.ends)
    except DataError as error:
        _log.info("features are not kept: %s", error.message)
        return
    keep_within(file.parent, "*.npz", LIMIT_BYTES)


def _name(recordings: Sequence[Array], format: AudioFormat) -> str:
    digest = hashlib.sha256(json.dumps([_VERSION, format.to_document()], sort_keys=True).encode())
    for audio in recordings:
        digest.update(len(audio).to_bytes(8, "little"))
        digest.update(np.ascontiguousarray(audio).view(np.uint8).data)
    return digest.hexdigest()[:32]

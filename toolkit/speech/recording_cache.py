"""Decoded recordings on disk, so that a second start need not decode, resample and level them again."""

from __future__ import annotations

import hashlib
import json
import logging
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.data.prepare import written
from toolkit.data.source import Array, Skipped
from toolkit.engine.cache import cache_folder, keep_within
from toolkit.errors import DataError
from toolkit.speech.collection import Recording

_log = logging.getLogger(__name__)

KIND = "recordings"
"""The part of the toolkit's cache that holds decoded recordings."""
LIMIT_BYTES = 16 * 2**30
"""What was used longest ago is deleted beyond this; 100 hours at 22,050 Hz."""

_VERSION = 1  # of the file and of how recordings are processed; another one makes all cached files stale


@dataclass(slots=True)
class Decoded:
    """Recordings of one data set, ready for training.

    Attributes:
        keys: the identity of each.
        splits: the split of each where the collection fixes it.
        samples: all recordings one behind the other, int16.
        ends: where each ends in `samples`, int64.
        problems: what was left out.
        notes: what was done to those that are used, as sentences.
    """

    keys: list[str]
    splits: list[str | None]
    samples: Array
    ends: Array
    problems: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def audio(self, place: int) -> Array:
        """One recording, int16 [T]; not to be written into."""
        start = 0 if place == 0 else int(self.ends[place - 1])
        return self.samples[start : int(self.ends[place])]

    @classmethod
    def joined(cls, keys: list[str], splits: list[str | None], pieces: list[Array]) -> Decoded:
        """Put recordings one behind the other; the list is emptied, so that memory never holds all of them twice."""
        ends = np.cumsum([len(piece) for piece in pieces], dtype=np.int64)
        samples = np.empty(int(ends[-1]) if len(ends) else 0, dtype=np.int16)
        pieces.reverse()
        for end in ends.tolist():
            piece = pieces.pop()
            samples[end - len(piece) : end] = piece
        samples.flags.writeable = False
        return cls(keys, splits, samples, ends)


def cache_file(recordings: Sequence[Recording], settings: Mapping[str, Any]) -> Path:
    """The file for these recordings, processed like this; any change to a file or a setting gives another name."""
    content = [
        [one.name, one.place.offset, one.place.size, one.place.changed, one.key, one.split] for one in recordings
    ]
    about = json.dumps([_VERSION, content, dict(settings)], sort_keys=True)
    return cache_folder(KIND) / f"{hashlib.sha256(about.encode()).hexdigest()[:32]}.npz"


def read_cache(file: Path) -> Decoded | None:
    """What was stored; `None` where nothing was, or where the file is damaged (checked by CRC-32)."""
    try:
        with np.load(file, allow_pickle=False) as stored:
            about = json.loads(str(stored["about"]))
            samples, ends = stored["samples"], stored["ends"]
        problems = [Skipped(*problem) for problem in about["problems"]]
        decoded = Decoded(about["keys"], about["splits"], samples, ends, problems, about["notes"])
        fits = samples.dtype == np.int16 and len(ends) == len(decoded.keys) == len(decoded.splits)
        if not fits or (len(ends) and int(ends[-1]) != len(samples)):
            raise ValueError("its parts do not fit each other")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        _log.warning("the decoded recordings in %s are damaged (%s) and are made anew", file, error)
        return None
    samples.flags.writeable = False
    with suppress(OSError):
        file.touch()  # what was used last is deleted last
    return decoded


def write_cache(file: Path, decoded: Decoded) -> None:
    """Store recordings; where that is impossible, the next start takes as long as this one."""
    about = {
        "keys": decoded.keys,
        "splits": decoded.splits,
        "problems": [[problem.path, problem.reason] for problem in decoded.problems],
        "notes": decoded.notes,
    }
    try:
        with written(file) as stream:
            np.savez(stream, about=np.array(json.dumps(about)), samples=decoded.samples, ends=decoded.ends)
    except DataError as error:
        _log.info("decoded recordings are not kept: %s", error.message)
        return
    keep_within(file.parent, "*.npz", LIMIT_BYTES)

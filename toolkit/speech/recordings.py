"""Folders of recordings as a data set."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.data.background import default_threads
from toolkit.data.prepare import Progress
from toolkit.data.source import Array, Skipped
from toolkit.errors import ConfigError, DataError, Problem
from toolkit.speech.aligned_mels import read_mels
from toolkit.speech.collection import Collection, Recording, collect
from toolkit.speech.decoding import Processing, decode
from toolkit.speech.recording_cache import Decoded, cache_file, read_cache, write_cache

_log = logging.getLogger(__name__)

_SHOWN = 5


class Recordings:
    """Recordings of any common format in one or several folders, with or without texts beside them.

    Files lie anywhere below a folder, or in uncompressed `.tar` archives directly in it, which are read as if they were
    unpacked. Each is decoded once, mixed to mono, resampled, gated, trimmed, levelled and kept in memory as 16-bit
    samples (158 MB an hour at 22,050 Hz), and on disk for the next start. What cannot be used (damaged, silent, too
    short, not finite, ...) is left out and listed in `problems`.

    *Splits.* Where the first sub folders are called `train` and `test` (or `validation`, ...) and nothing else, they
    are the splits. Otherwise text files in the folder such as `val-ids.txt` or `test.txt` may name what is held out,
    one recording a line (`toolkit.speech.split_lists`); where there is only one such list it is the test split.

    A sample is `audio`, int16 [T], where 32768 stands for 1.0, and with mels `mel`, float32 [M, T // hop_length], where
    T is a multiple of the hop.

    Args:
        path: the folder, or several, or names of data sets that were prepared (`toolkit prepare`).
        sample_rate: in Hz; recordings of another rate are resampled.
        level: loudness in LUFS (ITU-R BS.1770-4) to which each recording is brought; `null` leaves it.
        trim: cut silence off both ends.
        gate: strength of the spectral gate against steady noise such as hiss, 0 (none) to 1; needs the extra `denoise`.
            Against hiss that is less than 40 dB quieter than the voice, as trimming finds no silence in it either.
        minimum_seconds: shorter recordings are left out, also when trimming made them so.
        maximum_seconds: longer recordings are cut into equal pieces no longer than this; `null` keeps them whole.
        mels: a folder of predicted mel spectrograms, `<key>.npy`, for fine-tuning on what an acoustic model really
            gives. Recordings without a fitting one are left out.
        hop_length: samples per frame of these mels.
        cache: keep the decoded recordings on disk.

    Attributes:
        classes: none.
        problems: what was left out, and why.
        note: what was done to the recordings that are used; empty where nothing is worth saying.
        seconds: length of each recording.
        weights: length of each recording over the mean length: training meets every second equally often.

    Raises:
        ConfigError: a number is out of range.
        DataError: there is no such folder, or it holds no usable recording.
    """

    classes: tuple[str, ...] = ()

    def __init__(
        self,
        path: str | list[str],
        sample_rate: int = 22050,
        level: float | None = -23.0,
        trim: bool = True,
        gate: float = 0.0,
        minimum_seconds: float = 0.3,
        maximum_seconds: float | None = None,
        mels: str | None = None,
        hop_length: int = 256,
        cache: bool = True,
    ) -> None:
        paths = [path] if isinstance(path, str) else list(path)
        _check(paths, sample_rate, level, gate, minimum_seconds, maximum_seconds, hop_length)
        self.sample_rate = sample_rate
        self.level = level
        self.hop_length = hop_length
        collection = collect(paths)
        processing = Processing(sample_rate, level, trim, gate, minimum_seconds, maximum_seconds)
        decoded = _cached(collection.recordings, processing, cache)
        self.problems: list[Skipped] = [*collection.problems, *decoded.problems]
        self.note = "; ".join(decoded.notes)
        if not decoded.keys:
            raise _unusable(collection, self.problems)
        self._decoded = decoded
        self._places = list(range(len(decoded.keys)))
        self._mels: dict[str, Array] = {}
        lengths = np.diff(decoded.ends, prepend=0)
        if mels is not None:
            folder = Path(mels).expanduser()
            self._mels, missing = read_mels(folder, decoded.keys, lengths.tolist(), hop_length)
            self.problems.extend(missing)
            self._places = [place for place in self._places if decoded.keys[place] in self._mels]
        self.seconds: Array = lengths[self._places] / sample_rate
        self.weights: Array = self.seconds / self.seconds.mean()

    def __len__(self) -> int:
        return len(self._places)

    def key(self, index: int) -> str:
        """The path below the folder without ending, behind the folder's name where there are several folders."""
        return self._decoded.keys[self._places[index]]

    def split_of(self, index: int) -> str | None:
        """The split that the collection fixes, by folders or lists."""
        return self._decoded.splits[self._places[index]]

    def __getitem__(self, index: int) -> dict[str, Any]:
        audio_T = self._decoded.audio(self._places[index])
        if not self._mels:
            return {"audio": audio_T}
        mel_MT = self._mels[self.key(index)]
        frames = min(mel_MT.shape[1], len(audio_T) // self.hop_length)
        return {"audio": audio_T[: frames * self.hop_length], "mel": mel_MT[:, :frames]}

    @classmethod
    def prepare(
        cls,
        source: Path | None = None,
        destination: Path | None = None,
        progress: Progress | None = None,
        path: str | list[str] | None = None,
    ) -> Path:
        """Put the recordings to where a recipe looks for them; see `toolkit.speech.preparing.prepare_recordings`."""
        from toolkit.speech.preparing import prepare_recordings  # only `toolkit prepare` needs it

        return prepare_recordings(path, source, destination)


def _cached(recordings: Sequence[Recording], processing: Processing, cache: bool) -> Decoded:
    """The recordings from the cache, else decoded and put there."""
    file = cache_file(recordings, processing.settings())
    stored = read_cache(file) if cache else None
    if stored is not None:
        return stored
    decoded = _decode_all(recordings, processing)
    if cache and decoded.keys:
        write_cache(file, decoded)
    return decoded


def _decode_all(recordings: Sequence[Recording], processing: Processing) -> Decoded:
    _log.info("decoding %d recordings", len(recordings))
    with ThreadPoolExecutor(default_threads()) as pool:
        results = list(pool.map(lambda recording: decode(recording, processing), recordings))
    keys: list[str] = []
    splits: list[str | None] = []
    pieces: list[Array] = []
    problems: list[Skipped] = []
    notes: Counter[str] = Counter()
    for recording, result in zip(recordings, results, strict=True):
        if isinstance(result, Skipped):
            problems.append(result)
            continue
        notes.update(result.notes)
        several = len(result.pieces) > 1
        for number, piece in enumerate(result.pieces, 1):
            keys.append(f"{recording.key}/{number:04}" if several else recording.key)
            splits.append(recording.split)
            pieces.append(piece)
    del results  # `joined` empties the list of pieces, so that memory never holds all of them twice
    decoded = Decoded.joined(keys, splits, pieces)
    decoded.problems = problems
    decoded.notes = [f"{count} of {len(recordings)} {words}" for words, count in notes.most_common()]
    return decoded


def _unusable(collection: Collection, problems: Sequence[Skipped]) -> DataError:
    shown = [f"{problem.path}: {problem.reason}" for problem in problems[:_SHOWN]]
    more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
    where = " and ".join(map(str, collection.folders))
    return DataError(
        f"{where} holds no usable recording; {len(collection.recordings)} were left out:"
        + "".join(f"\n  {line}" for line in [*shown, *more]),
        "give recordings that can be decoded, are not silent, and are longer than minimum_seconds",
    )


def _check(
    paths: Sequence[str],
    sample_rate: int,
    level: float | None,
    gate: float,
    minimum_seconds: float,
    maximum_seconds: float | None,
    hop_length: int,
) -> None:
    problems = []
    if not paths:
        problems.append(Problem("path", "is empty; name a folder"))
    if not 4000 <= sample_rate <= 192_000:
        problems.append(Problem("sample_rate", f"is {sample_rate}; it must lie between 4000 and 192000 Hz"))
    if level is not None and not -70 < level <= -5:
        problems.append(Problem("level", f"is {level}; it must lie between -70 and -5 LUFS, or be null"))
    if not 0 <= gate <= 1:
        problems.append(Problem("gate", f"is {gate}; it must lie between 0 (none) and 1"))
    if not 0 < minimum_seconds < float("inf"):
        problems.append(Problem("minimum_seconds", f"is {minimum_seconds}; it must be above 0"))
    elif maximum_seconds is not None and not maximum_seconds >= 2 * minimum_seconds:
        least = 2 * minimum_seconds
        problems.append(Problem("maximum_seconds", f"is {maximum_seconds}; it must be at least {least:g}, or null"))
    if hop_length < 1:
        problems.append(Problem("hop_length", f"is {hop_length}; it must be at least 1"))
    if problems:
        raise ConfigError(problems)

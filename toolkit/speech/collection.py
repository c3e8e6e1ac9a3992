"""Which recordings a folder holds: as files, or in tar archives that are read without unpacking."""

from __future__ import annotations

import re
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path, PurePosixPath

from toolkit.data.layout import Layout
from toolkit.data.listing import Listing
from toolkit.data.prepare import data_folder
from toolkit.data.source import SampleError, Skipped
from toolkit.errors import DataError
from toolkit.speech.files import EXTENSIONS, list_audio, recording_keys
from toolkit.speech.split_lists import listed_splits, split_lists


@dataclass(frozen=True, slots=True)
class Place:
    """Where the bytes of a recording lie.

    Attributes:
        file: the audio file, or the archive that holds it.
        offset: where it begins in the archive; -1 outside archives.
        size: its bytes.
        changed: when the file or the archive was last written, in nanoseconds.
    """

    file: Path
    offset: int
    size: int
    changed: int


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording, not yet read.

    Attributes:
        key: its path below the folder without ending, behind the folder's name where there are several folders.
        name: the same with ending, for messages.
        place: where its bytes lie.
        split: `train`, `validation` or `test` where the collection fixes it.
    """

    key: str
    name: str
    place: Place
    split: str | None = None

    @property
    def size(self) -> int:
        """Its bytes, compressed as it lies there."""
        return self.place.size

    @contextmanager
    def as_file(self) -> Iterator[Path]:
        """A file to be read; one from an archive exists only inside the block.

        Raises:
            SampleError: the archive cannot be read any more.
        """
        place = self.place
        if place.offset < 0:
            yield place.file
            return
        with tempfile.TemporaryDirectory(prefix="toolkit-recording-") as folder:
            unpacked = Path(folder) / f"recording{PurePosixPath(self.name).suffix}"
            try:
                with place.file.open("rb") as archive:  # opened anew: threads must not share a position
                    archive.seek(place.offset)
                    unpacked.write_bytes(archive.read(place.size))
            except OSError as error:
                raise SampleError(self.name, f"cannot be read from {place.file}: {error.strerror or error}") from error
            yield unpacked


@dataclass(slots=True)
class Collection:
    """The recordings of one or several folders, in the order of their keys.

    Attributes:
        folders: where they lie.
        recordings: what was found.
        problems: archives that are damaged, names that occur twice.
    """

    folders: list[Path] = field(default_factory=list)
    recordings: list[Recording] = field(default_factory=list)
    problems: list[Skipped] = field(default_factory=list)


def collect(paths: list[str]) -> Collection:
    """Find all recordings.

    Args:
        paths: folders, or names of data sets in `$TOOLKIT_DATA` or in the user's cache folder.

    Raises:
        DataError: a folder does not exist, holds no recordings, or is given twice.
    """
    found = Collection(folders=[find_folder(path) for path in paths])
    if len({folder.resolve() for folder in found.folders}) < len(found.folders):
        raise DataError(f"a folder is given twice: {', '.join(map(str, found.folders))}", "give each folder once")
    prefixes = _prefixes(found.folders)
    for folder, prefix in zip(found.folders, prefixes, strict=True):
        before = len(found.recordings)
        _add(found, folder, prefix)
        if len(found.recordings) == before:
            damaged = "".join(f"\n  {problem.path}: {problem.reason}" for problem in found.problems[:5])
            raise DataError(
                f"{folder} holds no recordings{damaged}",
                "check the path, and that the files are WAV, FLAC, OGG, MP3, OPUS or AIFF, or in .tar archives",
            )
    found.recordings.sort(key=lambda recording: recording.key)
    return found


def find_folder(path: str) -> Path:
    """The folder that a path or the name of a data set means.

    Raises:
        DataError: there is none.
    """
    folder = Path(path).expanduser()
    if folder.is_dir():
        return folder
    if folder.exists():
        raise DataError(f"{folder} is a file, not a folder", "give the folder that holds the recordings")
    named = is_name(path)
    prepared = data_folder(path) if named else folder
    if named and prepared.is_dir():
        return prepared
    raise DataError(
        f"there is no folder {folder}" + (f", and no data set of that name at {prepared}" if named else ""),
        "check the path" + ("; or bring the data set here: toolkit prepare RECIPE --from DIR" if named else ""),
    )


def is_name(path: str) -> bool:
    """Whether a path could be the name of a data set.

    >>> is_name("kathleen-22k"), is_name("data/kathleen"), is_name(".")
    (True, False, False)
    """
    return re.fullmatch(r"[A-Za-z0-9][\w.-]*", path) is not None


def _prefixes(folders: list[Path]) -> list[str]:
    """What comes before the keys of each folder: nothing, or names that differ."""
    if len(folders) == 1:
        return [""]
    parts = [folder.resolve().parts for folder in folders]
    for depth in range(1, max(map(len, parts)) + 1):
        names = ["/".join(part[-depth:]).lstrip("/") for part in parts]
        if len(set(names)) == len(names):
            break
    return [f"{name}/" for name in names]


def _add(found: Collection, folder: Path, prefix: str) -> None:
    """The recordings of one folder."""
    listing = list_audio(folder)
    found.problems.extend(Skipped(f"{prefix}{problem.path}", problem.reason) for problem in listing.problems)
    places: dict[str, Place] = {}
    for name, place in chain(_in_files(listing, prefix, found.problems), _in_archives(folder, prefix, found.problems)):
        first = places.setdefault(name, place)
        if first is not place:
            where = "the folder" if first.offset < 0 else first.file.name
            found.problems.append(Skipped(f"{prefix}{place.file.name}/{name}", f"is in {where} as well"))
    keys = recording_keys(list(places))
    layout = Layout(keys)
    listed = {} if layout.fixes_splits else listed_splits(keys, split_lists(folder))
    for key, (name, place) in zip(keys, places.items(), strict=True):
        split = listed.get(key) or layout.split_of(key)
        found.recordings.append(Recording(f"{prefix}{key}", f"{prefix}{name}", place, split))


def _in_files(listing: Listing, prefix: str, problems: list[Skipped]) -> Iterator[tuple[str, Place]]:
    for name, path in listing.files:
        try:
            status = path.stat()
        except OSError as error:
            problems.append(Skipped(f"{prefix}{name}", f"cannot be opened: {error.strerror or error}"))
            continue
        yield name, Place(path, -1, status.st_size, status.st_mtime_ns)


def _in_archives(folder: Path, prefix: str, problems: list[Skipped]) -> Iterator[tuple[str, Place]]:
    """The recordings in the tar archives directly in the folder, by the names they would have unpacked there."""
    for file in sorted(folder.glob("*.tar")):
        try:
            status = file.stat()
            with tarfile.open(file, "r:") as archive:
                for member in archive:
                    path = PurePosixPath(member.name)
                    hidden = any(part.startswith(".") for part in path.parts)
                    if not member.isreg() or hidden or path.suffix.lower() not in EXTENSIONS:
                        continue
                    if member.offset_data + member.size > status.st_size:
                        problems.append(Skipped(f"{prefix}{path}", f"is cut off, as {file.name} is truncated"))
                        continue
                    yield path.as_posix(), Place(file, member.offset_data, member.size, status.st_mtime_ns)
        except (tarfile.TarError, EOFError) as error:
            reason = f"the archive is truncated or damaged ({error}); what comes before is used"
            problems.append(Skipped(f"{prefix}{file.name}", reason))
        except OSError as error:
            problems.append(Skipped(f"{prefix}{file.name}", f"cannot be opened: {error.strerror or error}"))

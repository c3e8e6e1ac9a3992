"""Filling a library from a folder of pictures: with progress, and going on where it was interrupted."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

from toolkit.data.listing import list_pictures
from toolkit.data.source import Skipped
from toolkit.errors import DataError
from toolkit.face.entries import NewFace
from toolkit.face.library import FaceLibrary, Progress
from toolkit.face.reading import FaceReader

PersonOf: TypeAlias = Callable[[str], str | None]
"""Who a picture shows, from its path below the folder, with `/` between its parts; `None`: not known."""

_TOGETHER = 32  # faces that are stored at once: what an interruption may cost


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a folder.

    Attributes:
        added: ids of the new faces.
        known: number of pictures that the library had already.
        skipped: pictures that were left out, and why.
        note: a sentence about files that were passed over; may be empty.
    """

    added: list[int] = field(default_factory=list)
    known: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        skipped = [{"path": one.path, "reason": one.reason} for one in self.skipped]
        return {"added": self.added, "known": self.known, "skipped": skipped, "note": self.note}


def by_folder(key: str) -> str | None:
    """The first sub folder is the person; pictures directly in the folder show somebody unknown."""
    first, separator, _ = key.partition("/")
    return first if separator else None


def by_name(key: str) -> str | None:
    """The name of the file up to its last `_` or `-` is the person, such as `anna` of `anna_03.jpg`."""
    stem = PurePosixPath(key).stem
    return re.sub(r"[_-][^_-]*$", "", stem) or stem


def unknown(key: str) -> str | None:
    """Nobody knows who it is; every picture may show somebody else."""
    return None


def add_folder(
    library: FaceLibrary,
    folder: str | Path,
    reader: FaceReader,
    *,
    licence: str | None = None,
    consent: str | None = None,
    source: str = "",
    person_of: PersonOf = by_folder,
    progress: Progress | None = None,
) -> ImportReport:
    """Add the largest face of every picture in a folder and its sub folders.

    Pictures whose checksum the library knows are passed over, so the same call again goes on where an interrupted one
    stopped. Pictures without a face, or damaged, are left out and listed.

    Args:
        library: opened with its embedder.
        folder: where the pictures are.
        reader: finds and cuts out the faces.
        licence: that all of the pictures are under.
        consent: who agreed to what, for all of them.
        source: where the pictures are from; each face's source is this and its path below the folder.
        person_of: who a picture shows.
        progress: called after every picture.

    Raises:
        DataError: there is no such folder, or it holds no picture.
        LibraryError: the library cannot be written to; what was added before stays.
    """
    listing = list_pictures(folder)
    if not listing.pictures:
        raise DataError(f"{listing.root} holds no pictures", "give a folder with JPEG, PNG or WebP pictures")
    added: list[int] = []
    skipped = list(listing.problems)
    known = 0
    waiting: dict[str, NewFace] = {}
    for number, (key, path) in enumerate(listing.pictures, start=1):
        try:
            checksum = _checksum(path)
            if checksum in waiting or library.knows(checksum):
                known += 1
            else:
                found = reader.read(path, name=key)
                waiting[checksum] = found.to_new(
                    f"{source.rstrip('/')}/{key}" if source else key,
                    person=person_of(key),
                    licence=licence,
                    consent=consent,
                )
        except DataError as error:
            skipped.append(Skipped(key, error.message))
        if len(waiting) == _TOGETHER or (waiting and number == len(listing.pictures)):
            added.extend(library.add(list(waiting.values()), skip_known=True))
            waiting.clear()
        if progress is not None:
            progress(number, len(listing.pictures))
    return ImportReport(added, known, skipped, listing.note)


def _checksum(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            digest = hashlib.sha256()
            while block := stream.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise DataError(f"{path} cannot be opened: {error.strerror}") from error
    return digest.hexdigest()

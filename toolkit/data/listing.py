"""Which pictures, or other files of some formats, a folder holds."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from PIL import Image

from toolkit.data.source import Skipped
from toolkit.errors import DataError

FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "GIF", "BMP", "DIB", "TIFF", "PPM", "JPEG2000", "AVIF", "ICO", "QOI")
"""Formats that are read, as Pillow names them. Vector formats stay out: reading them starts other programs."""


@dataclass(slots=True)
class Listing:
    """What was found in a folder.

    Attributes:
        root: the folder.
        files: `(key, path)` of every file with a wanted extension, in the order of the keys. A key is the path below
            the root, with `/` between its parts and in Unicode's composed form: the same on every system.
        ignored: number of other visible files, by extension.
        hidden: number of files and folders whose name starts with a dot.
        problems: folders that cannot be entered, links to nothing.
    """

    root: Path
    files: list[tuple[str, Path]] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    hidden: int = 0
    problems: list[Skipped] = field(default_factory=list)

    @property
    def pictures(self) -> list[tuple[str, Path]]:
        """The files, where pictures were asked for."""
        return self.files

    @property
    def note(self) -> str:
        """One sentence about the files that were passed over; empty when there are none."""
        parts = [f"{number} {extension or 'without extension'}" for extension, number in self.ignored.most_common()]
        if self.hidden:
            parts.append(f"{self.hidden} hidden")
        return f"ignored in {self.root}: {', '.join(parts)}" if parts else ""


@lru_cache(maxsize=1)
def readable_formats() -> tuple[str, ...]:
    """The formats of `FORMATS` that this Pillow can read."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


@lru_cache(maxsize=1)
def extensions() -> frozenset[str]:
    """File extensions of the readable formats, lower case, with the dot."""
    readable = readable_formats()
    return frozenset(extension for extension, name in Image.registered_extensions().items() if name in readable)


def list_pictures(path: str | Path) -> Listing:
    """All pictures in a folder and its sub folders, see `list_files`.

    Raises:
        DataError: there is no such folder.
    """
    return list_files(path, extensions(), "pictures")


def list_files(path: str | Path, wanted: frozenset[str], what: str) -> Listing:
    """All files of some formats in a folder and its sub folders; links are followed, each folder is entered once.

    Args:
        path: the folder; `~` stands for the home folder.
        wanted: extensions of the formats, lower case, with the dot.
        what: what these files are, for the message ("pictures").

    Raises:
        DataError: there is no such folder.
    """
    root = Path(path).expanduser()
    if not root.is_dir():
        wrong = "is a file, not a folder" if root.exists() else "does not exist"
        raise DataError(f"the folder {root} {wrong}", f"give the path of a folder with {what}")
    listing = Listing(root)
    entered: set[tuple[int, int]] = set()

    def refused(error: OSError) -> None:
        listing.problems.append(Skipped(_key(root, str(error.filename)), f"cannot be entered: {error.strerror}"))

    for folder, folders, files in os.walk(root, onerror=refused, followlinks=True):
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in entered:  # a link led back here
            folders.clear()
            continue
        entered.add((status.st_dev, status.st_ino))
        visible = sorted(name for name in folders if not name.startswith(".") and name != "__MACOSX")
        listing.hidden += len(folders) - len(visible)
        folders[:] = visible
        for name in files:
            _add(listing, os.path.join(folder, name), wanted)
    listing.files.sort()
    return listing


def _add(listing: Listing, file: str, wanted: frozenset[str]) -> None:
    name = os.path.basename(file)
    extension = os.path.splitext(name)[1].lower()
    if name.startswith("."):
        listing.hidden += 1
    elif extension not in wanted:
        listing.ignored[extension] += 1
    elif not os.path.isfile(file):  # reading a pipe would wait for ever
        listing.problems.append(Skipped(_key(listing.root, file), "not a regular file, or a link to nothing"))
    else:
        listing.files.append((_key(listing.root, file), Path(file)))


def _key(root: Path, file: str) -> str:
    relative = Path(os.path.relpath(file, root)).as_posix()
    printable = os.fsencode(relative).decode("utf-8", "backslashreplace")  # names need not be valid text on Linux
    return unicodedata.normalize("NFC", printable)

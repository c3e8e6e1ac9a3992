"""Saving what can be read of a damaged library, into a new one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from toolkit.data.images import decode_image
from toolkit.data.source import SampleError
from toolkit.face import library_file
from toolkit.face.geometry import COUNT
from toolkit.face.library_file import COLUMNS, LibraryDamagedError, LibraryError

_NAMES = ", ".join(["id", *(name for name, _ in COLUMNS)])
_AT_ONCE = 256
_SMALLEST_ROW = 1000  # bytes: landmarks and a tiny picture


@dataclass(frozen=True, slots=True)
class Rescued:
    """What was saved.

    Attributes:
        kept: number of faces in the new library.
        damaged: ids of faces whose pages could be read, but not their content.
        embedder: of the new library; `None`: it was lost, so embed the library anew.
    """

    kept: int
    damaged: tuple[int, ...]
    embedder: str | None

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {"kept": self.kept, "damaged": list(self.damaged), "embedder": self.embedder}


def rescue(damaged: str | Path, new: str | Path) -> Rescued:
    """Copy every face that can still be read into a new library; the damaged file is not changed.

    Args:
        damaged: the library.
        new: the file to make.

    Raises:
        LibraryError: there is a file at `new` already, or none at `damaged`.
        LibraryDamagedError: nothing can be read; the new file is not made.
    """
    old, target = Path(damaged).expanduser(), Path(new).expanduser()
    if not old.is_file():
        raise LibraryError(f"there is no file at {old}", "give the path of the damaged library")
    if target.exists():
        raise LibraryError(f"there is a file at {target} already", "give the path of a file that does not exist")
    connection = library_file.connect(target, create=True, read_only=False)
    try:
        with closing(connection), _open(old) as source:
            result = _copy(source, connection, old)
    except BaseException:
        for ending in ("", "-wal", "-shm"):
            target.with_name(target.name + ending).unlink(missing_ok=True)
        raise
    return result


def _open(old: Path) -> closing[sqlite3.Connection]:
    """Read the file and the log beside it, where that can be done without writing."""
    address = f"file:{quote(str(old.resolve()))}?mode=ro"
    for options in ("", "&immutable=1"):
        connection = sqlite3.connect(address + options, uri=True)
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        try:
            connection.execute("PRAGMA writable_schema = ON")  # otherwise a file that was cut off is refused whole
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error:
            connection.close()
            continue
        return closing(connection)
    raise LibraryDamagedError(f"nothing of {old} can be read", "take a copy of the library")


def _copy(source: sqlite3.Connection, connection: sqlite3.Connection, old: Path) -> Rescued:
    facts: dict[str, str] = {}
    with suppress(sqlite3.Error):
        facts = dict(source.execute("SELECT name, value FROM facts").fetchall())
    kept = 0
    spoilt: list[int] = []
    lengths: dict[int, int] = {}
    connection.execute("BEGIN IMMEDIATE")
    for row in _readable(source, 1, _last(source, old)):
        if not _whole(row):
            spoilt.append(row[0])
            continue
        places = ", ".join("?" * len(row))
        query = f"INSERT INTO faces ({_NAMES}) VALUES ({places}) ON CONFLICT (sha256, face) DO NOTHING"
        added = connection.execute(query, row).rowcount
        kept += added
        lengths[len(row[9])] = lengths.get(len(row[9]), 0) + added
    if not kept:
        connection.execute("ROLLBACK")
        raise LibraryDamagedError(f"no face of {old} can be read", "take a copy of the library")
    dimensions = max(lengths, key=lambda length: lengths[length]) // 2
    embedder = facts.get("embedder") if facts.get("dimensions") == str(dimensions) and len(lengths) == 1 else None
    made_by = [("embedder", embedder or "unknown"), ("dimensions", str(dimensions))]
    connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", made_by)
    connection.execute("COMMIT")
    return Rescued(kept, tuple(spoilt), embedder)


def _last(source: sqlite3.Connection, old: Path) -> int:
    """The highest id, or one that is surely higher."""
    for query in ("SELECT max(id) FROM faces", "SELECT seq FROM sqlite_sequence WHERE name = 'faces'"):
        with suppress(sqlite3.Error):
            row = source.execute(query).fetchone()
            if row and row[0]:
                return int(row[0])
    return 10 * (old.stat().st_size // _SMALLEST_ROW + 1)


def _readable(source: sqlite3.Connection, first: int, last: int) -> Iterator[tuple[Any, ...]]:
    """The rows of a range of ids that can be read: halved wherever something cannot."""
    ranges = [(start, min(start + _AT_ONCE - 1, last)) for start in range(first, last + 1, _AT_ONCE)][::-1]
    while ranges:
        low, high = ranges.pop()
        try:
            query = f"SELECT {_NAMES} FROM faces WHERE id BETWEEN ? AND ?"
            rows = source.execute(query, [low, high]).fetchall()
        except sqlite3.Error:
            if low < high:
                middle = (low + high) // 2
                ranges.extend([(middle + 1, high), (low, middle)])
            continue
        yield from rows


def _whole(row: tuple[Any, ...]) -> bool:
    """Whether the content of a row is what it should be; the picture carries a checksum of its own."""
    landmarks, embedding, crop = row[8], row[9], row[10]
    blobs = all(isinstance(blob, bytes) for blob in (landmarks, embedding, crop))
    if not blobs or len(landmarks) != COUNT * 8 or not embedding or len(embedding) % 2:
        return False
    try:
        decode_image(crop, "RGB")
    except SampleError:
        return False
    return True

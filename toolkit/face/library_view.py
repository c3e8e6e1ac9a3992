"""Reading a library of faces."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from toolkit.data.images import Pixels, decode_image
from toolkit.face import library_file
from toolkit.face.entries import Entry, Where, absent
from toolkit.face.geometry import COUNT
from toolkit.face.networks import Halves

Ids: TypeAlias = npt.NDArray[np.int64]

_View = TypeVar("_View", bound="LibraryView")

_DESCRIBED = ("id", "person", "source", "licence", "consent", "sha256", "face", "added")
_DESCRIBING = ", ".join([*_DESCRIBED, "landmarks"])
_PAGE = 500


@dataclass(frozen=True, slots=True)
class VectorTable:
    """All vectors of a library at one moment.

    Attributes:
        state: of the library at that moment; see `LibraryView.state`.
        ids: int64 [N], in order.
        vectors: float16 [N, D], of unit length up to rounding; may not be written to.
    """

    state: str
    ids: Ids
    vectors: Halves


class LibraryView:
    """A library as it is read. `FaceLibrary` adds what changes it.

    Args:
        path: the file.
        connection: to it.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._lock = threading.RLock()

    def close(self) -> None:
        """Close the file; SQLite's own two beside it vanish with the last program that has it open."""
        with self._lock:
            self._connection.close()

    def __enter__(self: _View) -> _View:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return int(self._rows("SELECT count(*) FROM faces")[0][0])

    def __iter__(self) -> Iterator[Entry]:
        return self.entries()

    def __contains__(self, id_: object) -> bool:
        return isinstance(id_, int) and bool(self._rows("SELECT 1 FROM faces WHERE id = ?", [id_]))

    def __getitem__(self, id_: int) -> Entry:
        rows = self._rows(f"SELECT {_DESCRIBING} FROM faces WHERE id = ?", [id_])
        if not rows:
            raise absent(id_, self.path)
        return _entry(rows[0])

    def entries(self, where: Where | None = None) -> Iterator[Entry]:
        """The entries that are meant, in the order of their ids; the library may change meanwhile."""
        condition, values = (where or Where()).sql()
        last = 0
        while rows := self._rows(
            f"SELECT {_DESCRIBING} FROM faces WHERE id > ? AND {condition} ORDER BY id LIMIT {_PAGE}", [last, *values]
        ):
            for row in rows:
                yield _entry(row)
            last = rows[-1][0]

    def ids(self, where: Where | None = None) -> Ids:
        """The ids that are meant, in order, int64 [N]."""
        condition, values = (where or Where()).sql()
        rows = self._rows(f"SELECT id FROM faces WHERE {condition} ORDER BY id", values)
        return np.array([row[0] for row in rows], dtype=np.int64)

    def people(self) -> dict[int, str]:
        """Who a face shows, by its id, where that is known."""
        return dict(self._rows("SELECT id, person FROM faces WHERE person IS NOT NULL"))

    def knows(self, sha256: str) -> bool:
        """Whether a face of that file is in the library."""
        return bool(self._rows("SELECT 1 FROM faces WHERE sha256 = ? LIMIT 1", [sha256]))

    def crop(self, id_: int) -> Pixels:
        """The picture of a face, uint8 [S, S, 3].

        Raises:
            LibraryError: there is no such face.
        """
        return decode_image(self.crop_png(id_), "RGB", name=f"face {id_} of {self.path}")

    def crop_png(self, id_: int) -> bytes:
        """The picture of a face as a PNG file.

        Raises:
            LibraryError: there is no such face.
        """
        rows = self._rows("SELECT crop FROM faces WHERE id = ?", [id_])
        if not rows:
            raise absent(id_, self.path)
        return bytes(rows[0][0])

    def vectors(self) -> VectorTable:
        """All vectors.

        Raises:
            LibraryDamagedError: a vector has another length than the others.
        """
        with self._one_moment():
            state, dimensions = self.state(), self.dimensions
            rows = self._rows("SELECT id, embedding FROM faces ORDER BY id")
        if any(len(row[1]) != 2 * dimensions for row in rows):
            raise library_file.damaged(self.path, "some vectors have another length than the library's")
        joined = np.frombuffer(b"".join(row[1] for row in rows), dtype="<f2").reshape(len(rows), dimensions)
        ids = np.array([row[0] for row in rows], dtype=np.int64)
        return VectorTable(state, ids, joined.astype(np.float16, copy=False))

    @property
    def embedder_id(self) -> str | None:
        """Which embedder made the vectors; `None` while nothing was added."""
        return self._facts().get("embedder")

    @property
    def dimensions(self) -> int:
        """Length of a vector; 0 while nothing was added."""
        return int(self._facts().get("dimensions", 0))

    @property
    def name(self) -> str:
        """A random text that the library was given when it was made, and keeps for life."""
        return self._facts()["name"]

    def state(self) -> str:
        """A text that is another one after every change of a face: what an index was made of."""
        facts = self._facts()
        return f"{facts['name']}-{facts['changes']}"

    def statistics(self) -> dict[str, Any]:
        """Counts as plain values: faces, people, usable ones, by licence, embedder, size of the file in bytes."""
        usable = Where(usable=True).sql()[0]
        faces, people, used = self._rows(
            f"SELECT count(*), count(DISTINCT person), coalesce(sum({usable}), 0) FROM faces"
        )[0]
        licences = self._rows("SELECT licence, count(*) FROM faces GROUP BY licence ORDER BY 2 DESC, 1")
        return {
            "path": str(self.path),
            "faces": faces,
            "people": people,
            "usable_for_generation": used,
            "licences": {licence or "unknown": count for licence, count in licences},
            "embedder": self.embedder_id,
            "dimensions": self.dimensions,
            "bytes": self.path.stat().st_size,
        }

    def check(self) -> None:
        """Read the whole file; opening does it only up to 256 MB.

        Raises:
            LibraryDamagedError: something does not fit.
        """
        with self._lock, library_file.explained(self.path):
            library_file.check(self._connection, self.path)

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._lock, library_file.explained(self.path):
            return self._connection.execute(query, values).fetchall()

    def _facts(self) -> Mapping[str, str]:
        return dict(self._rows("SELECT name, value FROM facts"))

    @contextmanager
    def _one_moment(self) -> Iterator[None]:
        """Several queries that see the same state, whatever others write meanwhile."""
        with self._lock, library_file.explained(self.path):
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("COMMIT")


def _entry(row: Any) -> Entry:
    landmarks = np.frombuffer(row[-1], dtype="<f4").reshape(COUNT, 2).astype(np.float64)
    return Entry(**dict(zip(_DESCRIBED, row[:-1], strict=True)), landmarks=landmarks)

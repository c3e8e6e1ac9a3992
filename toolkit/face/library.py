"""A library of faces in one SQLite file: the truth that every index is made of."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from types import EllipsisType
from typing import Any, TypeAlias

import numpy as np

from toolkit.face import library_file
from toolkit.face.entries import Entry, NewFace, absent
from toolkit.face.library_file import EmbedderMismatchError, LibraryBusyError, LibraryError
from toolkit.face.library_view import LibraryView
from toolkit.face.networks import EMBEDDED_AT_ONCE, Embedder, Halves, embed_crops
from toolkit.face.png import as_png

Progress: TypeAlias = Callable[[int, int], None]
"""Called with how many are done, and of how many."""

INDEX_ENDING = ".usearch"
"""Cache files of an index stand next to the library: its name, a state, this ending."""


class FaceLibrary(LibraryView):
    """Faces with where they are from, what they may be used for, their landmarks and their vectors.

    The file holds aligned crops, never whole photos. Several programs may use it at once: readers never wait, a second
    writer waits up to 10 seconds. Every change is whole or not at all. Close it, or use it in a `with` block.

    Args:
        path: the file; made when it is missing.
        embedder: makes the vectors; needed to add faces. It must be the one that made the library's vectors.
        read_only: write nothing, also no files beside the library.
        create: make the file when it is missing.

    Raises:
        LibraryError: it cannot be opened; see `toolkit.face.library_file.connect`.
        EmbedderMismatchError: its vectors were made by another embedder.
    """

    def __init__(
        self, path: str | Path, embedder: Embedder | None = None, *, read_only: bool = False, create: bool = True
    ) -> None:
        file = Path(path).expanduser()
        super().__init__(file, library_file.connect(file, create=create, read_only=read_only))
        self.embedder = embedder
        self.read_only = read_only
        try:
            if embedder is not None:
                self.must_fit(embedder)
            if not read_only and self._facts()["uncleaned"] == "1":  # a `forget` that was interrupted
                with suppress(LibraryBusyError):
                    self._clean()
        except BaseException:
            self.close()
            raise

    def add(self, faces: NewFace | Sequence[NewFace], *, skip_known: bool = False) -> list[int]:
        """Add faces, all or none of them.

        Args:
            faces: one or several; their vectors are made here.
            skip_known: pass over faces that are in the library already (the same file, by its checksum).

        Returns:
            The ids of those that were added.

        Raises:
            DataError: a face is not as described.
            LibraryError: one is in the library already and `skip_known` is not set, or there is no embedder.
            EmbedderMismatchError: another program filled the library with another embedder's vectors.
        """
        new = [face.checked() for face in ([faces] if isinstance(faces, NewFace) else faces)]
        if self.embedder is None:
            raise LibraryError(f"{self.path} was opened without an embedder, so no face can be added", "give one")
        vectors = embed_crops(self.embedder, [face.crop for face in new])
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        ids = []
        with self._writing() as connection:
            self.must_fit(self.embedder)
            self._remember(embedder=self.embedder.id, dimensions=self.embedder.dimensions)
            for face, vector in zip(new, vectors, strict=True):
                row = (
                    *(face.person, face.source, face.licence, face.consent, face.sha256, face.face, now),
                    *(np.asarray(face.landmarks, dtype="<f4").tobytes(), vector.tobytes(), as_png(face.crop)),
                )
                id_ = _insert(connection, row)
                if id_ is not None:
                    ids.append(id_)
                elif not skip_known:
                    raise LibraryError(
                        f"face {face.face} of {face.source} is in {self.path} already (the same file, by its checksum)",
                        "leave it out, or forget the other one first",
                    )
        return ids

    def update(
        self,
        id_: int,
        *,
        person: str | EllipsisType | None = ...,
        source: str | EllipsisType = ...,
        licence: str | EllipsisType | None = ...,
        consent: str | EllipsisType | None = ...,
    ) -> Entry:
        """Change what is known about a face; what is not given stays.

        Raises:
            LibraryError: there is no such face.
        """
        self.update_many([id_], person=person, source=source, licence=licence, consent=consent)
        return self[id_]

    def update_many(self, ids: Iterable[int], **given: str | EllipsisType | None) -> int:
        """Change what is known about faces, of all or of none of them.

        Args:
            ids: which.
            **given: `person`, `source`, `licence`, `consent`; what is `...` or left out stays.

        Returns:
            How many were changed.

        Raises:
            LibraryError: one does not exist.
        """
        foreign = set(given) - {"person", "source", "licence", "consent"}
        if foreign:
            raise LibraryError(f"faces have no {', '.join(sorted(foreign))} that could be changed")
        changed = {name: value for name, value in given.items() if value is not ...}
        wanted = list(dict.fromkeys(ids))
        with self._writing() as connection:
            for id_ in wanted:
                if id_ not in self:
                    raise absent(id_, self.path)
                for name, value in changed.items():
                    connection.execute(f"UPDATE faces SET {name} = ? WHERE id = ?", [value, id_])
        return len(wanted)

    def delete(self, ids: int | Iterable[int]) -> int:
        """Remove faces from the library; all or none of them. See `forget` for what the law may ask for.

        Returns:
            How many were removed.

        Raises:
            LibraryError: one does not exist.
        """
        wanted = [ids] if isinstance(ids, int) else [int(one) for one in ids]
        with self._writing() as connection:
            self._delete(connection, wanted)
        return len(wanted)

    def forget(self, ids: int | Iterable[int]) -> int:
        """Remove faces so that nothing of them is left: rows, pictures, vectors, and index files made of them.

        Deleted content is overwritten, the write-ahead log is emptied, and the file is written anew without its free
        pages. What copies, backups and the disk itself keep is beyond a program's reach.

        Returns:
            How many were removed.

        Raises:
            LibraryError: one does not exist.
            LibraryBusyError: they are gone from the library, but another program keeps the file from being cleaned;
                that is made up for when the library is opened next.
        """
        wanted = [ids] if isinstance(ids, int) else [int(one) for one in ids]
        with self._writing() as connection:
            self._delete(connection, wanted)
            self._remember(uncleaned=1)
        try:
            self._clean()
        except LibraryBusyError as error:
            raise LibraryBusyError(
                f"{len(wanted)} faces are removed from {self.path}, but another program keeps the file from being "
                "cleaned of what is left of them",
                "close the other programs and open the library once more: it is then made up for",
            ) from error
        return len(wanted)

    def embed(self, embedder: Embedder, progress: Progress | None = None) -> int:
        """Make all vectors anew with another embedder, from the crops; searching goes on with the old ones meanwhile.

        Args:
            embedder: the new one; the library is its from then on.
            progress: called after every batch.

        Returns:
            How many faces there are.
        """
        vectors: dict[int, Halves] = {}
        self._embed_missing(embedder, vectors, progress)
        with self._writing() as connection:
            self._embed_missing(embedder, vectors, None)  # what was added meanwhile
            present = set(self.ids().tolist())
            rows = [(vector.tobytes(), id_) for id_, vector in vectors.items() if id_ in present]
            connection.executemany("UPDATE faces SET embedding = ? WHERE id = ?", rows)
            self._remember(embedder=embedder.id, dimensions=embedder.dimensions)
        self.embedder = embedder
        return len(rows)

    def must_fit(self, embedder: Embedder) -> None:
        """See that an embedder's vectors can be compared with the library's.

        Raises:
            EmbedderMismatchError: they were made by another one.
        """
        made_by, dimensions = self.embedder_id, self.dimensions
        if made_by is not None and (made_by, dimensions) != (embedder.id, embedder.dimensions):
            raise EmbedderMismatchError(
                f"the faces of {self.path} were embedded by '{made_by}' ({dimensions} numbers), not by '{embedder.id}' "
                f"({embedder.dimensions}); vectors of two embedders cannot be compared",
                f"toolkit face library reembed {self.path}",
            )

    def _remember(self, **facts: object) -> None:
        for name, value in facts.items():
            self._rows("INSERT OR REPLACE INTO facts VALUES (?, ?)", [name, str(value)])

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One change of the file, whole or not at all."""
        if self.read_only:
            raise LibraryError(f"{self.path} was opened read-only", "open it for writing, or write to another library")
        with self._lock, library_file.explained(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk ends it by itself
                    self._connection.execute("ROLLBACK")
                raise

    def _delete(self, connection: sqlite3.Connection, ids: Sequence[int]) -> None:
        for id_ in ids:
            if connection.execute("DELETE FROM faces WHERE id = ?", [id_]).rowcount != 1:
                raise absent(id_, self.path)

    def _clean(self) -> None:
        for file in index_files(self.path):
            file.unlink(missing_ok=True)
        with self._lock, library_file.explained(self.path):
            self._truncate_log()
            self._connection.execute("VACUUM")
            self._connection.execute("UPDATE facts SET value = '0' WHERE name = 'uncleaned'")
            self._truncate_log()

    def _truncate_log(self) -> None:
        busy = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise LibraryBusyError(f"{self.path} is being read by another program", "close it, then try again")

    def _embed_missing(self, embedder: Embedder, vectors: dict[int, Halves], progress: Progress | None) -> None:
        missing = [id_ for id_ in self.ids().tolist() if id_ not in vectors]
        for start in range(0, len(missing), EMBEDDED_AT_ONCE):
            batch = missing[start : start + EMBEDDED_AT_ONCE]
            found = {id_: self.crop(id_) for id_ in batch if id_ in self}  # others may delete meanwhile
            vectors.update(zip(found, embed_crops(embedder, list(found.values())), strict=True))
            if progress is not None:
                progress(min(start + EMBEDDED_AT_ONCE, len(missing)), len(missing))


def index_files(library: Path) -> list[Path]:
    """The cache files of indices that stand next to a library."""
    prefix = f"{library.name}."
    near = library.parent.glob(f"*{INDEX_ENDING}")
    return sorted(file for file in near if file.name.startswith(prefix))


def _insert(connection: sqlite3.Connection, row: tuple[Any, ...]) -> int | None:
    """Store a face; `None` when it is there already."""
    names = ", ".join(name for name, _ in library_file.COLUMNS)
    places = ", ".join("?" * len(row))
    query = f"INSERT INTO faces ({names}) VALUES ({places}) ON CONFLICT (sha256, face) DO NOTHING"
    cursor = connection.execute(query, row)
    return int(cursor.lastrowid or 0) if cursor.rowcount == 1 else None

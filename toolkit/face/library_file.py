"""The SQLite file of a face library: its tables, how it is opened, and what is said when it cannot be."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from toolkit.errors import ToolkitError

VERSION = 1
"""Of the tables; stored as `user_version`."""
APPLICATION = 0x54466163
"""Stored as `application_id`: says that an SQLite file is a face library."""
BUSY_SECONDS = 10.0
"""How long a writer waits for another one."""
CHECKED_BYTES = 256_000_000
"""Larger files are not read through when they are opened, which would take seconds."""

COLUMNS = (
    ("person", "TEXT"),
    ("source", "TEXT NOT NULL"),
    ("licence", "TEXT"),
    ("consent", "TEXT"),
    ("sha256", "TEXT NOT NULL"),
    ("face", "INTEGER NOT NULL"),
    ("added", "TEXT NOT NULL"),
    ("landmarks", "BLOB NOT NULL"),
    ("embedding", "BLOB NOT NULL"),
    ("crop", "BLOB NOT NULL"),
)
"""Of a face, after its `id`. Numbers of ids are never given twice, so a forgotten face stays forgotten."""

_TABLES = f"""
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE faces (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    {", ".join(f"{name} {kind}" for name, kind in COLUMNS)},
    UNIQUE (sha256, face)
);
CREATE INDEX faces_person ON faces (person);
INSERT INTO facts VALUES ('name', lower(hex(randomblob(8)))), ('changes', '0'), ('uncleaned', '0');
CREATE TRIGGER face_added AFTER INSERT ON faces
    BEGIN UPDATE facts SET value = value + 1 WHERE name = 'changes'; END;
CREATE TRIGGER face_deleted AFTER DELETE ON faces
    BEGIN UPDATE facts SET value = value + 1 WHERE name = 'changes'; END;
CREATE TRIGGER face_changed AFTER UPDATE ON faces
    BEGIN UPDATE facts SET value = value + 1 WHERE name = 'changes'; END;
"""

_AGAIN_SECONDS = 0.01

# Result codes of SQLite (sqlite.org/rescode.html); Python names them from 3.11 on.
_PERMISSION, _BUSY, _LOCKED, _READ_ONLY, _CORRUPT, _FULL, _CANNOT_OPEN, _NOT_A_DATABASE = 3, 5, 6, 8, 11, 13, 14, 26
_IN_WORDS = {"locked": _BUSY, "malformed": _CORRUPT, "not a database": _NOT_A_DATABASE, "full": _FULL}


class LibraryError(ToolkitError):
    """A face library cannot be opened or used as asked."""


class LibraryBusyError(LibraryError):
    """Another program writes to the library for longer than one waits."""


class LibraryDamagedError(LibraryError):
    """The file of a library is damaged; it was left as it is."""


class EmbedderMismatchError(LibraryError):
    """The faces of a library were embedded by another network."""


def connect(path: Path, *, create: bool, read_only: bool, wait: float = BUSY_SECONDS) -> sqlite3.Connection:
    """Open the file of a library, or make it.

    Readers and one writer work at the same time (write-ahead log); a second writer waits. Nothing is written but the
    file and, while it is open, SQLite's own two beside it (`-wal`, `-shm`).

    Args:
        path: the file.
        create: make it when it is missing.
        read_only: open it without writing anything, also where nothing may be written; it must not change meanwhile.
        wait: seconds that a writer waits for another one.

    Raises:
        LibraryError: there is no such file, it may not be read, or it is no face library, or a newer one.
        LibraryBusyError: another program locks it.
        LibraryDamagedError: it is damaged.
    """
    if path.is_dir():
        raise LibraryError(f"{path} is a folder, not a face library", "give the path of a file, e.g. LIB.db")
    if not path.exists() and (read_only or not create):
        raise LibraryError(f"there is no face library at {path}", f"toolkit face library add {path} DIR")
    address = f"file:{quote(str(path.resolve()))}" + ("?mode=ro&immutable=1" if read_only else "?mode=rwc")
    with explained(path):
        # Sessions of an app come from several threads; the library's own lock keeps them apart.
        connection = sqlite3.connect(address, uri=True, timeout=wait, isolation_level=None, check_same_thread=False)
        try:
            _prepare(connection, path, read_only, wait)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, read_only: bool, wait: float) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA temp_store = MEMORY")  # VACUUM copies everything: nothing of it into other folders
    connection.execute("PRAGMA trusted_schema = OFF")  # a file from elsewhere must not bring functions to run
    if not read_only:
        connection.execute("PRAGMA secure_delete = ON")
        _write_ahead(connection, wait)
        connection.execute("PRAGMA synchronous = FULL")
        _make_tables(connection)
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if application != APPLICATION:
        raise LibraryError(f"{path} is an SQLite file, but no face library", "give the path of a face library")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise LibraryError(
            f"{path} was made by a newer toolkit (its tables have version {version}, this one knows {VERSION})",
            "update the toolkit",
        )
    if path.stat().st_size <= CHECKED_BYTES:
        check(connection, path)


def _write_ahead(connection: sqlite3.Connection, wait: float) -> None:
    """Switch to a write-ahead log; where several make the same library, SQLite refuses all but one without waiting."""
    until = time.monotonic() + wait
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if _code(error) not in (_BUSY, _LOCKED) or time.monotonic() >= until:
                raise
        time.sleep(_AGAIN_SECONDS)


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Read the whole file and compare every table with its indices.

    Raises:
        LibraryDamagedError: something does not fit.
    """
    found = connection.execute("PRAGMA quick_check(3)").fetchall()
    if found != [("ok",)]:
        raise damaged(path, "; ".join(str(row[0]).splitlines()[0] for row in found))


def _make_tables(connection: sqlite3.Connection) -> None:
    """In one transaction, so that two programs that make the same library do not disturb each other."""
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            for statement in _statements():
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _statements() -> Iterator[str]:
    """One by one: `executescript` would end the transaction first."""
    text = ""
    for line in _TABLES.strip().splitlines():
        text += line + "\n"
        if sqlite3.complete_statement(text):
            yield text
            text = ""


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into words and a way out.

    Raises:
        LibraryBusyError: another program locks the file.
        LibraryDamagedError: it is damaged.
        LibraryError: anything else, such as a full disk.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = _code(error)
        if code in (_BUSY, _LOCKED):
            raise LibraryBusyError(
                f"{path} is in use: another program has been writing to it for more than {BUSY_SECONDS:g} seconds",
                "wait until it is done, then try again; nothing was changed",
            ) from error
        if code in (_CORRUPT, _NOT_A_DATABASE):
            raise damaged(path, str(error)) from error
        if code == _FULL:
            raise LibraryError(
                f"disk full while writing {path}: nothing already saved was lost", "free some space, then try again"
            ) from error
        if code in (_PERMISSION, _READ_ONLY, _CANNOT_OPEN):
            raise LibraryError(
                f"{path} cannot be written or opened: {error}",
                "check that you may write to it and its folder, or open it read-only",
            ) from error
        raise LibraryError(f"{path}: {error}") from error


def _code(error: sqlite3.Error) -> int:
    known = getattr(error, "sqlite_errorcode", None)  # from Python 3.11 on
    if known is not None:
        return int(known) & 0xFF
    return next((code for words, code in _IN_WORDS.items() if words in str(error)), 0)


def damaged(path: Path, reason: str) -> LibraryDamagedError:
    """The error for a damaged file, which is never changed or deleted."""
    return LibraryDamagedError(
        f"{path} is damaged, or no face library: {reason}",
        f"it was left as it is; save what can be read: toolkit face library rescue {path} NEW.db",
    )

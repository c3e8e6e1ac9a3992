"""Locked, damaged and foreign files, several writers, and whether what is forgotten is gone."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.face.making import GridEmbedder, new_face, noise
from toolkit.face import library_file
from toolkit.face.library import FaceLibrary, index_files
from toolkit.face.library_file import LibraryBusyError, LibraryDamagedError, LibraryError
from toolkit.face.library_rescue import rescue
from toolkit.face.png import as_png
from toolkit.face.search import LibrarySearch


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "faces.db"


def filled(path: Path, count: int = 5, side: int = 24) -> FaceLibrary:
    library = FaceLibrary(path, GridEmbedder())
    library.add([replace(new_face(number), crop=noise(number, side)) for number in range(count)])
    return library


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writers that wait 0.1 s for each other."""
    connect = library_file.connect
    monkeypatch.setattr(library_file, "connect", lambda *paths, **options: connect(*paths, **options, wait=0.1))


# -- forgetting ---------------------------------------------------------------------------------------------------


def traces(folder: Path, number: int, side: int = 24) -> list[str]:
    """Files that hold a piece of a face: its picture, its vector, or its name."""
    picture = as_png(noise(number, side))
    vector = GridEmbedder()(noise(number, side)[None])[0].astype("<f2").tobytes()
    pieces = [picture[60:100], picture[-100:-40], vector, f"secret-{number}".encode()]
    return [file.name for file in folder.iterdir() if any(piece in file.read_bytes() for piece in pieces)]


def test_what_is_forgotten_is_not_found_and_not_in_any_file(path: Path) -> None:
    library = filled(path, 30)
    library.update(8, person="secret-7", source="secret-7")
    search = LibrarySearch(library)
    vector = GridEmbedder()(noise(7)[None])[0]
    assert search.search(vector, 1)[0].id == 8
    assert traces(path.parent, 7)
    assert library.forget(8) == 1
    assert 8 not in {match.id for match in search.search(vector, 30)}
    assert traces(path.parent, 7) == []
    assert not library.knows(f"{7:064x}")
    assert len(search.search(vector, 30)) == 29
    library.check()
    library.close()
    assert traces(path.parent, 7) == []
    assert traces(path.parent, 3) == [path.name]  # the test itself would find it


def test_large_pictures_are_forgotten_too(path: Path) -> None:
    library = filled(path, 4, side=128)  # many pages each
    library.forget([1, 3])
    assert [traces(path.parent, number, 128) for number in (0, 2)] == [[], []]
    assert library.ids().tolist() == [2, 4]


def test_index_files_are_forgotten_with_the_face(path: Path) -> None:
    library = filled(path)
    stale = path.with_name(f"{path.name}.abc.usearch")
    other = path.with_name("other.db.abc.usearch")
    for file in (stale, other):
        file.write_bytes(b"vectors")
    assert index_files(path) == [stale]
    library.forget(1)
    assert not stale.exists()
    assert other.exists()


def test_forgetting_while_somebody_reads_is_made_up_for_later(path: Path, impatient: None) -> None:
    library = filled(path)
    reader = sqlite3.connect(path)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM faces").fetchone()
    with pytest.raises(LibraryBusyError, match=r"removed from .* but another program keeps"):
        library.forget(2)
    assert 2 not in library
    reader.close()
    library.close()
    with FaceLibrary(path):
        assert traces(path.parent, 1) == []
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT value FROM facts WHERE name = 'uncleaned'").fetchone() == ("0",)


# -- several programs ---------------------------------------------------------------------------------------------


def test_several_writers_at_once_lose_nothing(path: Path) -> None:
    def write(first: int) -> None:
        with FaceLibrary(path, GridEmbedder()) as library:
            for number in range(first, first + 10):
                library.add(new_face(number))

    threads = [threading.Thread(target=write, args=(100 * number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with FaceLibrary(path) as library:
        assert len(library) == 40
        assert {entry.source for entry in library} == {f"{100 * a + b}.jpg" for a in range(4) for b in range(10)}
        library.check()


def test_several_may_make_the_same_library_at_once(tmp_path: Path) -> None:
    failures: list[Exception] = []

    def make(file: Path) -> None:
        try:
            FaceLibrary(file, GridEmbedder()).close()
        except LibraryError as error:
            failures.append(error)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # threads meet in the middle of an opening
    try:
        for number in range(60):
            threads = [threading.Thread(target=make, args=(tmp_path / f"{number}.db",)) for _ in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(before)
    assert not failures


def test_one_library_may_be_used_from_several_threads(path: Path) -> None:
    library = FaceLibrary(path, GridEmbedder())
    failures: list[Exception] = []

    def work(number: int) -> None:
        try:
            for step in range(5):
                library.add(new_face(10 * number + step))
                assert len(list(library)) >= 1
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(library) == 20


def test_a_locked_library_is_said_to_be_in_use_and_can_still_be_read(path: Path, impatient: None) -> None:
    library = filled(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LibraryBusyError, match="in use: another program has been writing") as caught:
        library.add(new_face(9))
    assert "nothing was changed" in caught.value.way_out
    assert len(library) == len(list(library)) == 5
    with FaceLibrary(path) as another:
        assert len(another) == 5
    other.execute("ROLLBACK")
    assert library.add(new_face(9)) == [6]


def test_a_program_that_is_killed_while_it_writes_loses_only_what_was_not_finished(path: Path) -> None:
    program = f"""
import os
from tests.face.making import GridEmbedder, new_face
from toolkit.face.library import FaceLibrary
library = FaceLibrary({str(path)!r}, GridEmbedder())
library.add([new_face(1), new_face(2)])
library._connection.execute("BEGIN IMMEDIATE")
library._connection.execute("DELETE FROM faces")
os._exit(9)
"""
    killed = subprocess.run([sys.executable, "-c", program], check=False)
    assert killed.returncode == 9
    with FaceLibrary(path, GridEmbedder()) as library:
        assert library.ids().tolist() == [1, 2]
        assert library.add(new_face(3)) == [3]


# -- damaged and foreign files ------------------------------------------------------------------------------------


def test_what_is_no_library_is_refused_and_left_alone(tmp_path: Path) -> None:
    words = tmp_path / "words.db"
    words.write_text("these are words, and many of them, so that it is longer than a head " * 50)
    with pytest.raises(LibraryDamagedError, match="not a database"):
        FaceLibrary(words)
    assert words.read_text().startswith("these are words")
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE birds (name TEXT)")
    connection.close()
    with pytest.raises(LibraryError, match="no face library"):
        FaceLibrary(other)
    with pytest.raises(LibraryError, match="is a folder"):
        FaceLibrary(tmp_path)
    with pytest.raises(LibraryError, match="there is no face library at") as caught:
        FaceLibrary(tmp_path / "none.db", create=False)
    assert "toolkit face library add" in caught.value.way_out
    assert not (tmp_path / "none.db").exists()


def test_a_library_of_a_newer_toolkit_is_refused(path: Path) -> None:
    filled(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(LibraryError, match="newer toolkit \\(its tables have version 7"):
        FaceLibrary(path)


def damage(path: Path, first: float, last: float) -> None:
    """Overwrite a part of a file with rubbish."""
    content = bytearray(path.read_bytes())
    low, high = int(first * len(content)), int(last * len(content))
    content[low:high] = np.random.default_rng(0).bytes(high - low)
    path.write_bytes(bytes(content))


def test_a_damaged_library_is_refused_untouched_and_what_can_be_read_is_rescued(path: Path) -> None:
    filled(path, 60, side=64).close()
    damage(path, 0.5, 0.55)
    content = path.read_bytes()
    with pytest.raises(LibraryDamagedError, match="is damaged") as caught:
        FaceLibrary(path)
    assert "rescue" in caught.value.way_out
    new = path.with_name("new.db")
    saved = rescue(path, new)
    assert path.read_bytes() == content
    assert 40 <= saved.kept < 60
    assert saved.embedder == "grid-1"
    with FaceLibrary(new, GridEmbedder()) as library:
        assert len(library) == saved.kept
        for entry in library:
            assert np.array_equal(library.crop(entry.id), noise(entry.id - 1, 64))
        library.add(new_face(99))
        library.check()


def test_a_cut_off_library_is_refused_or_rescued(path: Path) -> None:
    filled(path, 60, side=64).close()
    with path.open("r+b") as stream:
        stream.truncate(int(0.7 * path.stat().st_size))
    with pytest.raises(LibraryDamagedError):
        FaceLibrary(path)
    assert rescue(path, path.with_name("new.db")).kept > 20


def test_a_lost_beginning_leaves_nothing_to_rescue_and_no_file(path: Path) -> None:
    filled(path).close()
    damage(path, 0, 0.3)
    new = path.with_name("new.db")
    with pytest.raises(LibraryDamagedError):
        rescue(path, new)
    assert not list(path.parent.glob("new.db*"))
    shutil.copy(path, new)
    with pytest.raises(LibraryError, match="already"):
        rescue(path, new)

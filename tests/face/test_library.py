from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from tests.face.making import GridEmbedder, new_face, noise
from toolkit.errors import DataError
from toolkit.face.entries import NewFace, Where
from toolkit.face.geometry import canonical_landmarks
from toolkit.face.library import FaceLibrary
from toolkit.face.library_file import EmbedderMismatchError, LibraryError
from toolkit.face.search import LibrarySearch


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "faces.db"


def filled(path: Path, count: int = 5) -> FaceLibrary:
    library = FaceLibrary(path, GridEmbedder())
    library.add([new_face(number) for number in range(count)])
    return library


# -- what is kept -------------------------------------------------------------------------------------------------


def test_what_was_added_is_there_when_it_is_opened_again(path: Path) -> None:
    with FaceLibrary(path, GridEmbedder()) as library:
        [id_] = library.add(new_face(3, face=2))
    with FaceLibrary(path) as library:
        entry = library[id_]
        assert (entry.person, entry.source, entry.licence, entry.consent) == ("p3", "3.jpg", "CC0-1.0", "nobody")
        assert (entry.sha256, entry.face) == (f"{3:064x}", 2)
        assert entry.landmarks == pytest.approx(canonical_landmarks(24), abs=1e-4)
        assert np.array_equal(library.crop(id_), noise(3))
        table = library.vectors()
        assert table.ids.tolist() == [id_]
        assert table.vectors[0] == pytest.approx(GridEmbedder()(noise(3)[None])[0], abs=1e-3)
        assert (library.embedder_id, library.dimensions) == ("grid-1", 16)
        assert entry.added.endswith("+00:00")


def test_several_faces_are_added_all_or_none(path: Path) -> None:
    library = filled(path, 2)
    with pytest.raises(LibraryError, match=r"face 0 of 1.jpg is in .* already"):
        library.add([new_face(7), new_face(1)])
    assert len(library) == 2
    assert library.add([new_face(7), new_face(1)], skip_known=True) == [library.ids()[-1]]
    assert len(library) == 3


def test_two_faces_of_one_file_are_two_entries(path: Path) -> None:
    library = FaceLibrary(path, GridEmbedder())
    assert len(library.add([new_face(1), new_face(1, face=1)])) == 2


def test_entries_come_in_the_order_of_their_ids(path: Path) -> None:
    library = filled(path, 700)  # more than are read at once
    assert [entry.id for entry in library] == library.ids().tolist() == list(range(1, 701))


def test_what_is_known_of_a_face_can_be_changed_and_taken_back(path: Path) -> None:
    library = filled(path)
    changed = library.update(2, licence=None, person="somebody")
    assert (changed.licence, changed.person, changed.consent) == (None, "somebody", "nobody")
    assert library[2] == library[2]
    assert library[1].licence == "CC0-1.0"
    with pytest.raises(LibraryError, match="no face number 99"):
        library.update(99, person="x")


def test_deleting_removes_all_or_none_and_never_gives_an_id_again(path: Path) -> None:
    library = filled(path)
    with pytest.raises(LibraryError, match="no face number 99"):
        library.delete([1, 99])
    assert len(library) == 5
    assert library.delete([4, 5]) == 2
    assert library.add(new_face(9)) == [6]
    assert 5 not in library
    with pytest.raises(LibraryError, match="no face number 5"):
        library.crop(5)


# -- which are meant ----------------------------------------------------------------------------------------------


def test_entries_are_chosen_by_what_is_known_of_them(path: Path) -> None:
    library = FaceLibrary(path, GridEmbedder())
    known = [
        {"licence": "CC0-1.0", "consent": "yes", "person": "a", "source": "x"},
        {"licence": "CC0-1.0", "consent": None, "person": "a", "source": "y"},
        {"licence": None, "consent": "yes", "person": "b", "source": "y"},
        {"licence": "", "consent": "yes", "person": None, "source": "y"},
        {"licence": "CC-BY-4.0", "consent": "yes", "person": "b", "source": "y"},
    ]
    library.add([new_face(number, **one) for number, one in enumerate(known)])
    wanted = {
        Where(): [1, 2, 3, 4, 5],
        Where(licence="CC0-1.0"): [1, 2],
        Where(person="b"): [3, 5],
        Where(source="y", consent=True): [3, 4, 5],
        Where(consent=False): [2],
        Where(usable=True): [1, 5],
        Where(usable=False): [2, 3, 4],
        Where(usable=True, without=(1,)): [5],
        Where(person="b'; DROP TABLE faces; --"): [],
    }
    for where, ids in wanted.items():
        assert library.ids(where).tolist() == ids
        assert [entry.id for entry in library.entries(where)] == ids
    assert [entry.id for entry in library if entry.usable] == library.ids(Where(usable=True)).tolist()


def test_statistics_and_entries_are_plain_values(path: Path) -> None:
    library = filled(path, 3)
    library.update(1, licence=None)
    numbers = json.loads(json.dumps(library.statistics()))
    assert (numbers["faces"], numbers["people"], numbers["usable_for_generation"]) == (3, 3, 2)
    assert numbers["licences"] == {"CC0-1.0": 2, "unknown": 1}
    assert json.loads(json.dumps(library[1].to_json()))["usable"] is False
    assert FaceLibrary(path.with_name("empty.db")).statistics()["faces"] == 0


# -- embedders ----------------------------------------------------------------------------------------------------


def test_a_library_of_another_embedder_is_refused_with_the_command_that_helps(path: Path) -> None:
    filled(path).close()
    for other in (GridEmbedder("grid-2"), GridEmbedder(side=5)):
        with pytest.raises(EmbedderMismatchError, match="embedded by 'grid-1' \\(16 numbers\\), not by") as caught:
            FaceLibrary(path, other)
        assert caught.value.way_out == f"toolkit face library reembed {path}"
    assert len(FaceLibrary(path)) == 5  # it can still be looked at


def test_embedding_anew_makes_it_the_new_embedder_s(path: Path) -> None:
    filled(path).close()
    new = GridEmbedder("grid-2", side=5)
    done: list[tuple[int, int]] = []
    with FaceLibrary(path) as library:
        before = library.state()
        assert library.embed(new, lambda *counts: done.append(counts)) == 5
        assert library.state() != before
        assert library.vectors().vectors.shape == (5, 25)
        assert library.add(new_face(8)) == [6]
    assert done == [(5, 5)]
    with FaceLibrary(path, new) as library:
        found = LibrarySearch(library).search(new(noise(2)[None])[0], 1)
        assert found[0].id == 3
    with pytest.raises(EmbedderMismatchError):
        FaceLibrary(path, GridEmbedder())


def test_two_programs_with_two_embedders_cannot_mix_their_vectors(path: Path) -> None:
    first, second = FaceLibrary(path, GridEmbedder()), FaceLibrary(path, GridEmbedder("grid-2"))
    first.add(new_face(1))
    with pytest.raises(EmbedderMismatchError):
        second.add(new_face(2))
    assert len(first) == 1


def test_adding_needs_an_embedder_that_keeps_its_promise(path: Path) -> None:
    with pytest.raises(LibraryError, match="without an embedder"):
        FaceLibrary(path).add(new_face(1))

    class TooLong(GridEmbedder):
        def __call__(self, crops: np.ndarray) -> np.ndarray:
            return 2 * super().__call__(crops)

    with pytest.raises(DataError, match="of length 1"):
        FaceLibrary(path, TooLong()).add(new_face(1))


@pytest.mark.parametrize(
    "wrong",
    [
        NewFace(noise(1)[:10], canonical_landmarks(24), "a", "0" * 64),
        NewFace(noise(1), canonical_landmarks(24)[:5], "a", "0" * 64),
        NewFace(noise(1), canonical_landmarks(24), "a", "0123"),
        NewFace(noise(1).astype(np.float32), canonical_landmarks(24), "a", "0" * 64),  # type: ignore[arg-type]
    ],
)
def test_a_face_that_is_none_is_refused(path: Path, wrong: NewFace) -> None:
    with pytest.raises(DataError):
        FaceLibrary(path, GridEmbedder()).add(wrong)
    assert len(FaceLibrary(path)) == 0


# -- nothing but the library --------------------------------------------------------------------------------------


def test_nothing_is_written_but_the_file(path: Path) -> None:
    with filled(path) as library:
        library.forget(1)
        LibrarySearch(library).search(GridEmbedder()(noise(2)[None])[0])
        beside = {file.name for file in path.parent.iterdir()}
        assert beside <= {path.name, f"{path.name}-wal", f"{path.name}-shm"}
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_library_that_is_opened_read_only_is_not_touched(path: Path) -> None:
    filled(path).close()
    content = path.read_bytes()
    with FaceLibrary(path, GridEmbedder(), read_only=True) as library:
        assert len(library) == 5
        assert [file.name for file in path.parent.iterdir()] == [path.name]
        for change in (lambda: library.add(new_face(9)), lambda: library.forget(1), lambda: library.delete(1)):
            with pytest.raises(LibraryError, match="read-only"):
                change()
    assert path.read_bytes() == content


def test_an_interrupted_change_leaves_what_was_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = filled(path)

    def broken(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("toolkit.face.library.as_png", broken)
    with pytest.raises(KeyboardInterrupt):
        library.add(new_face(9))
    monkeypatch.undo()
    assert len(library) == 5
    assert library.add(new_face(9)) == [6]


def test_an_ordinary_sqlite_tool_can_read_it(path: Path) -> None:
    filled(path, 2).close()
    rows = sqlite3.connect(path).execute("SELECT id, licence, length(embedding), length(landmarks) FROM faces")
    assert rows.fetchall() == [(1, "CC0-1.0", 32, 544), (2, "CC0-1.0", 32, 544)]

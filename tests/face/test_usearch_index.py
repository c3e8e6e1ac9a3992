from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.face.making import GridEmbedder, new_face, noise
from tests.face.test_search import best, people, unit
from toolkit.face.entries import Where
from toolkit.face.library import FaceLibrary, index_files
from toolkit.face.library_view import VectorTable
from toolkit.face.search import LibrarySearch
from toolkit.face.usearch_index import UsearchIndex, build_graph

pytest.importorskip("usearch", reason="the package 'usearch' (extra 'face-index') is not installed")


def vector(number: int) -> np.ndarray:
    return GridEmbedder()(noise(number)[None])[0]


@pytest.fixture
def library(tmp_path: Path) -> FaceLibrary:
    library = FaceLibrary(tmp_path / "faces.db", GridEmbedder())
    library.add([new_face(number, licence="CC0-1.0" if number % 2 else None) for number in range(60)])
    return library


def test_nearly_all_of_the_nearest_are_found_with_exact_similarities() -> None:
    vectors = people(300, 10, 64)
    table = VectorTable("state", np.arange(10, 3010, dtype=np.int64), vectors)
    index = UsearchIndex(build_graph(table, threads=1), table.ids)
    hits = 0
    queries = unit(vectors[::100].astype(np.float64))
    for query in queries:
        found = index.search(query, 10)
        hits += len({match.id for match in found} & set(best(vectors, table.ids, query, 10)))
        similarity = float(vectors[found[0].id - 10].astype(np.float64) @ query)
        assert found[0].similarity == pytest.approx(similarity, abs=1e-9)
    assert hits / (10 * len(queries)) >= 0.99


def test_filters_find_as_many_as_there_are() -> None:
    vectors = people(300, 10, 64)
    table = VectorTable("state", np.arange(3000, dtype=np.int64), vectors)
    index = UsearchIndex(build_graph(table, threads=1), table.ids)
    query = unit(vectors[0].astype(np.float64))
    rare = np.array([5, 700, 2999])
    assert [match.id for match in index.search(query, 10, rare)] == best(vectors[rare], rare, query, 10)
    index.remove(np.array([5, 0]))
    assert {match.id for match in index.search(query, 10, rare)} == {700, 2999}
    assert 0 not in {match.id for match in index.search(query, 10)}
    assert len(index) == 2998


def test_it_finds_through_the_graph_what_a_filter_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolkit.face.usearch_index._ONE_BY_ONE", 0)
    vectors = people(300, 10, 64)
    table = VectorTable("state", np.arange(3000, dtype=np.int64), vectors)
    index = UsearchIndex(build_graph(table, threads=1), table.ids)
    query = unit(vectors[0].astype(np.float64))
    half = np.arange(0, 3000, 2)
    found = [match.id for match in index.search(query, 10, half)]
    assert len(set(found) & set(best(vectors[half], half, query, 10))) >= 9


def test_the_file_is_made_once_and_made_anew_after_a_change(library: FaceLibrary) -> None:
    assert LibrarySearch(library, "usearch").search(vector(6), 1)[0].id == 7
    [first] = index_files(library.path)
    written = first.stat().st_mtime_ns
    assert LibrarySearch(library, "usearch").search(vector(6), 1)[0].id == 7
    assert first.stat().st_mtime_ns == written
    [added] = library.add(new_face(99))
    search = LibrarySearch(library, "usearch")
    assert search.search(vector(99), 1)[0].id == added
    [second] = index_files(library.path)
    assert second != first
    library.forget(added)
    assert index_files(library.path) == []
    assert added not in {match.id for match in search.search(vector(99), 60)}


def test_a_damaged_file_is_made_anew(library: FaceLibrary) -> None:
    LibrarySearch(library, "usearch").search(vector(6), 1)
    [file] = index_files(library.path)
    file.write_bytes(b"rubbish" * 100)
    assert LibrarySearch(library, "usearch").search(vector(6), 1)[0].id == 7


def test_a_library_that_is_read_only_gets_no_file(library: FaceLibrary) -> None:
    library.close()
    with FaceLibrary(library.path, read_only=True) as view:
        assert LibrarySearch(view, "usearch").search(vector(6), 1)[0].id == 7
        assert index_files(library.path) == []


def test_it_agrees_with_the_exact_index_on_a_small_library(library: FaceLibrary) -> None:
    for where in (None, Where(usable=True), Where(without=(7,))):
        exact, graph = (LibrarySearch(library, kind).search(vector(6), 5, where) for kind in ("exact", "usearch"))
        assert [match.id for match in exact] == [match.id for match in graph]


def test_an_empty_library_has_no_matches(tmp_path: Path) -> None:
    with FaceLibrary(tmp_path / "empty.db", GridEmbedder()) as library:
        assert LibrarySearch(library, "usearch").search(vector(1)) == []

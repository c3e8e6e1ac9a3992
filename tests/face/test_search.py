from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.face.making import GridEmbedder, new_face, noise
from toolkit.errors import ConfigError, DataError
from toolkit.face.entries import Where
from toolkit.face.library import FaceLibrary
from toolkit.face.search import _ROUNDING, ExactIndex, LibrarySearch, Match, _products, among


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def people(count: int, each: int, dimensions: int = 128, spread: float = 0.5, seed: int = 0) -> np.ndarray:
    """Vectors of people, several photos each, float16."""
    random = np.random.default_rng(seed)
    centres = np.repeat(unit(random.standard_normal((count, dimensions))), each, axis=0)
    around = unit(random.standard_normal(centres.shape))
    return unit(centres + spread * around).astype(np.float16)


def best(vectors: np.ndarray, ids: np.ndarray, query: np.ndarray, k: int) -> list[int]:
    """The k nearest by numpy in double precision."""
    similarities = vectors.astype(np.float64) @ query.astype(np.float64)
    return [int(ids[place]) for place in np.lexsort((ids, -similarities))[:k]]


# -- exactness ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spread", [0.02, 0.5, 5.0])
def test_the_ten_nearest_are_those_of_double_precision(spread: float) -> None:
    """Also for photos so alike (spread 0.02) that half precision alone mixes them up."""
    vectors = people(400, 25, spread=spread)
    ids = np.arange(len(vectors), dtype=np.int64) * 3 + 7
    index = ExactIndex(ids, vectors)
    queries = unit(vectors[::200].astype(np.float64) + 0.01 * people(50, 1, seed=1).astype(np.float64))
    for query in queries:
        found = index.search(query, 10)
        assert [match.id for match in found] == best(vectors, ids, query, 10)
        similarities = [match.similarity for match in found]
        assert similarities == sorted(similarities, reverse=True)
        place = int(np.flatnonzero(ids == found[0].id)[0])
        assert similarities[0] == pytest.approx(float(vectors[place].astype(np.float64) @ query), abs=1e-12)


def test_half_precision_alone_would_not_be_exact() -> None:
    vectors = people(400, 25, spread=0.02)
    query = unit(vectors[0].astype(np.float64))
    rough = torch.topk(torch.from_numpy(vectors) @ torch.from_numpy(query.astype(np.float16)), 10).indices
    assert sorted(rough.tolist()) != sorted(best(vectors, np.arange(len(vectors)), query, 10))


@given(st.integers(0, 10_000), st.sampled_from([1, 3, 128, 512, 2048]))
@settings(max_examples=30, deadline=None)
def test_products_in_single_precision_are_never_further_off_than_allowed_for(seed: int, dimensions: int) -> None:
    vectors = people(50, 4, dimensions, spread=float(seed % 7) / 3 + 0.01, seed=seed)
    query = unit(vectors[0].astype(np.float64) + 1e-3)
    rough = _products(torch.from_numpy(vectors), torch.from_numpy(query.astype(np.float32))).double().numpy()
    assert np.abs(rough - vectors.astype(np.float64) @ query).max() < _ROUNDING


def test_many_equal_faces_come_in_the_order_of_their_ids() -> None:
    vectors = np.repeat(people(1, 1), 500, axis=0)
    found = ExactIndex(np.arange(500, dtype=np.int64), vectors).search(unit(vectors[0].astype(np.float64)), 5)
    assert [match.id for match in found] == [0, 1, 2, 3, 4]


# -- filters and removal ------------------------------------------------------------------------------------------


@given(st.sets(st.integers(0, 199)), st.integers(0, 30))
@settings(deadline=None)
def test_only_allowed_ids_are_found_and_all_of_them_that_fit(allowed: set[int], k: int) -> None:
    vectors = people(20, 10, 16)
    index = ExactIndex(np.arange(200, dtype=np.int64), vectors)
    query = unit(vectors[5].astype(np.float64))
    chosen = np.array(sorted(allowed), dtype=np.int64)
    found = [match.id for match in index.search(query, k, chosen)]
    assert found == best(vectors[chosen], chosen, query, k)


def test_removed_vectors_are_not_found() -> None:
    vectors = people(20, 10, 16)
    index = ExactIndex(np.arange(200, dtype=np.int64), vectors)
    assert index.remove(np.array([5, 3, 5, 999])) == 2
    assert len(index) == 198
    query = unit(vectors[5].astype(np.float64))
    kept = np.setdiff1d(np.arange(200), [3, 5])
    assert [match.id for match in index.search(query, 10)] == best(vectors[kept], kept, query, 10)


def test_wanted_ids_are_marked() -> None:
    mask = among(np.array([2, 4, 6]), np.array([0, 4, 5, 9]))
    assert mask.tolist() == [False, True, False]


def test_what_cannot_be_searched_with_is_refused() -> None:
    index = ExactIndex(np.arange(3, dtype=np.int64), people(3, 1, 16))
    for wrong in (np.ones(16), np.eye(16)[0][:15], np.eye(16), np.full(16, np.nan)):
        with pytest.raises(DataError, match="a search takes a vector"):
            index.search(wrong, 1)
    with pytest.raises(DataError, match="ascending ids"):
        ExactIndex(np.array([2, 1, 3]), people(3, 1, 16))


# -- a library ----------------------------------------------------------------------------------------------------


@pytest.fixture
def library(tmp_path: Path) -> FaceLibrary:
    library = FaceLibrary(tmp_path / "faces.db", GridEmbedder())
    library.add([new_face(number, licence="CC0-1.0" if number % 2 else None) for number in range(40)])
    return library


def vector(number: int) -> np.ndarray:
    return GridEmbedder()(noise(number)[None])[0]


def test_a_library_is_searched_with_filters(library: FaceLibrary) -> None:
    search = LibrarySearch(library)
    assert search.search(vector(6), 1)[0].id == 7
    assert search.search(vector(6), 1)[0].similarity == pytest.approx(1, abs=1e-3)
    usable = search.search(vector(6), 40, Where(usable=True))
    assert {match.id for match in usable} == set(library.ids(Where(usable=True)).tolist())
    assert len(usable) == 20
    assert search.search(vector(6), 5, Where(person="nobody")) == []


def test_a_search_is_never_older_than_the_library(library: FaceLibrary) -> None:
    search = LibrarySearch(library)
    assert search.search(vector(50), 1)[0].id <= 40
    with FaceLibrary(library.path, GridEmbedder()) as other:  # another program
        [added] = other.add(new_face(50))
    assert search.search(vector(50), 1)[0].id == added
    library.delete(added)
    assert search.search(vector(50), 1)[0].id != added


def test_an_empty_library_has_no_matches(tmp_path: Path) -> None:
    assert LibrarySearch(FaceLibrary(tmp_path / "empty.db", GridEmbedder())).search(vector(1)) == []


def test_several_users_search_at_once(library: FaceLibrary) -> None:
    search = LibrarySearch(library)
    found: dict[int, int] = {}

    def look(number: int) -> None:
        found[number] = search.search(vector(number), 1)[0].id

    threads = [threading.Thread(target=look, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: number + 1 for number in range(20)}


def test_an_index_that_there_is_not_is_refused(library: FaceLibrary) -> None:
    with pytest.raises(ConfigError, match="choices: auto, exact, usearch"):
        LibrarySearch(library, "faiss")  # type: ignore[arg-type]


def test_a_match_is_plain_values() -> None:
    assert json.dumps(Match(3, 0.123456789).to_json()) == '{"id": 3, "similarity": 0.12346}'

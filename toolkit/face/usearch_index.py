"""Searching very large libraries with a graph that lies in a file beside the library."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.engine.files import atomic_file
from toolkit.errors import require
from toolkit.face.library import INDEX_ENDING, FaceLibrary, index_files
from toolkit.face.library_view import Ids, VectorTable
from toolkit.face.networks import Vectors
from toolkit.face.search import Match, among, as_query, best_of

_CONNECTIVITY = 16
_EXPANSION_ADD = 128
_EXPANSION_SEARCH = 320  # with 128, seven in a hundred neighbours among a million faces were missed
_MORE = 4  # times as many as asked for are looked at, so that the exact order decides between the last ones
_ONE_BY_ONE = 20_000  # so few allowed faces are compared one by one


class UsearchIndex:
    """A navigable small-world graph over vectors in half precision, mapped into memory from its file.

    Source: Y. A. Malkov and D. A. Yashunin, "Efficient and robust approximate nearest neighbor search using
    hierarchical navigable small world graphs", IEEE TPAMI 42 (4), 2020, in the library usearch. Similarities are exact
    (of the stored vectors), but now and then a neighbour is missed.

    Args:
        graph: of usearch.
        ids: what is in it, int64 [N], ascending.
    """

    def __init__(self, graph: Any, ids: Ids) -> None:
        self._graph = graph
        self._ids = ids

    def __len__(self) -> int:
        return len(self._ids)

    def search(self, vector: Vectors, k: int, allowed: Ids | None = None) -> list[Match]:
        """The k most similar, nearly always; see `toolkit.face.search.Index.search`."""
        query = as_query(vector, self._graph.ndim if len(self._ids) else None)
        wanted = self._ids if allowed is None else self._ids[among(self._ids, allowed)]
        k = min(k, len(wanted))
        if k < 1:
            return []
        if len(wanted) <= _ONE_BY_ONE and allowed is not None:
            return self._ranked(wanted, query, k)
        total = len(self._graph)
        count = min(total, _MORE * k * (1 + total // len(wanted)))
        while True:
            found = np.sort(np.asarray(self._graph.search(query.astype(np.float32), count).keys).astype(np.int64))
            fitting = found[among(found, wanted)]
            if len(fitting) >= k or count >= total:
                return self._ranked(fitting, query, k)
            count = min(total, 4 * count)

    def remove(self, ids: Ids) -> int:
        """Take vectors out of what is found; the file keeps them until it is made anew or deleted."""
        kept = ~among(self._ids, np.unique(ids))
        removed = int((~kept).sum())
        self._ids = self._ids[kept]
        return removed

    def _ranked(self, ids: Ids, query: Any, k: int) -> list[Match]:
        stored = np.asarray(self._graph.get(ids.astype(np.uint64))).astype(np.float64)
        return best_of(ids, stored @ query, k)


def open_index(library: FaceLibrary) -> tuple[UsearchIndex, str]:
    """The index of a library: from its file when that is of the library's present state, otherwise made and stored.

    Older files are deleted. A library that was opened read-only gets its index in memory only.

    Returns:
        The index, and the state of the library that it was made of.

    Raises:
        MissingExtraError: usearch is not installed.
        TrainingError: the disk is full.
    """
    require("usearch", "face-index", "An index of very many faces")
    table = library.vectors()
    file = library.path.with_name(f"{library.path.name}.{table.state}{INDEX_ENDING}")
    stored = _stored(file, table) if file.is_file() else None
    if stored is not None:
        return stored, table.state
    graph = build_graph(table)
    if library.read_only:
        return UsearchIndex(graph, table.ids), table.state
    with atomic_file(file) as temporary:
        graph.save(str(temporary))
    for other in index_files(library.path):
        if other != file:
            with suppress(OSError):  # another program may still have it mapped
                other.unlink()
    return _stored(file, table) or UsearchIndex(graph, table.ids), table.state


def build_graph(table: VectorTable, threads: int = 0) -> Any:
    """Make the graph of all vectors.

    Args:
        table: what to put in.
        threads: 0 for as many as there are cores.
    """
    usearch: Any = require("usearch.index", "face-index", "An index of very many faces")
    graph = usearch.Index(
        ndim=max(1, table.vectors.shape[1]),
        metric="ip",
        dtype="f16",
        connectivity=_CONNECTIVITY,
        expansion_add=_EXPANSION_ADD,
        expansion_search=_EXPANSION_SEARCH,
    )
    if len(table.ids):
        graph.add(table.ids.astype(np.uint64), np.array(table.vectors), threads=threads)
    return graph


def _stored(file: Path, table: VectorTable) -> UsearchIndex | None:
    """The index in a file; `None` where it is damaged or of other vectors."""
    usearch: Any = require("usearch.index", "face-index", "An index of very many faces")
    try:
        graph = usearch.Index.restore(str(file), view=True)
    except Exception:  # usearch raises several kinds for a damaged file; it is made anew
        return None
    if graph is None or len(graph) != len(table.ids) or (len(table.ids) and graph.ndim != table.vectors.shape[1]):
        return None
    graph.expansion_search = _EXPANSION_SEARCH
    return UsearchIndex(graph, table.ids)

"""Searching a library: the faces most similar to a vector, exactly."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from toolkit.errors import ConfigError, DataError, Problem
from toolkit.face.entries import Where
from toolkit.face.library import FaceLibrary
from toolkit.face.library_view import Ids, VectorTable
from toolkit.face.networks import Halves, Vectors

EXACT_UP_TO = 1_000_000
"""Faces up to which `auto` compares with every one; beyond it uses `usearch`."""

IndexKind: TypeAlias = Literal["auto", "exact", "usearch"]

_ROUNDING = 1e-4
"""Most by which a product in single precision differs from the true one, for vectors of unit length: a sum of D
products is off by less than D 2^-24, which for a thousand dimensions is 6e-5."""
_BLOCK = 8192  # vectors; 4 MB as float32
_MORE = 64
_REMEMBERED = 8  # filters


@dataclass(frozen=True, slots=True)
class Match:
    """A face that was found.

    Attributes:
        id: in the library.
        similarity: cosine of the angle between the vectors, -1 to 1.
    """

    id: int
    similarity: float

    def to_json(self) -> dict[str, Any]:
        """Both as plain numbers."""
        return {"id": self.id, "similarity": round(self.similarity, 5)}


class Index(Protocol):
    """Finds the vectors nearest to one. Calls from several threads at once must work."""

    def __len__(self) -> int:
        """Number of vectors."""

    def search(self, vector: Vectors, k: int, allowed: Ids | None = None) -> list[Match]:
        """The k most similar, the most similar first; of equally similar ones the lower id.

        Args:
            vector: [D], of unit length.
            k: how many; fewer come back when there are fewer.
            allowed: only these ids, in ascending order; all when left out.
        """

    def remove(self, ids: Ids) -> int:
        """Take vectors out; ids that are not in it are passed over.

        Returns:
            How many were taken out.
        """


class ExactIndex:
    """Compares with every vector: in single precision, then the best again in double precision.

    The product alone would mix up neighbours that differ by less than its rounding. Hence everything that could be
    among the k best, were its rounding as bad as can be, is computed again: the result is that of double precision.

    Args:
        ids: int64 [N], ascending.
        vectors: float16 [N, D], of unit length.
    """

    def __init__(self, ids: Ids, vectors: Halves) -> None:
        if vectors.ndim != 2 or ids.shape != (len(vectors),) or (np.diff(ids) <= 0).any():
            raise DataError(f"an index takes ascending ids [N] and vectors [N, D], not {ids.shape} and {vectors.shape}")
        self._ids = ids
        self._vectors = torch.from_numpy(np.array(vectors, dtype=np.float16))  # a copy: the table is read-only
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._ids)

    def search(self, vector: Vectors, k: int, allowed: Ids | None = None) -> list[Match]:
        """The k most similar; see `Index.search`."""
        with self._lock:
            ids, vectors = self._ids, self._vectors
        query = as_query(vector, vectors.shape[1] if len(ids) else None)
        if not len(ids) or k < 1:
            return []
        rough = _products(vectors, torch.from_numpy(query.astype(np.float32)))
        if allowed is not None:
            mask = torch.from_numpy(among(ids, allowed))
            rough = rough.masked_fill(~mask, float("-inf"))
            k = min(k, int(mask.sum()))
        k = min(k, len(ids))
        if k == 0:
            return []
        places = _candidates(rough, k).numpy()
        exact = vectors[torch.from_numpy(places)].numpy().astype(np.float64) @ query
        return best_of(ids[places], exact, k)

    def remove(self, ids: Ids) -> int:
        """Take vectors out; see `Index.remove`."""
        with self._lock:
            kept = ~among(self._ids, np.unique(ids))
            removed = int((~kept).sum())
            if removed:
                self._ids, self._vectors = self._ids[kept], self._vectors[torch.from_numpy(kept)]
            return removed


def _products(halves_ND: torch.Tensor, query_D: torch.Tensor) -> torch.Tensor:
    """Of every vector with the query, float32 [N].

    In blocks that stay in the processor's cache as float32: how long a product of halves takes depends on its shape and
    on the processor (12 to 60 ms for a million vectors on one and the same), this does not (26 ms).
    """
    found_N = torch.empty(len(halves_ND))
    block = torch.empty(min(_BLOCK, len(halves_ND)), halves_ND.shape[1])
    for first in range(0, len(halves_ND), _BLOCK):
        halves = halves_ND[first : first + _BLOCK]
        singles = block[: len(halves)].copy_(halves)
        torch.mv(singles, query_D, out=found_N[first : first + len(halves)])
    return found_N


def _candidates(rough: torch.Tensor, k: int) -> torch.Tensor:
    """Places of all that may be among the k best, given how far rounded products may be off."""
    best = torch.topk(rough, min(len(rough), k + _MORE))
    least = float(best.values[k - 1]) - 2 * _ROUNDING
    if len(best.values) == len(rough) or float(best.values[-1]) < least:
        return best.indices[best.values.float() >= least]
    return torch.nonzero(rough.float() >= least).flatten()  # very many are about equally similar


class LibrarySearch:
    """Searches a library, following its changes.

    The index is made when it is first needed, and again when the library has changed since; it is never older than the
    library. Only `usearch` leaves a file, beside the library.

    Args:
        library: where to search.
        index: `exact` compares with every face, `usearch` asks a graph (extra `face-index`), `auto` takes `exact` up to
            a million faces.

    Raises:
        ConfigError: there is no such index.
    """

    def __init__(self, library: FaceLibrary, index: IndexKind = "auto") -> None:
        if index not in ("auto", *_INDICES):
            choices = ", ".join(["auto", *_INDICES])
            raise ConfigError([Problem("index", f"is '{index}'; choices: {choices}")], "the search")
        self.library = library
        self.index = index
        self._made: Index | None = None
        self._state = ""
        self._allowed: dict[Where, Ids] = {}
        self._lock = threading.Lock()

    def search(self, vector: Vectors, k: int = 10, where: Where | None = None) -> list[Match]:
        """The faces most similar to a vector.

        Args:
            vector: [D], of unit length, from the embedder of the library.
            k: how many; fewer come back when there are fewer.
            where: only among these entries.

        Returns:
            The most similar first.

        Raises:
            DataError: the vector has another length than the library's, or is not of unit length.
            MissingExtraError: `usearch` is not installed.
        """
        with self._lock:
            index = self._current()
            allowed = None if where is None or where == Where() else self._chosen(where)
        return index.search(vector, k, allowed)

    def _chosen(self, where: Where) -> Ids:
        """The ids that are meant, remembered until the library changes: a million take half a second to read."""
        if where not in self._allowed:
            if len(self._allowed) >= _REMEMBERED:
                self._allowed.clear()
            self._allowed[where] = self.library.ids(where)
        return self._allowed[where]

    def _current(self) -> Index:
        if self._made is None or self._state != self.library.state():
            kind = self.index
            if kind == "auto":
                kind = "exact" if len(self.library) <= EXACT_UP_TO else "usearch"
            self._made, self._state = _INDICES[kind](self.library)
            self._allowed.clear()
        return self._made


def as_query(vector: Vectors, dimensions: int | None) -> npt.NDArray[np.float64]:
    """Check a vector to search with.

    Raises:
        DataError: it is not [D] finite numbers of length 1.
    """
    query = np.asarray(vector, dtype=np.float64)
    if query.ndim != 1 or (dimensions is not None and len(query) != dimensions):
        raise DataError(f"a search takes a vector of {dimensions} numbers, not {list(query.shape)}")
    if not abs(float(np.linalg.norm(query)) - 1) < 1e-2:
        raise DataError("a search takes a vector of length 1", "divide it by its length")
    return query


def best_of(ids: Ids, similarities: npt.NDArray[np.float64], k: int) -> list[Match]:
    """The k most similar of some; of equally similar ones the lower id first."""
    order = np.lexsort((ids, -similarities))[:k]
    return [Match(int(ids[place]), float(similarities[place])) for place in order]


def among(ids: Ids, wanted: Ids) -> npt.NDArray[np.bool_]:
    """Which ids are wanted, as a mask; both ascending, without repetition."""
    mask = np.zeros(len(ids), dtype=np.bool_)
    places = np.searchsorted(ids, wanted)
    inside = places < len(ids)
    places, wanted = places[inside], wanted[inside]
    mask[places[ids[places] == wanted]] = True
    return mask


def _exact(library: FaceLibrary) -> tuple[Index, str]:
    table: VectorTable = library.vectors()
    return ExactIndex(table.ids, table.vectors), table.state


def _usearch(library: FaceLibrary) -> tuple[Index, str]:
    from toolkit.face.usearch_index import open_index  # only large libraries need it

    return open_index(library)


_INDICES: dict[str, Callable[[FaceLibrary], tuple[Index, str]]] = {"exact": _exact, "usearch": _usearch}

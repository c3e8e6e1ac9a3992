"""Forgetting faces, and proving it by a search with what they were found by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit.face.library import FaceLibrary
from toolkit.face.library_file import LibraryError
from toolkit.face.search import LibrarySearch, Match


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A face that is gone.

    Attributes:
        id: the number that it had.
        nearest: what a search with its own vector finds now; `None` in an empty library.
    """

    id: int
    nearest: Match | None

    def to_json(self) -> dict[str, Any]:
        """Both as plain values, and that the search did not find it."""
        nearest = None if self.nearest is None else self.nearest.to_json()
        return {"id": self.id, "found_by_its_own_vector": False, "nearest": nearest}


def forget_and_prove(library: FaceLibrary, ids: Iterable[int]) -> list[Forgotten]:
    """Remove faces for good, then search with their own vectors.

    Args:
        library: open for writing.
        ids: of the faces.

    Returns:
        What such a search finds now, for each face.

    Raises:
        LibraryError: one does not exist (then none is removed), or is still found.
    """
    wanted = list(dict.fromkeys(ids))
    table = library.vectors()
    places = {int(id_): row for row, id_ in enumerate(table.ids)}
    vectors = {id_: np.array(table.vectors[places[id_]], dtype=np.float64) for id_ in wanted if id_ in places}
    library.forget(wanted)
    search = LibrarySearch(library)
    proofs = []
    for id_, vector in vectors.items():
        found = search.search(vector / np.linalg.norm(vector), 10)
        if id_ in library or any(match.id == id_ for match in found):
            raise LibraryError(f"face {id_} is still found in {library.path}", "forget it once more")
        proofs.append(Forgotten(id_, found[0] if found else None))
    return proofs

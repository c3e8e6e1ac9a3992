"""How similar a new face may be to one person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from toolkit.errors import ToolkitError
from toolkit.face.library_view import LibraryView
from toolkit.face.search import Match

MOST_SIMILAR = 0.75
"""Largest cosine to any one person, where nothing is known of how similar different people are."""
_PEOPLE = 30  # named people that a library needs, to say how similar different people are
_ASKED, _LOOKED_AT = 300, 20_000  # faces whose nearest other person is looked for, and among how many
_SHARE = 0.95
SEEDS = 3
"""Noises that are tried with each set of weights."""
_APART = 7919  # between the seeds of further tries, so that "again", the next seed, does not repeat them


class TooSimilarError(ToolkitError):
    """Every face that was tried is too similar to one person."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How similar a new face is to people that there are.

    Attributes:
        nearest: the most similar face of the whole library, also of those that may not be used.
        upload: similarity to the uploaded face.
        cap: the most that is allowed.
    """

    nearest: Match
    upload: float
    cap: float

    @property
    def allowed(self) -> bool:
        """Whether it is similar enough to nobody."""
        return self.worst <= self.cap

    @property
    def worst(self) -> float:
        """The larger of both similarities."""
        return max(self.nearest.similarity, self.upload)


def similarity_of_strangers(library: LibraryView) -> float | None:
    """How similar different people are to each other: what a new face may be to any of them, and not more.

    Every face of a library has a most similar face of somebody else. This is the 95th percentile of these similarities:
    it depends on how well the embedder tells people apart, and on how many people there are to be like.

    Args:
        library: only faces whose person is known count; at most 20,000 of them are looked at.

    Returns:
        A cosine, not below `MOST_SIMILAR`; `None` where fewer than 30 people are known.
    """
    known = library.people()
    table = library.vectors()
    rows = np.array([row for row, id_ in enumerate(table.ids.tolist()) if id_ in known], dtype=np.int64)
    rows = rows[np.linspace(0, len(rows) - 1, min(_LOOKED_AT, len(rows))).round().astype(np.int64)]
    names = np.array([known[id_] for id_ in table.ids[rows].tolist()], dtype=object)
    if len(set(names.tolist())) < _PEOPLE:
        return None
    vectors = table.vectors[rows].astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    asked = np.linspace(0, len(rows) - 1, min(_ASKED, len(rows))).round().astype(np.int64)
    similarity = vectors[asked] @ vectors.T
    similarity[names[asked][:, None] == names[None]] = -1.0
    return max(MOST_SIMILAR, float(np.quantile(similarity.max(1), _SHARE)))


def attempts(weights: Sequence[float], seed: int) -> Iterator[tuple[tuple[float, ...], int]]:
    """Weights and seeds to try: as asked, other noise, then flatter weights, up to equal ones, then without one source.

    Of three sources two may look so much alike that every mixture is a picture of both; then each is left out in turn,
    beginning with the one of most weight.

    Args:
        weights: as asked for, from 0; a source of weight 0 keeps it.
        seed: as asked for.

    Yields:
        Weights that sum to 1, and a seed.
    """
    total = sum(weights)
    asked = tuple(weight / total for weight in weights)
    tried = set()
    for power in (1.0, 0.5, 0.0):
        raised = [weight**power if weight > 0 else 0.0 for weight in asked]
        flat = tuple(weight / sum(raised) for weight in raised)
        if (rounded := tuple(round(weight, 6) for weight in flat)) in tried:
            continue
        tried.add(rounded)
        for number in range(SEEDS):
            yield flat, seed + _APART * number
    used = sorted((place for place, weight in enumerate(asked) if weight > 0), key=lambda place: -asked[place])
    for left_out in used if len(used) > 2 else ():
        others = 1 / (len(used) - 1)
        yield tuple(others if place in used and place != left_out else 0.0 for place in range(len(asked))), seed


def too_similar(best: Verdict, count: int, sources: int) -> TooSimilarError:
    """The error after the last attempt."""
    whom = "the uploaded face" if best.upload >= best.nearest.similarity else f"library face {best.nearest.id}"
    way_out = "use more sources, or drop the one it is too similar to"
    if sources == 1:
        way_out = "use two sources at least: of a single one only that person can be made"
    return TooSimilarError(
        f"none of {count} new faces was shown: the best has a similarity of {best.worst:.2f} to {whom}, "
        f"and {best.cap:.2f} is the most that is allowed",
        way_out,
    )

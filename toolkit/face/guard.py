"""How similar a new face may be to one person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from toolkit.errors import ToolkitError
from toolkit.face.search import Match

MOST_SIMILAR = 0.75
"""Largest cosine to any one person where an embedder does not say better (`same_person`)."""
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


def attempts(weights: Sequence[float], seed: int) -> Iterator[tuple[tuple[float, ...], int]]:
    """Weights and seeds to try: as asked, other noise, then flatter weights, up to equal ones.

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

"""How many phonemes of a text were not heard, or others in their place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from toolkit.data.source import Array
from toolkit.speech.text.characters import MARKS
from toolkit.speech.voice.units import START


def spoken_phones(symbols: Sequence[str]) -> tuple[str, ...]:
    """Units that are heard: no marks, and no silence."""
    return tuple(symbol for symbol in symbols if symbol not in MARKS and symbol != START)


def collapsed(best_T: Array, blank: int = 0) -> list[int]:
    """Labels of the best path: repetitions once, blanks not at all (Graves et al. 2006, section 3.1).

    >>> collapsed(np.array([0, 3, 3, 0, 3, 1]))
    [3, 3, 1]
    """
    kept = np.flatnonzero(np.diff(best_T, prepend=-1) != 0)
    return [int(label) for label in best_T[kept] if label != blank]


def edit_distance(said: Sequence[object], wanted: Sequence[object]) -> int:
    """Smallest number of insertions, deletions and substitutions (Levenshtein 1966).

    >>> edit_distance("kitten", "sitting")
    3
    """
    row = list(range(len(wanted) + 1))
    for number, symbol in enumerate(said, 1):
        before, row[0] = row[0], number
        for place, other in enumerate(wanted, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (symbol != other))
    return row[-1]


def phoneme_error(said: Sequence[str], wanted: Sequence[str]) -> float:
    """Edit distance over the number of phonemes that were wanted; can be above 1."""
    return edit_distance(said, wanted) / max(len(wanted), 1)

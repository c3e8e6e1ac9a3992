"""Which words translate which: learned from sentence pairs, or read from a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from toolkit.errors import DataError
from toolkit.translation.text_files import lines

Lexicon = dict[str, set[str]]


def lexicon_of(pairs: Sequence[tuple[Sequence[str], Sequence[str]]], rounds: int = 5, least: float = 0.1) -> Lexicon:
    """Translations of words by IBM model 1 in both directions (Brown et al. 1993, section 4.2).

    Args:
        pairs: sentences as words, with their translations.
        rounds: of expectation and maximisation.
        least: probability of a translation in either direction, so that only what both agree on is kept.
    """
    ours = _numbers(word for one, _ in pairs for word in one)
    theirs = _numbers(word for _, other in pairs for word in other)
    forwards = _translations(pairs, ours, theirs, rounds)
    backwards = _translations([(other, one) for one, other in pairs], theirs, ours, rounds)
    names, others = list(ours), list(theirs)
    found: Lexicon = {}
    for (one, other), probability in forwards.items():
        if probability >= least and backwards.get((other, one), 0.0) >= least:
            found.setdefault(names[one], set()).add(others[other])
    return found


def read_lexicon(path: Path) -> Lexicon:
    """A file with a word and its translation in each line, apart by a tab or a blank, as MUSE's dictionaries are.

    Raises:
        DataError: a line has not two words; the message names it.
    """
    found: Lexicon = {}
    for number, row in enumerate(lines(path), start=1):
        cells = row.lower().split()
        if not cells:
            continue
        if len(cells) != 2:
            raise DataError(f"{path}:{number}: '{row[:40]}' is not a word and its translation")
        found.setdefault(cells[0], set()).add(cells[1])
    if not found:
        raise DataError(f"{path} holds no words", "give a file with a word and its translation in each line")
    return found


def _numbers(words: object) -> dict[str, int]:
    return {word: place for place, word in enumerate(dict.fromkeys(words))}  # type: ignore[call-overload]


def _translations(
    pairs: Sequence[tuple[Sequence[str], Sequence[str]]], ours: dict[str, int], theirs: dict[str, int], rounds: int
) -> dict[tuple[int, int], float]:
    """p(their word | our word), from even chances on."""
    links, places = [], []  # every word of a translation with every word of its source, and whose turn it was
    place = 0
    for one, other in pairs:
        numbers = [ours[word] for word in one]
        for word in other:
            links += [(number, theirs[word]) for number in numbers]
            places += [place] * len(numbers)
            place += 1
    if not links:
        return {}
    different, which = np.unique(np.array(links, dtype=np.int64), axis=0, return_inverse=True)
    which, turns = which.ravel(), np.array(places)
    chance = np.ones(len(different))
    for _ in range(rounds):
        share = chance[which] / np.maximum(np.bincount(turns, chance[which], place)[turns], 1e-300)
        counts = np.bincount(which, share, len(different))
        chance = counts / np.bincount(different[:, 0], counts)[different[:, 0]]
    return {(int(one), int(other)): float(value) for (one, other), value in zip(different, chance, strict=True)}

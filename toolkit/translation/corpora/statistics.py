"""What a corpus is like, in figures."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from toolkit.translation.corpora.pair import Pair
from toolkit.translation.corpora.scripts import scripts, words

QUANTILES = (0, 5, 25, 50, 75, 95, 99, 100)
"""In per cent of the sentences."""


@dataclass(frozen=True, slots=True)
class SideStatistics:
    """One side of a corpus. In scripts without spaces each character counts as a word.

    Attributes:
        distinct: number of different sentences.
        words: number of words, without punctuation.
        characters: number of characters.
        vocabulary: number of different words, as they are written.
        type_token_ratio: `vocabulary / words`, 0 to 1.
        once: share of the vocabulary that occurs a single time, 0 to 1.
        words_per_sentence: the length in words below which each of `QUANTILES` of the sentences lie.
        characters_per_sentence: likewise in characters.
        scripts: share of the letters in each script (ISO 15924).
    """

    distinct: int
    words: int
    characters: int
    vocabulary: int
    type_token_ratio: float
    once: float
    words_per_sentence: Mapping[int, float]
    characters_per_sentence: Mapping[int, float]
    scripts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class CorpusStatistics:
    """A corpus.

    Attributes:
        pairs: how many there are.
        duplicated: share of the pairs that repeat an earlier one, 0 to 1.
        source: the sentences.
        target: their translations.
    """

    pairs: int
    duplicated: float
    source: SideStatistics
    target: SideStatistics

    def to_json(self) -> dict[str, Any]:
        """As plain dictionaries."""
        return asdict(self)

    def to_text(self) -> str:
        """A small table."""
        found = [
            f"{self.pairs:,} pairs, {100 * self.duplicated:.1f} % of them repeated",
            f"{'':24}{'source':>16}{'target':>16}",
        ]
        sides = (self.source, self.target)
        for name in ("distinct", "words", "characters", "vocabulary"):
            found.append(_row(name, [f"{getattr(side, name):,}" for side in sides]))
        found.append(_row("type/token ratio", [f"{side.type_token_ratio:.4f}" for side in sides]))
        for share in QUANTILES:
            found.append(_row(f"words, {share} %", [f"{side.words_per_sentence.get(share, 0):g}" for side in sides]))
        found.append(
            _row("script", [max(side.scripts, key=lambda key: side.scripts[key], default="-") for side in sides])
        )
        return "\n".join(found)


def describe(pairs: Iterable[Pair]) -> CorpusStatistics:
    """Figures of a corpus, in one pass.

    >>> describe([Pair("A dog.", "Ein Hund.", "a:1"), Pair("A dog.", "Ein Hund.", "a:2")]).duplicated
    0.5
    """
    sides = (_Side(), _Side())
    seen: set[int] = set()
    count = 0
    for pair in pairs:
        count += 1
        seen.add(hash((pair.source, pair.target)))
        sides[0].add(pair.source)
        sides[1].add(pair.target)
    repeated = (count - len(seen)) / count if count else 0.0
    return CorpusStatistics(count, repeated, sides[0].result(), sides[1].result())


class _Side:
    def __init__(self) -> None:
        self.sentences: set[int] = set()
        self.vocabulary: Counter[str] = Counter()
        self.scripts: Counter[str] = Counter()
        self.words = array("q")
        self.characters = array("q")

    def add(self, text: str) -> None:
        found = words(text)
        self.sentences.add(hash(text))
        self.vocabulary.update(found)
        self.scripts.update(scripts(text))
        self.words.append(len(found))
        self.characters.append(len(text))

    def result(self) -> SideStatistics:
        total, letters = sum(self.words), sum(self.scripts.values())
        size = len(self.vocabulary)
        return SideStatistics(
            distinct=len(self.sentences),
            words=total,
            characters=sum(self.characters),
            vocabulary=size,
            type_token_ratio=size / total if total else 0.0,
            once=sum(number == 1 for number in self.vocabulary.values()) / size if size else 0.0,
            words_per_sentence=_quantiles(self.words),
            characters_per_sentence=_quantiles(self.characters),
            scripts={script: number / letters for script, number in self.scripts.most_common()},
        )


def _quantiles(lengths: array[int]) -> dict[int, float]:
    if not lengths:
        return {}
    values = np.percentile(np.array(lengths), QUANTILES, method="inverted_cdf")
    return {share: float(value) for share, value in zip(QUANTILES, values, strict=True)}


def _row(name: str, values: list[str]) -> str:
    return f"{name:24}" + "".join(f"{value:>16}" for value in values)

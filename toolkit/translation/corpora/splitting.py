"""Training, validation and test pairs, with no source sentence in two of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from toolkit.data.source import Skipped
from toolkit.data.splits import FRACTIONS, split
from toolkit.translation.corpora.pair import Pair


def split_pairs(
    pairs: Sequence[Pair], fractions: Mapping[str, float] = FRACTIONS, seed: int = 0
) -> dict[str, list[Pair]]:
    """Divide pairs by distinct source sentence.

    Where a pair goes depends on its source sentence and the seed alone: adding or removing others never moves it.
    Sentences that differ only in case, blanks or the punctuation at their end count as one.

    Args:
        pairs: to be divided.
        fractions: share of each split, adding up to 1.
        seed: another seed divides differently.

    Raises:
        ConfigError: a fraction is negative, or they do not add up to 1.
    """
    found = split(_Sentences(pairs), fractions, seed)
    return {name: [pairs[int(index)] for index in indices] for name, indices in found.items()}


def sentence_key(text: str) -> str:
    """What is equal for sentences that count as one.

    >>> sentence_key("Hi  there!") == sentence_key("hi there.")
    True
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    end = len(plain)
    while end and not plain[end - 1].isalnum():
        end -= 1
    return plain[:end] or plain


def without_answers(kept: list[Pair], held_out: Iterable[Pair]) -> tuple[list[Pair], list[Skipped]]:
    """Training pairs, neither side of which is that of a held-out pair, and how many had to go."""
    sources, targets = set(), set()
    for pair in held_out:
        sources.add(sentence_key(pair.source))
        targets.add(sentence_key(pair.target))
    if not sources:
        return kept, []
    apart = [
        pair for pair in kept if sentence_key(pair.source) not in sources and sentence_key(pair.target) not in targets
    ]
    gone = len(kept) - len(apart)
    if not gone:
        return kept, []
    first = next(pair for pair, other in zip_longest(kept, apart) if pair is not other)
    return apart, [Skipped(first.origin, f"held out as well: {gone:,} training pairs like this were left out")]


class _Sentences:
    """Pairs as a source of data, grouped by their source sentence."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self.classes: tuple[str, ...] = ()
        self.problems: list[Skipped] = []
        self._pairs = pairs

    def __len__(self) -> int:
        return len(self._pairs)

    def key(self, index: int) -> str:
        return self._pairs[index].origin

    def group(self, index: int) -> str:
        return sentence_key(self._pairs[index].source)

    def split_of(self, index: int) -> str | None:
        return None

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"source": self._pairs[index].source, "target": self._pairs[index].target}

"""The speaker's inventory: which symbols a voice has heard, how often, and their numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from toolkit.errors import CheckpointError, DataError
from toolkit.speech.text.characters import MARKS
from toolkit.speech.text.phone_features import nearest_phone
from toolkit.speech.text.phonemizer import STRESS, WORD_BOUNDARY

PADDING = 0
"""The number of no symbol: fills up the shorter sentences of a batch."""

_MARK_INSTEAD = {";": ",", ":": ",", "—": ",", "!": ".", "?": ".", ",": ".", ".": ","}


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a corpus lacks of what a language needs.

    Attributes:
        missing: symbols that it has not, and how often the other one has them; most frequent first.
        rare: symbols that it has fewer than `least` times, with its counts; rarest first.
        least: how often a symbol ought to be heard.
        share: part of the symbols of the other one, by their frequency, that the corpus has at all; 0 to 1.
    """

    missing: tuple[tuple[str, int], ...]
    rare: tuple[tuple[str, int], ...]
    least: int
    share: float

    def __str__(self) -> str:
        lines = [f"{self.share:.2%} of the symbols are in the inventory"]
        if self.missing:
            lines.append("missing: " + ", ".join(f"{symbol} ({count} wanted)" for symbol, count in self.missing))
        if self.rare:
            lines.append(
                f"fewer than {self.least} times: " + ", ".join(f"{symbol} ({count})" for symbol, count in self.rare)
            )
        return "\n".join(lines)


class Inventory:
    """Symbols with their counts and numbers.

    Numbers depend on the set of symbols alone: 0 is padding, then come the word boundary, punctuation, stress, and the
    rest in the order of Unicode.

    Args:
        counts: how often each symbol was heard; a symbol that was never heard is none.

    Attributes:
        counts: by symbol, in the order of the numbers.
        symbols: in the order of the numbers, without padding.

    Example:
        >>> inventory = Inventory.of([("k", "æ", "t"), ("t", "æ", "k", "s")])
        >>> inventory.encode(("k", "æ", "t"))
        [1, 4, 3]
    """

    def __init__(self, counts: Mapping[str, int]) -> None:
        order = sorted((symbol for symbol, count in counts.items() if count > 0), key=_place)
        self.symbols: tuple[str, ...] = tuple(order)
        self.counts: Mapping[str, int] = MappingProxyType({symbol: counts[symbol] for symbol in order})
        self._numbers = {symbol: number for number, symbol in enumerate(order, PADDING + 1)}

    @classmethod
    def of(cls, sentences: Iterable[Sequence[str]]) -> Inventory:
        """The inventory of a corpus, from the symbols of its sentences."""
        counts: Counter[str] = Counter()
        for symbols in sentences:
            counts.update(symbols)
        return cls(counts)

    def __len__(self) -> int:
        """How many numbers there are, padding among them: the size of an embedding."""
        return len(self.symbols) + 1

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._numbers

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Inventory) and self.symbols == other.symbols

    def __hash__(self) -> int:
        return hash(self.symbols)

    def encode(self, symbols: Sequence[str]) -> list[int]:
        """The numbers of symbols, as many as there are symbols.

        Raises:
            DataError: the inventory lacks some; all are named, with the nearest that it has.
        """
        unknown = sorted({symbol for symbol in symbols if symbol not in self._numbers})
        if unknown:
            words = ", ".join(f"'{symbol}'{self._hint(symbol)}" for symbol in unknown)
            raise DataError(
                f"the voice has never heard {words}",
                "record sentences with these sounds, or let `fit` put the nearest symbols in their place",
            )
        return [self._numbers[symbol] for symbol in symbols]

    def decode(self, numbers: Iterable[int]) -> tuple[str, ...]:
        """The symbols of numbers; padding gives none.

        Raises:
            DataError: there is no such number.
        """
        found = []
        for number in numbers:
            if not PADDING <= number <= len(self.symbols):
                raise DataError(f"{number} is no number of a symbol; they go from 1 to {len(self.symbols)}")
            if number != PADDING:
                found.append(self.symbols[number - 1])
        return tuple(found)

    def fit(self, symbols: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
        """Put the nearest known symbol in the place of each unknown one.

        Returns:
            As many symbols as came in, so that places stay what they were; and what was put for what, with "" for
            symbols that have no near one and stay as they are.
        """
        instead = {symbol: self.nearest(symbol) or "" for symbol in sorted(set(symbols)) if symbol not in self._numbers}
        return tuple(instead.get(symbol) or symbol for symbol in symbols), instead

    def nearest(self, symbol: str) -> str | None:
        """The known symbol that comes nearest: by articulation for phones, by strength for marks; None without one."""
        if symbol in self._numbers:
            return symbol
        if symbol in STRESS:
            return next((mark for mark in STRESS if mark in self._numbers), None)
        if symbol in MARKS:
            near = _MARK_INSTEAD[symbol]
            return near if near in self._numbers else next((mark for mark in (",", ".") if mark in self._numbers), None)
        return nearest_phone(symbol, list(self.symbols))

    def coverage(self, other: Inventory, least: int = 10) -> Coverage:
        """What this corpus lacks of another, larger text in the same language.

        Args:
            other: the inventory of the text that shall be spoken, or of a list of sentences of the language.
            least: how often each symbol ought to be heard.
        """
        missing = sorted(
            ((s, n) for s, n in other.counts.items() if s not in self), key=lambda pair: (-pair[1], pair[0])
        )
        rare = sorted(
            ((symbol, self.counts[symbol]) for symbol in other.symbols if 0 < self.counts.get(symbol, 0) < least),
            key=lambda pair: (pair[1], pair[0]),
        )
        total = sum(other.counts.values())
        have = sum(count for symbol, count in other.counts.items() if symbol in self)
        return Coverage(tuple(missing), tuple(rare), least, have / total if total else 1.0)

    def to_document(self) -> dict[str, Any]:
        """What a file holds of it."""
        return {"padding": PADDING, "symbols": dict(self.counts)}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Inventory:
        """Read what `to_document` gave.

        Raises:
            CheckpointError: it is something else.
        """
        counts = document.get("symbols")
        good = isinstance(counts, Mapping) and all(
            isinstance(symbol, str) and symbol and type(count) is int and count > 0 for symbol, count in counts.items()
        )
        if not good or counts is None or document.get("padding") != PADDING:
            raise CheckpointError(
                "the phoneme inventory is damaged: it must hold padding 0 and a count for each symbol"
            )
        return cls(dict(counts))

    def _hint(self, symbol: str) -> str:
        near = self.nearest(symbol)
        return f" (nearest: '{near}')" if near else ""


def _place(symbol: str) -> tuple[int, str]:
    for rank, group in enumerate(((WORD_BOUNDARY,), MARKS, STRESS)):
        if symbol in group:
            return rank, symbol
    return 3, symbol

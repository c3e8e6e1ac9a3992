"""Finding many words and phrases in a text at once, in scripts with and without spaces between words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

# Scripts that put no spaces between words: Thai, Lao, Burmese, Khmer, kana, Han. Each character is a token of its own.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_TOKEN = re.compile(rf"(?:(?![{_UNSPACED}])[^\W_])[\u0300-\u036f]*(?:(?![{_UNSPACED}])[^\W_]|[\u0300-\u036f])*|\S")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    spaced: bool  # whether white space stands before it
    start: int
    end: int


class TermIndex(Generic[T]):
    """What belongs to which words: by their first token, so that many entries cost no more per text than few.

    Args:
        entries: words and what belongs to them.
    """

    def __init__(self, entries: Iterable[tuple[str, T]]) -> None:
        self._entries: dict[str, list[tuple[str, list[_Token], T]]] = {}
        for written, value in entries:
            tokens = list(_tokens(composed(written)))
            self._entries.setdefault(_folded(tokens[0].text), []).append((composed(written), tokens, value))

    def find(self, text: str) -> list[tuple[T, int, int]]:
        """Entries in a text with start and end, from left to right, without overlap; the longest is taken first."""
        tokens = list(_tokens(text))
        found = [
            (place, place + len(wanted), value)
            for place, token in enumerate(tokens)
            for written, wanted, value in self._entries.get(_folded(token.text), ())
            if _fits(tokens[place : place + len(wanted)], wanted, exactly=written != written.lower())
        ]
        found.sort(key=lambda one: (tokens[one[0]].start - tokens[one[1] - 1].end, one[0]))
        taken: set[int] = set()
        chosen = []
        for first, last, value in found:
            if taken.isdisjoint(range(first, last)):
                taken.update(range(first, last))
                chosen.append((value, tokens[first].start, tokens[last - 1].end))
        return sorted(chosen, key=lambda one: one[1])


def _tokens(text: str) -> Iterator[_Token]:
    before = 0
    for match in _TOKEN.finditer(text):
        yield _Token(composed(match[0]), match.start() > before, *match.span())
        before = match.end()


def _fits(found: Sequence[_Token], wanted: Sequence[_Token], exactly: bool) -> bool:
    if len(found) < len(wanted):
        return False
    for place, (one, other) in enumerate(zip(found, wanted, strict=True)):
        if place and one.spaced != other.spaced:
            return False
        if one.text != other.text and (exactly or _folded(one.text) != _folded(other.text)):
            return False
    return True


def _folded(text: str) -> str:
    return text.casefold()


def composed(text: str) -> str:
    """Letters with their accents as one character (Unicode's NFC)."""
    return unicodedata.normalize("NFC", text)

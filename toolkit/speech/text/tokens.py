"""A sentence in words, marks of punctuation, and characters that are neither."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from toolkit.speech.text.characters import is_letter, is_silent, mark_of

Kind = Literal["word", "mark", "unknown"]


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a sentence.

    Attributes:
        kind: `word`, `mark` (the text is one of `MARKS`), or `unknown` (nothing says how to read it).
        text: its characters.
        start: where it begins in the sentence.
    """

    kind: Kind
    text: str
    start: int


def tokens(sentence: str) -> Iterator[Token]:
    """Cut a sentence.

    Words are runs of letters with the apostrophes between them; hyphens part words. Quotation marks and white space
    give nothing, brackets are commas, dashes are "—". A run of unknown characters is one token: a flag or a family is
    several characters, and one emoji.

    >>> [token.text for token in tokens("Don't stop — go!")]
    ["Don't", 'stop', '—', 'go', '!']
    """
    place = 0
    while place < len(sentence):
        kind, end = _next(sentence, place)
        if kind == "mark":
            yield Token("mark", mark_of(sentence[place]) or "", place)
        elif kind != "silent":
            yield Token("word" if kind == "word" else "unknown", sentence[place:end], place)
        place = end


def _next(sentence: str, place: int) -> tuple[str, int]:
    first = _kind(sentence, place)
    end = place + 1
    if first in {"word", "unknown"}:
        while end < len(sentence) and (
            (_kind(sentence, end) == first and _is_chinese(sentence[end]) == _is_chinese(sentence[place]))
            or (first == "unknown" and _joins(sentence[end]))
        ):
            end += 1
    return first, end


def _kind(sentence: str, place: int) -> str:
    character = sentence[place]
    if character == "'":
        inside = 0 < place < len(sentence) - 1 and is_letter(sentence[place - 1]) and is_letter(sentence[place + 1])
        return "word" if inside else "silent"
    if mark_of(character) is not None:
        return "mark"
    if is_silent(character):
        return "silent"
    return "word" if is_letter(character) else "unknown"


def _is_chinese(character: str) -> bool:
    """Chinese characters and Latin letters beside them are words of their own."""
    return 0x3400 <= ord(character) <= 0x9FFF or 0x20000 <= ord(character) <= 0x3FFFF or character == "々"


def _joins(character: str) -> bool:
    """Variation selectors and joiners belong to the emoji before them."""
    return character == "\u200d" or 0xFE00 <= ord(character) <= 0xFE0F or 0x1F3FB <= ord(character) <= 0x1F3FF

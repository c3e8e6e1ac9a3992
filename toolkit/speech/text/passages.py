"""Marked-up text as plain passages, with characters of private use in the place of given phonemes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from toolkit.speech.text.markup import Said, parse_markup
from toolkit.speech.text.phonemizer import with_stress_apart

_PRIVATE = (*range(0xE000, 0xF900), *range(0xF0000, 0xF4000))


@dataclass(frozen=True, slots=True)
class Passage:
    """Text between two breaks of the markup.

    Attributes:
        text: without tags.
        pause: seconds of silence that the markup asks for after it.
        end: `sentence` or `paragraph` where the markup ends one.
    """

    text: str
    pause: float | None
    end: str


@dataclass(frozen=True, slots=True)
class Passages:
    """A text without its markup.

    Attributes:
        passages: in order.
        fixed: symbols by the character that stands for them.
        written: what is written where such a character stands.
    """

    passages: tuple[Passage, ...]
    fixed: Mapping[str, tuple[str, ...]]
    written: Mapping[str, str]

    def restored(self, text: str) -> str:
        """A text with what is written in the place of the stand-ins."""
        for character, written in self.written.items():
            text = text.replace(f" {character} ", written).replace(character, written)
        return text


def passages_of(text: str, markup: bool = True) -> Passages:
    """Read the markup of a text.

    Raises:
        ConfigError: a tag is unknown or wrong.
    """
    said = parse_markup(text) if markup else [Said(text)] if text else []
    free = iter(_unused(text))
    fixed: dict[str, tuple[str, ...]] = {}
    written: dict[str, str] = {}
    found: list[Passage] = []
    words = ""
    for piece in said:
        if piece.phones:
            stand_in = next(free)
            fixed[stand_in] = tuple(symbol for phone in piece.phones for symbol in with_stress_apart(phone))
            written[stand_in] = piece.text or " ".join(piece.phones)
            words += f" {stand_in} "
        else:
            words += piece.text
        if piece.pause is not None or piece.end:
            found.append(Passage(words, piece.pause, piece.end))
            words = ""
    if words:
        found.append(Passage(words, None, ""))
    return Passages(tuple(found), fixed, written)


def _unused(text: str) -> Iterator[str]:
    used = set(text)
    return (chr(code) for code in _PRIVATE if chr(code) not in used)

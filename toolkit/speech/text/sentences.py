"""Text in sentences short enough to be spoken in one go."""

from __future__ import annotations

import re
from dataclasses import dataclass

from toolkit.speech.text.languages import base_language, rules_of
from toolkit.speech.text.roman_names import NUMBERED_PARTS

LONGEST = 300
"""Characters of the longest piece, unless another length is asked for."""

_ENDS = re.compile(r"(?:[.!?…]+|[。！？]+)[\"'”’»›」』)\]]*")
_WIDE = frozenset("。！？")
_PARAGRAPH = re.compile(r"[ \t]*(?:\r\n|\r|\n)[ \t]*(?:(?:\r\n|\r|\n)[ \t]*)+|\u2029")
_CUTS = (re.compile(r"[;:—–]\s+|[；：]"), re.compile(r",\s+|[，、]"), re.compile(r"\s+"))
_ROMAN_OR_LETTER = re.compile(r"(?:^|[\s(.\"'“])([A-ZÀ-Þ])$")
_DAY = re.compile(r"(?:^|\D)\d{1,2}$")


@dataclass(frozen=True, slots=True)
class Piece:
    """A sentence, or a part of one that is too long.

    Attributes:
        text: its characters, with the white space that follows it.
        end: what follows: `sentence`, `paragraph`, or `cut` where a long sentence goes on.
    """

    text: str
    end: str


def split_sentences(text: str, language: str = "en", longest: int = LONGEST) -> list[Piece]:
    """Cut a text after its sentences.

    A stop ends one when white space follows and no small letter, unless it belongs to an abbreviation (Dr. Smith), an
    initial (J. Smith), or in German to a number (am 3. Mai). An empty line ends a paragraph; a single line break is a
    space. What is still longer than `longest` is cut at semicolons and colons, commas, spaces, and at last anywhere.

    Args:
        text: any.
        language: whose abbreviations are known; others have none.
        longest: characters of a piece, at least 20.

    Returns:
        Pieces that give the text again when they are put together; none for an empty text.
    """
    pieces: list[Piece] = []
    for paragraph, following in _paragraphs(text):
        sentences = _sentences(paragraph, language)
        for number, sentence in enumerate(sentences):
            parts = _shorten(sentence, max(20, longest))
            pieces += [Piece(part, "cut") for part in parts[:-1]]
            last = number == len(sentences) - 1
            pieces.append(Piece(parts[-1] + (following if last else ""), "paragraph" if last else "sentence"))
    return pieces


def _paragraphs(text: str) -> list[tuple[str, str]]:
    """Paragraphs with the empty lines after them; one of white space alone goes to what is before it."""
    found: list[tuple[str, str]] = []
    start = 0
    for match in [*_PARAGRAPH.finditer(text), None]:
        end = len(text) if match is None else match.start()
        paragraph, following = text[start:end], "" if match is None else match[0]
        if paragraph.strip() or not found:
            if paragraph or following:
                found.append((paragraph, following))
        else:
            found[-1] = (found[-1][0], found[-1][1] + paragraph + following)
        start = end + len(following)
    return found


def _sentences(paragraph: str, language: str) -> list[str]:
    rules = rules_of(language)
    numbered = rules.regnal | NUMBERED_PARTS
    german = base_language(language) == "de"
    found, start = [], 0
    for match in _ENDS.finditer(paragraph):
        after = re.match(r"\s*", paragraph[match.end() :])
        space = after[0] if after else ""
        following = paragraph[match.end() + len(space) :][:1]
        if not following or (not space and match[0][0] not in _WIDE):
            continue
        if match[0][0] not in _WIDE and (
            following.islower() or _is_short(paragraph[: match.start()], match, rules.never_final, numbered, german)
        ):
            continue
        end = match.end() + len(space)
        found.append(paragraph[start:end])
        start = end
    if paragraph[start:] or not found:
        found.append(paragraph[start:])
    return found


def _is_short(
    before: str, match: re.Match[str], never_final: frozenset[str], numbered: frozenset[str], german: bool
) -> bool:
    """Whether a stop belongs to the word before it."""
    if match[0] != ".":
        return False
    window = before[-24:]
    word = re.split(r"[\s(\[\"“„]", window)[-1].lower()
    if word in never_final or (german and _DAY.search(window)):
        return True
    letter = _ROMAN_OR_LETTER.search(window)
    if letter is None or letter[1] not in "IVX":
        return letter is not None
    name = re.search(r"([^\W\d_]+)\s+$", window[: letter.start(1)])  # Robert I. Smith, but not Chapter V. or it was I.
    return name is not None and name[1][0].isupper() and name[1] not in numbered


def _shorten(sentence: str, longest: int) -> list[str]:
    parts, rest = [], sentence
    while len(rest.rstrip()) > longest:
        end = _best_cut(rest[:longest])
        parts.append(rest[:end])
        rest = rest[end:]
    return [*parts, rest]


def _best_cut(window: str) -> int:
    for pattern in _CUTS:
        ends = [match.end() for match in pattern.finditer(window) if match.end() > len(window) // 4]
        if ends:
            return ends[-1]
    return len(window)

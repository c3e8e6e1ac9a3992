"""Characters before anything is read: one form for those that look alike, and what is a mark, a letter, or neither."""

from __future__ import annotations

import unicodedata

MARKS = (",", ".", "!", "?", ";", ":", "—")
"""Punctuation that stays among the symbols, since it carries pauses and melody."""

_MARK_OF = {
    "…": "—", "–": "—", "―": "—", "‒": "—", "。": ".", "，": ",", "、": ",", "！": "!", "？": "?", "；": ";", "：": ":",
    "､": ",", "｡": ".", "(": ",", ")": ",", "[": ",", "]": ",", "{": ",", "}": ",", "（": ",", "）": ",", "【": ",",
    "】": ",", "؟": "?", "،": ",", "؛": ";", "।": ".", "‖": "—", "|": ",", "/": ",", "·": ",", "•": ",",
}  # fmt: skip
_SILENT = frozenset("\"“”„‟«»‹›‘‚‛`´¿¡*_~^\\「」『』《》〈〉〔〕〖〗'’-‐‑\ufeff\u00ad\u200b\u2060")
_APOSTROPHES = str.maketrans({"’": "'", "ʼ": "'", "＇": "'", "ʹ": "'"})
_KEPT = frozenset("²³¹½¼¾⅓⅔…™℃℉ªº¨¯´¸·")
"""Characters whose compatible form would lose their meaning: the square of m² would become m2."""


def one_form(text: str) -> str:
    """Composed letters, plain digits of any script, full-width characters as ordinary ones, one kind of apostrophe.

    Returns:
        Text in which `’` is `'` and `５` is `5`; a run of white space is one space.
    """
    text = unicodedata.normalize("NFC", text)
    pieces = []
    for character in text:
        if character in _KEPT or character in _MARK_OF:
            pieces.append(character)
        elif character.isdecimal():
            pieces.append(str(unicodedata.decimal(character)))
        elif character in "℃℉":
            pieces.append("°" + ("C" if character == "℃" else "F"))
        else:
            pieces.append(unicodedata.normalize("NFKC", character))
    joined = unicodedata.normalize("NFC", "".join(pieces)).replace("℃", "°C").replace("℉", "°F")
    return " ".join(joined.translate(_APOSTROPHES).split())


def word_set(words: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(words.split())


def mark_of(character: str) -> str | None:
    """The mark among `MARKS` that stands for a character of punctuation; None where it stands for none."""
    return character if character in MARKS else _MARK_OF.get(character)


def is_silent(character: str) -> bool:
    """Whether a character may be passed over: quotation marks, hyphens, white space, invisible marks of layout."""
    return character.isspace() or character in _SILENT


def is_letter(character: str) -> bool:
    """Whether a character belongs to a word: a letter of any script, or a mark that combines with one."""
    if 0xFE00 <= ord(character) <= 0xFE0F or 0xE0100 <= ord(character) <= 0xE01EF:  # they choose the look of an emoji
        return False
    return unicodedata.category(character) in {"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc"}

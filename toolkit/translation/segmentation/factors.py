"""Source factors: what is known about each subword besides its spelling, for a model that embeds it.

Sennrich & Haddow 2016, "Linguistic input features improve neural machine translation": every input position carries
further symbols, each with an embedding of its own that is added to (or concatenated with) that of the subword.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

from toolkit.errors import MissingExtraError, PluginError, require
from toolkit.translation.segmentation.normalisation import SPACE

Span: TypeAlias = tuple[int, int]

CASES = ("", "lower", "Title", "UPPER", "miXed")
"""Casing of the word that a subword belongs to; the first for what has no case (digits, signs, Chinese, `</s>`)."""

TAGS = (
    "",
    *("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM"),
    *("PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X"),
)
"""The universal parts of speech (Universal Dependencies, version 2); the first for what has none."""

FACTORS = {"case": CASES, "pos": TAGS}
"""The factors and what their numbers stand for: `len(FACTORS["case"])` is the size of its embedding."""

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_BYTE = re.compile(r"<0x([0-9A-F]{2})>")


class Tagger(Protocol):
    """What finds parts of speech in a text."""

    def tag(self, text: str) -> Sequence[tuple[int, int, str]]:
        """Words as (start, end, universal tag), from left to right, without overlap; gaps have no tag."""


class SpacyTagger:
    """Parts of speech by spaCy, which is installed separately: `pip install spacy`, then a model for the language.

    Args:
        model: name or path of a spaCy model, such as `en_core_web_sm` or `de_core_news_sm`.

    Raises:
        MissingExtraError: spaCy is not installed.
        PluginError: it has no such model.
    """

    def __init__(self, model: str) -> None:
        self.model = model
        try:
            spacy: Any = require("spacy", "translation", "Part-of-speech tagging")
        except MissingExtraError as error:
            raise MissingExtraError(error.message, f"pip install spacy && python -m spacy download {model}") from error
        try:
            self._pipeline = spacy.load(model, exclude=["parser", "ner", "lemmatizer"])
        except OSError as error:
            raise PluginError(f"spaCy has no model '{model}'", f"python -m spacy download {model}") from error

    def tag(self, text: str) -> list[tuple[int, int, str]]:
        """Words with their universal tags."""
        found = self._pipeline(text)
        return [(token.idx, token.idx + len(token.text), token.pos_) for token in found if not token.is_space]


def lowered(text: str) -> str:
    """Lower case of the same length: a character whose lower case is longer (İ) stays, so that places agree.

    >>> lowered("ÄRGER in İzmir")
    'ärger in İzmir'
    """
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(small if len(small := one.lower()) == 1 else one for one in text)


def case_of(word: str) -> int:
    """The place in `CASES`; a single capital is a title.

    >>> [CASES[case_of(word)] for word in ("house", "House", "HTML", "iPhone", "A", "你好")]
    ['lower', 'Title', 'UPPER', 'miXed', 'Title', '']
    """
    cased = [one for one in word if one.isupper() or one.islower() or one.istitle()]
    if not cased:
        return 0
    if all(one.islower() for one in cased):
        return 1
    if not cased[0].islower() and all(one.islower() for one in cased[1:]):
        return 2
    return 3 if all(one.isupper() for one in cased) else 4


def spans(pieces: Sequence[str]) -> list[Span]:
    """Where each piece stands in the text that was segmented; a piece without a character of its own spans nothing.

    Each of the bytes that spell one character spans that character. The space that sentencepiece puts before the text
    is taken off again.

    >>> spans(["▁Hel", "lo", "▁", "<0xC3>", "<0xA9>"])
    [(0, 3), (3, 5), (6, 6), (6, 7), (6, 7)]
    """
    found: list[Span] = []
    place = -1 if pieces and pieces[0].startswith(SPACE) else 0
    waiting = 0  # bytes of the character that are still to come
    for piece in pieces:
        byte = _BYTE.fullmatch(piece)
        if byte is None:
            start = place + len(piece) - len(piece.lstrip(SPACE))
            place += len(piece)
            found.append((start, place))
            continue
        if waiting == 0:
            waiting, place = _bytes_in(int(byte[1], 16)), place + 1
        waiting -= 1
        found.append((place - 1, place))
    return found


def case_factor(text: str, places: Sequence[Span]) -> list[int]:
    """The casing of the word around each place, as numbers of `CASES`."""
    return _labels([(*match.span(), case_of(match[0])) for match in _WORD.finditer(text)], places)


def pos_factor(text: str, places: Sequence[Span], tagger: Tagger) -> list[int]:
    """The part of speech of the word around each place, as numbers of `TAGS`; an unknown tag counts as `X`."""
    known = {tag: number for number, tag in enumerate(TAGS)}
    words = [(start, end, known.get(tag, known["X"])) for start, end, tag in tagger.tag(text)]
    return _labels(words, places)


def annotation_symbols(names: Sequence[str]) -> list[str]:
    """The symbols by which factors are written into a source, of words that have them.

    >>> annotation_symbols(["case"])
    ['<case:Title>', '<case:UPPER>', '<case:miXed>']
    """
    usual = {"case": ("", "lower"), "pos": ("",)}
    return [_symbol(name, label) for name in names for label in FACTORS[name] if label not in usual[name]]


def annotated(pieces: Sequence[str], cased: str, names: Sequence[str], tagger: Tagger | None = None) -> list[str]:
    """The pieces, with a symbol before each word that has more to be said of it than the usual.

    A network of any shape can read such a source: what a factored network adds to the embedding of every subword stands
    before the word here, as one more symbol (the inline casing of Berard, Calapodescu & Roux 2019, "Naver Labs
    Europe's systems for the WMT19 machine translation robustness task", for other factors as well).

    Args:
        pieces: of the source.
        cased: the text that was segmented, in its own casing.
        names: of `FACTORS`, in the order in which their symbols stand.
        tagger: what finds parts of speech, for `pos`.

    >>> annotated(["▁the", "▁na", "to", "!"], "the NATO!", ["case"])
    ['▁the', '<case:UPPER>', '▁na', 'to', '!']
    """
    before: dict[int, list[str]] = {}
    places, known = spans(pieces), set(annotation_symbols(names))
    for name in names:
        first = 0
        for start, label in _words(cased, name, tagger):
            while first < len(places) - 1 and places[first][1] <= start:
                first += 1
            symbol = _symbol(name, label)
            if symbol in known and places:
                before.setdefault(first, []).append(symbol)
    return [one for place, piece in enumerate(pieces) for one in (*before.get(place, ()), piece)]


def _words(cased: str, name: str, tagger: Tagger | None) -> list[tuple[int, str]]:
    """Where each word begins, and its label."""
    if name == "case":
        return [(match.start(), CASES[case_of(match[0])]) for match in _WORD.finditer(cased)]
    return [] if tagger is None else [(start, tag) for start, _, tag in tagger.tag(cased)]


def _symbol(name: str, label: str) -> str:
    return f"<{name}:{label}>"


def _labels(words: Sequence[tuple[int, int, int]], places: Sequence[Span]) -> list[int]:
    """The label of the word that holds the first character of each place, or the first word in it; 0 without one."""
    labels, current = [], 0
    for start, end in places:
        while current < len(words) and words[current][1] <= start:
            current += 1
        inside = current < len(words) and words[current][0] < end and start < end
        labels.append(words[current][2] if inside else 0)
    return labels


def _bytes_in(first: int) -> int:
    """Length of the UTF-8 sequence that begins with a byte."""
    return 1 if first < 0x80 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4

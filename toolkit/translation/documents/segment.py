"""What a document offers to be translated, and what it takes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from toolkit.translation.placeholders import find


@dataclass(frozen=True, slots=True)
class PluralForm:
    """Which plural form of a message a segment is.

    Attributes:
        index: of the form, from 0.
        count: how many forms the target language has.
        examples: some numbers that take this form.
    """

    index: int
    count: int
    examples: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """A text to be translated: a message, a line, a paragraph.

    Attributes:
        key: names it within its document; the same when the document is opened again.
        source: the text.
        context: what the document says about it, for people and for checks; may be empty.
        existing: the translation that the document has already; `None` when there is none.
        fuzzy: the existing translation is marked as doubtful.
        plural: which plural form it is; `None` where there are no plural forms.
        origin: where it stands, for messages: `file:line`.
    """

    key: str
    source: str
    context: str = ""
    existing: str | None = None
    fuzzy: bool = False
    plural: PluralForm | None = None
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Translated:
    """A translation.

    Attributes:
        text: in the target language.
        fuzzy: it needs a human's eye; documents that know such a mark get it.
        note: why.
    """

    text: str
    fuzzy: bool = False
    note: str = ""


class Document(Protocol):
    """A file as an ordered sequence of texts with what is around them.

    Attributes:
        path: the file it was read from.
    """

    path: Path

    @property
    def segments(self) -> Sequence[Segment]:
        """The texts, in the order of the document."""

    def write(self, path: Path, translations: Mapping[str, Translated]) -> None:
        """Write the document with these translations, whole or not at all; the rest stays as it was read.

        Args:
            path: the new file; it may be the old one. Its folder is made when it is missing.
            translations: by the keys of the segments. What is not named keeps its existing translation, or the
                source text where the format has only one language.

        Raises:
            DataError: a key is unknown.
        """


def to_translate(document: Document, again: bool = False) -> list[Segment]:
    """The segments that need a translation: those without one, or with a doubtful one.

    Args:
        document: where they stand.
        again: all of them, also where there is a translation already.
    """
    return [one for one in document.segments if again or one.existing is None or one.fuzzy]


def has_words(text: str) -> bool:
    """Whether there is anything to translate: a letter outside of placeholders.

    >>> has_words("12:30 %s"), has_words("Copy %s")
    (False, True)
    """
    end = 0
    for found in find(text):
        if any(map(str.isalpha, text[end : found.start])):
            return True
        end = found.end
    return any(map(str.isalpha, text[end:]))

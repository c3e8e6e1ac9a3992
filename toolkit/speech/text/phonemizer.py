"""What every way from words to phonemes offers, and a sentence in symbols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from toolkit.speech.text.characters import MARKS
from toolkit.speech.text.problems import TextProblem
from toolkit.speech.text.tokens import Token, tokens

WORD_BOUNDARY = " "
"""Stands between two words that no mark of punctuation parts."""

STRESS = ("ˈ", "ˌ")
"""Primary and secondary stress: symbols of their own, in front of the vowel."""

LEFT_OUT = "left out"
_STRENGTH = {",": 0, ";": 1, ":": 1, "—": 2, ".": 3, "!": 4, "?": 5}


@dataclass(frozen=True, slots=True)
class Pronunciation:
    """How a word is said.

    Attributes:
        phones: IPA, one phone each; empty when nothing can be said.
        note: what was done where the word could not be read as it stands; else empty.
    """

    phones: tuple[str, ...]
    note: str = ""


class Phonemizer(Protocol):
    """Words to phonemes in one language.

    Attributes:
        language: as it was asked for: `en`, `de`, ...
        name: `gruut`, `pinyin`, `espeak` or `characters`.
    """

    language: str
    name: str

    def pronounce(self, words: Sequence[str]) -> list[Pronunciation]:
        """How the words of one clause are said, one after the other; neighbours may change each other."""
        ...

    def symbols(self, sentence: str) -> tuple[str, ...]:
        """A normalised sentence in symbols: phones, stress marks, word boundaries and punctuation."""
        ...


@dataclass(frozen=True, slots=True)
class Transcription:
    """A sentence in symbols.

    Attributes:
        symbols: phones, `STRESS`, `WORD_BOUNDARY`, and the marks `, . ! ? ; : —`. Between two words stands either a
            word boundary or a mark; there is none at the beginning.
        words: each word with the place of its first symbol and the place after its last.
        problems: what could not be read as it stands.
    """

    symbols: tuple[str, ...]
    words: tuple[tuple[str, int, int], ...]
    problems: tuple[TextProblem, ...]


class Symbols:
    """Gives a phonemizer its `symbols`."""

    def pronounce(self, words: Sequence[str]) -> list[Pronunciation]:
        """How the words of one clause are said."""
        raise NotImplementedError

    def symbols(self, sentence: str) -> tuple[str, ...]:
        """A normalised sentence in symbols."""
        return transcribe(sentence, self).symbols


class Pronounces(Protocol):
    """Anything that can say words."""

    def pronounce(self, words: Sequence[str]) -> list[Pronunciation]:
        """How the words of one clause are said."""
        ...


def transcribe(
    sentence: str, phonemizer: Pronounces, fixed: Mapping[str, tuple[str, ...]] | None = None
) -> Transcription:
    """A normalised sentence in symbols, with the places of its words.

    Args:
        sentence: in words, as `normalize` gives it.
        phonemizer: says the words.
        fixed: symbols for single characters that stand for a pronunciation given by hand.
    """
    written = _Written(sentence)
    clause: list[Token] = []
    for token in tokens(sentence):
        if token.kind == "word":
            clause.append(token)
            continue
        if token.kind == "unknown" and fixed and all(character in fixed for character in token.text):
            written.say(clause, phonemizer)
            for character in token.text:
                written.word(character, fixed[character])
        elif token.kind == "unknown":
            written.problem(token, LEFT_OUT)
            continue
        else:
            written.say(clause, phonemizer)
            written.mark(token.text)
        clause = []
    written.say(clause, phonemizer)
    return Transcription(tuple(written.symbols), tuple(written.words), written.in_order())


class _Written:
    """Symbols as they are put together."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        self.symbols: list[str] = []
        self.words: list[tuple[str, int, int]] = []
        self.problems: list[tuple[int, TextProblem]] = []

    def say(self, clause: Sequence[Token], phonemizer: Pronounces) -> None:
        if not clause:
            return
        said = phonemizer.pronounce([token.text for token in clause])
        for token, pronunciation in zip(clause, said, strict=True):
            if pronunciation.note or not pronunciation.phones:
                self.problem(token, pronunciation.note or LEFT_OUT)
            if pronunciation.phones:
                self.word(token.text, pronunciation.phones)

    def word(self, text: str, phones: Sequence[str]) -> None:
        if self.symbols and self.symbols[-1] not in MARKS:
            self.symbols.append(WORD_BOUNDARY)
        first = len(self.symbols)
        self.symbols.extend(phones)
        self.words.append((text, first, len(self.symbols)))

    def mark(self, mark: str) -> None:
        """Of several marks in a row the strongest stays: "?!" is a question, "...," one pause."""
        if not self.symbols:
            return
        if self.symbols[-1] in MARKS:
            if _STRENGTH[mark] > _STRENGTH[self.symbols[-1]]:
                self.symbols[-1] = mark
        else:
            self.symbols.append(mark)

    def problem(self, token: Token, action: str) -> None:
        before = self.sentence[: token.start].split()
        place = f"after '{before[-1][-20:]}'" if before else "at the beginning"
        self.problems.append((token.start, TextProblem(token.text, place, action)))

    def in_order(self) -> tuple[TextProblem, ...]:
        return tuple(problem for _, problem in sorted(self.problems, key=lambda pair: pair[0]))


def with_stress_apart(phone: str) -> tuple[str, ...]:
    """`ˈoʊ` as the stress mark and the vowel."""
    marks = tuple(character for character in phone if character in STRESS)
    rest = phone.strip("".join(STRESS))
    return (*marks, rest) if rest else marks

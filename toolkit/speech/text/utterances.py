"""What the front end gives: one sentence, ready to be spoken."""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.speech.text.problems import TextProblem


@dataclass(frozen=True, slots=True)
class Utterance:
    """A sentence, or a part of one that is too long, with its symbols.

    Attributes:
        text: as it was written, with the white space around it.
        normalized: as it is read, in words.
        symbols: phones, stress, word boundaries and punctuation; never empty.
        words: each word with the place of its first symbol and the place after its last.
        pause_after: seconds of silence that follow.
        problems: what could not be read as it stands.
    """

    text: str
    normalized: str
    symbols: tuple[str, ...]
    words: tuple[tuple[str, int, int], ...]
    pause_after: float
    problems: tuple[TextProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """A whole text.

    Attributes:
        utterances: in order; empty when there is nothing to say.
        problems: all of them, those of the utterances among them.
    """

    utterances: tuple[Utterance, ...]
    problems: tuple[TextProblem, ...]


@dataclass(frozen=True, slots=True)
class Pauses:
    """Seconds of silence.

    Attributes:
        sentence: after a sentence.
        paragraph: after a paragraph.
        cut: where a sentence too long to be spoken in one go was cut.
    """

    sentence: float = 0.3
    paragraph: float = 0.7
    cut: float = 0.1

    def after(self, end: str) -> float:
        """The pause after a sentence, a paragraph or a cut."""
        return {"sentence": self.sentence, "paragraph": self.paragraph}.get(end, self.cut)

"""What a translator gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from toolkit.translation.terms import Term


@dataclass(frozen=True, slots=True)
class Alternative:
    """One of several translations of a text.

    Attributes:
        text: the translation.
        score: what they are sorted by; log-probability over length, or expected utility.
    """

    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Alignment:
    """Where a network looked while it wrote a sentence.

    Attributes:
        source: subwords of the source, the end mark last.
        target: subwords of the translation.
        places: for each subword of the translation the place in the source that was looked at most.
        weights: for each subword of the translation the weight of every place; rows sum to 1.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    places: tuple[int, ...]
    weights: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Translation:
    """The translation of a text.

    Attributes:
        source: the text.
        text: its translation.
        score: how sure the network is: the log-probability divided by the length, the mean over the sentences; with
            minimum Bayes risk the expected chrF. 0 where nothing had to be translated.
        alternatives: further translations, the best first; the translation itself is the first of them.
        terms: terms of the termbase that occur, each with whether its translation was kept.
        missing: placeholders, tags and addresses that the translation lacks, repeats or made up.
        alignment: of each sentence, if it was asked for.
    """

    source: str
    text: str
    score: float = 0.0
    alternatives: tuple[Alternative, ...] = ()
    terms: tuple[tuple[Term, bool], ...] = ()
    missing: tuple[str, ...] = ()
    alignment: tuple[Alignment, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """Everything that is not empty, fit for JSON."""
        document: dict[str, Any] = {"source": self.source, "text": self.text, "score": self.score}
        if len(self.alternatives) > 1:
            document["alternatives"] = [{"text": one.text, "score": one.score} for one in self.alternatives]
        if self.terms:
            document["terms"] = [
                {"source": term.source, "targets": list(term.targets), "kept": kept} for term, kept in self.terms
            ]
        if self.missing:
            document["missing"] = list(self.missing)
        if self.alignment:
            document["alignment"] = [
                {
                    "source": list(one.source),
                    "target": list(one.target),
                    "places": list(one.places),
                    "weights": [[round(weight, 4) for weight in row] for row in one.weights],
                }
                for one in self.alignment
            ]
        return document

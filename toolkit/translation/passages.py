"""Texts of any length as passages that a network can translate, and their translations put together again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from toolkit.translation.corpora.scripts import expected_scripts
from toolkit.translation.decoding.alignment import align
from toolkit.translation.decoding.hypotheses import Hypothesis
from toolkit.translation.decoding.minimum_risk import expected_utilities
from toolkit.translation.options import Options
from toolkit.translation.results import Alignment, Alternative, Translation
from toolkit.translation.segmentation.protection import Restored
from toolkit.translation.segmentation.tokenizer import Encoded, Segmenter
from toolkit.translation.sentences import Sentence, halves, sentences
from toolkit.translation.terms import Term, Termbase, term_accuracy

_UNSPACED = frozenset(("Hani", "Hira", "Kana", "Thai", "Laoo", "Khmr", "Mymr", "Tibt"))
_SYMBOL = re.compile("⟨[0-9]+⟩")


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence, or a part of one that is too long.

    Attributes:
        text: without blanks at its ends.
        gap: what stands between its translation and the next one.
        encoded: what the network gets; `None` where there is nothing to translate.
    """

    text: str
    gap: str
    encoded: Encoded | None


@dataclass(frozen=True, slots=True)
class Cutter:
    """Cuts texts into passages.

    Attributes:
        segmenter: of the model.
        language: whose token goes before the source, in a multilingual model.
        spaced: whether sentences of the target language have a blank between them.
        longest: subwords of a passage, the end mark included.
    """

    segmenter: Segmenter
    language: str | None
    spaced: bool
    longest: int

    def cut(self, text: str, split: bool = True) -> list[Passage]:
        """The passages of a text.

        Args:
            text: of any length.
            split: at the ends of sentences; without it only where the model could not take it as a whole.
        """
        whole = text.strip()
        start = text.index(whole)
        parts = sentences(text) if split else (Sentence("", text[:start]), Sentence(whole, text[start + len(whole) :]))
        found = [passage for part in parts if part.text or part.gap for passage in self._fitting(part)]
        last = max((place for place, one in enumerate(found) if one.text), default=-1)
        return [one if place >= last else self._joined(one) for place, one in enumerate(found)]

    def _fitting(self, part: Sentence) -> Iterator[Passage]:
        encoded = self.segmenter.encode_text(part.text, "source", self.language)
        if len(encoded.ids) > self.longest and len(part.text) > 1:
            first, second = halves(part.text)
            kept = first.rstrip()
            yield from self._fitting(Sentence(kept, first[len(kept) :]))
            kept = second.lstrip()
            yield from self._fitting(Sentence(kept, part.gap))
            return
        yield Passage(part.text, part.gap, encoded if self._has_content(encoded) else None)

    def _has_content(self, encoded: Encoded) -> bool:
        """Whether there is a letter or digit beside placeholders."""
        pieces = self.segmenter.pieces(encoded.ids)[self.language is not None :]
        return any(map(str.isalnum, "".join(piece for piece in pieces if not _SYMBOL.fullmatch(piece))))

    def _joined(self, passage: Passage) -> Passage:
        """With the gap of the target language; line breaks stay."""
        if not passage.text or "\n" in passage.gap or "\r" in passage.gap:
            return passage
        gap = (passage.gap or " ") if self.spaced else ("" if passage.gap == " " else passage.gap)
        return Passage(passage.text, gap, passage.encoded)


def has_spaces(language: str) -> bool:
    """Whether the script of a language puts blanks between words and sentences.

    >>> has_spaces("de"), has_spaces("zh")
    (True, False)
    """
    return _UNSPACED.isdisjoint(expected_scripts(language))


def translation_of(
    passage: Passage,
    hypotheses: Sequence[Hypothesis],
    segmenter: Segmenter,
    options: Options,
    base: Termbase | None,
) -> Translation:
    """The translation of a passage, with the gap after it.

    Args:
        passage: what was translated.
        hypotheses: what a search found, the best first; none where there was nothing to translate.
        segmenter: of the model.
        options: how it was translated.
        base: whose terms were prescribed.
    """
    if passage.encoded is None or not hypotheses:
        text = passage.text + passage.gap
        return Translation(text, text)
    originals = passage.encoded.originals
    restored = [segmenter.decode_text(one.ids, originals) for one in hypotheses]
    ranked = list(zip(restored, (one.score for one in hypotheses), range(len(hypotheses)), strict=True))
    if options.minimum_risk:
        ranked = _by_risk(restored)
    best = ranked[0][0]
    gap = passage.gap
    return Translation(
        passage.text + gap,
        best.text + gap,
        ranked[0][1],
        tuple(Alternative(one.text + gap, score) for one, score, _ in ranked[: options.n_best]),
        _terms(passage.text, best.text, base),
        (*best.missing, *best.repeated, *(f"⟨{number}⟩" for number in best.invented)),
        _alignment(passage, hypotheses[ranked[0][2]], segmenter),
    )


def joined(source: str, parts: Sequence[Translation]) -> Translation:
    """The translation of a text of the translations of its passages.

    Its alternatives are the best of all passages, then the second best of all, and so on.
    """
    scored = [one for one in parts if one.alternatives]
    count = max((len(one.alternatives) for one in scored), default=0)
    alternatives = []
    for rank in range(count):
        chosen = [one.alternatives[min(rank, len(one.alternatives) - 1)] if one.alternatives else None for one in parts]
        text = "".join(part.text if one is None else one.text for part, one in zip(parts, chosen, strict=True))
        scores = [one.score for one in chosen if one is not None]
        alternatives.append(Alternative(text, sum(scores) / len(scores)))
    return Translation(
        source,
        "".join(one.text for one in parts),
        sum(one.score for one in scored) / max(1, len(scored)),
        tuple(alternatives),
        tuple(term for one in parts for term in one.terms),
        tuple(text for one in parts for text in one.missing),
        tuple(alignment for one in parts for alignment in one.alignment),
    )


def _by_risk(restored: Sequence[Restored]) -> list[tuple[Restored, float, int]]:
    """Different texts, the best first."""
    values = expected_utilities([one.text for one in restored])
    ranked: dict[str, tuple[Restored, float, int]] = {}
    for place in sorted(range(len(restored)), key=lambda one: -values[one]):
        ranked.setdefault(restored[place].text, (restored[place], values[place], place))
    return list(ranked.values())


def _terms(source: str, text: str, base: Termbase | None) -> tuple[tuple[Term, bool], ...]:
    if base is None:
        return ()
    missed = [miss.term for miss in term_accuracy([source], [text], base).misses]
    found = []
    for match in base.find(source):
        lost = match.term in missed
        if lost:
            missed.remove(match.term)
        found.append((match.term, not lost))
    return tuple(found)


def _alignment(passage: Passage, hypothesis: Hypothesis, segmenter: Segmenter) -> tuple[Alignment, ...]:
    if hypothesis.attention is None or passage.encoded is None:
        return ()
    weights = hypothesis.attention[: len(hypothesis.ids)]
    return (
        Alignment(
            (*segmenter.pieces(passage.encoded.ids), "</s>"),
            tuple(segmenter.pieces(hypothesis.ids)),
            tuple(align(weights)),
            tuple(tuple(row) for row in weights.tolist()),
        ),
    )


Progress = Callable[[int, int], None]
"""Told how many passages are done, and of how many."""

"""Cutting texts into sentences, so that nothing between them is lost: for translators, which know single sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Dots that end no sentence: abbreviations of English, German, French, Spanish, Italian and Portuguese, lower-cased.
_ABBREVIATIONS = frozenset(
    """
    mr mrs ms dr prof rev gen sen st mt jr sr vs etc approx dept est fig figs no nos vol eds inc ltd co corp cf al ca
    e.g i.e a.m p.m u.s u.k ph.d
    bzw ca evtl ggf inkl usw vgl abs art aufl bd bspw dgl dipl ing hrsg jh mio mrd nr sog str tel u.a u.ä z.b d.h o.ä
    z.t s.o s.u i.d.r
    mme mlle mm env p.ex c.-à-d éd sra srta ud uds pág págs núm sig dott sig.ra ecc pag exmo
    """.split()  # noqa: SIM905
)
_CLOSERS = "\"'”’»«›)\\]}）】」』〉》〗”’"
_WIDE = "。！？｡"
_END = re.compile(
    rf"(?P<wide>[{_WIDE}][{_WIDE}…⋯!?]*[{_CLOSERS}]*\s*)"
    rf"|(?P<narrow>[.!?…؟।]+[{_CLOSERS}]*\s+)(?=\S)"
)
_LINE_BREAK = re.compile(r"\s*[\n\r\u2028\u2029\f\v]\s*")
_LAST_WORD = re.compile(r"[^\s([{\"'“„«]*\Z")
_BREAKS = (re.compile(r"[;:；：]\s*"), re.compile(r"[,，、]\s*"), re.compile(r"\s+"))


@dataclass(frozen=True, slots=True)
class Sentence:
    """A stretch of a text.

    Attributes:
        text: without blanks at its ends; empty where a text begins with blanks.
        gap: the blanks and line breaks between it and the next one.
    """

    text: str
    gap: str = ""


def sentences(text: str) -> Iterator[Sentence]:
    r"""The sentences of a text; their texts and gaps, joined, are the text.

    A sentence ends at a line break; after `。！？`; and after `. ! ? …` with a blank when what follows does not begin
    with a small letter and the dot is not that of an abbreviation, an initial or a number of one or two digits
    ("3. Mai").

    Args:
        text: of any length.

    >>> [one.text for one in sentences("Dr. Li came. He left at 5 p.m. on 3. Mai!\n\n真的？是的。")]
    ['Dr. Li came.', 'He left at 5 p.m. on 3. Mai!', '真的？', '是的。']
    """
    place = 0
    while place < len(text):
        found = _LINE_BREAK.search(text, place)
        end, following = (found.start(), found.end()) if found else (len(text), len(text))
        yield from _of_line(text[place:end], text[end:following])
        place = following


def halves(text: str) -> tuple[str, str]:
    """A sentence that is too long, cut near its middle: best after a semicolon or colon, then a comma, then a blank.

    Args:
        text: of at least two characters.

    >>> halves("first this, then that and more")
    ('first this, ', 'then that and more')
    """
    middle = len(text) / 2
    for pattern in _BREAKS:
        places = [match.end() for match in pattern.finditer(text) if 0.25 * len(text) < match.end() < 0.75 * len(text)]
        if places:
            place = min(places, key=lambda one: abs(one - middle))
            return text[:place], text[place:]
    return text[: round(middle)], text[round(middle) :]


def _of_line(line: str, gap: str) -> Iterator[Sentence]:
    content = line.strip()
    start = line.index(content)
    tail = line[start + len(content) :] + gap
    if start or not content:
        yield Sentence("", line[:start] if content else line + gap)
    first = 0
    for match in _END.finditer(content):
        end = match.end()
        if end < len(content) and (match["wide"] is not None or _ends(content, match)):
            yield _sentence(content[first:end])
            first = end
    if content:
        yield Sentence(content[first:], tail)


def _sentence(stretch: str) -> Sentence:
    text = stretch.rstrip()
    return Sentence(text, stretch[len(text) :])


def _ends(content: str, match: re.Match[str]) -> bool:
    following = content[match.end() :].lstrip("\"'“‘„«»([{¿¡-–— ")[:1]
    if following.islower():
        return False
    if not match[0].startswith(".") or match[0][1:2] == ".":
        return True
    found = _LAST_WORD.search(content[: match.start()])
    word = found[0] if found else ""
    if word.isdigit():
        return len(word) > 2
    return not (word.lower() in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and word.isupper()))

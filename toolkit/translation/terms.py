"""Termbases: which words of a source have a prescribed translation, and whether a translation keeps to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolkit.errors import DataError
from toolkit.translation.term_index import TermIndex, composed
from toolkit.translation.text_files import lines

_HEADER = ("source", "target")
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Term:
    """A line of a termbase.

    Attributes:
        source: the word or words.
        targets: the translations that may be used, the preferred one first.
        note: for people.
        line: where it stands in the file, from 1; 0 for none.
    """

    source: str
    targets: tuple[str, ...]
    note: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Match:
    """A term in a text: `text[start:end]`."""

    term: Term
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Miss:
    """A term that a translation did not keep.

    Attributes:
        sentence: its number, from 0.
        term: what was prescribed.
    """

    sentence: int
    term: Term


@dataclass(frozen=True, slots=True)
class TermReport:
    """How many terms of the sources were translated as prescribed.

    Attributes:
        total: occurrences of terms in the sources.
        kept: those for which the output has one of the prescribed translations.
        by_term: kept and total of each term that occurred, by its source.
        misses: the others.
    """

    total: int
    kept: int
    by_term: dict[str, tuple[int, int]] = field(default_factory=dict)
    misses: tuple[Miss, ...] = ()

    @property
    def accuracy(self) -> float | None:
        """Share of terms kept, from 0 to 1; `None` when no term occurred."""
        return self.kept / self.total if self.total else None

    def to_document(self) -> dict[str, Any]:
        """The counts, fit for JSON."""
        terms = {source: {"kept": kept, "total": total} for source, (kept, total) in self.by_term.items()}
        return {"accuracy": self.accuracy, "kept": self.kept, "total": self.total, "terms": terms}


class Termbase:
    """Terms, and where they occur in a text.

    A term matches whole words; in scripts without spaces (Chinese, Japanese, Thai, ...) it matches anywhere. A term
    written in lower case matches any casing, so `house` is found in "House"; one with a capital only as it is written,
    so `Word` is not found in "word". Any white space matches a space of the term. Other forms of a word
    ("houses") are terms of their own.

    Args:
        terms: of equal sources, translations are put together in this order.
        words: what to call the termbase in `problems`.

    Attributes:
        terms: without duplicates, in their order.
        problems: duplicates and conflicts, one sentence each, with the line.
    """

    def __init__(self, terms: Iterable[Term], words: str = "the termbase") -> None:
        self.problems: list[str] = []
        merged: dict[str, Term] = {}
        for term in terms:
            key = composed(term.source)
            known = merged.get(key)
            merged[key] = term if known is None else self._merge(known, term, words)
        self.terms = tuple(merged.values())
        self._index = TermIndex((term.source, term) for term in self.terms)

    @classmethod
    def load(cls, path: Path) -> Termbase:
        """Read `source<TAB>target[<TAB>note]` lines; several targets are separated by `|`.

        Empty lines and lines that begin with `#` are passed over, and so is a first line `source<TAB>target`. A term
        that begins with `#` is written `\\#`.

        Args:
            path: UTF-8 text, with or without a byte order mark; `.gz` is unpacked.

        Raises:
            DataError: the file cannot be read, is not UTF-8, or has wrong lines; all of them are named.
        """
        path = Path(path)
        terms: list[Term] = []
        wrong: list[str] = []
        for number, line in enumerate(lines(path), start=1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            cells = [cell.strip() for cell in line.split("\t")]
            if not terms and tuple(cell.lower() for cell in cells[:2]) == _HEADER:
                continue
            source = cells[0].removeprefix("\\") if cells[0].startswith("\\#") else cells[0]
            targets = tuple(dict.fromkeys(part.strip() for part in cells[1].split("|"))) if len(cells) > 1 else ()
            reason = _reason(line, cells, source, targets)
            if reason:
                wrong.append(f"{path}:{number}: {reason}")
            else:
                terms.append(Term(source, targets, cells[2] if len(cells) > 2 else "", number))
        if wrong:
            more = f"\n... and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
            raise DataError(
                "\n".join(wrong[:_SHOWN]) + more,
                "write one term a line: source, tab, target (several with | between), and a note after another tab",
            )
        return cls(terms, str(path))

    def __len__(self) -> int:
        return len(self.terms)

    def find(self, text: str) -> list[Match]:
        """The terms of a text, from left to right, without overlap; the longest is taken first.

        >>> base = Termbase([Term("hard disk", ("Festplatte",)), Term("disk", ("Scheibe",)), Term("硬盘", ("disk",))])
        >>> [match.term.source for match in base.find("A Hard  disk, a disk, diskettes: 我的硬盘")]
        ['hard disk', 'disk', '硬盘']
        """
        return [Match(term, start, end) for term, start, end in self._index.find(text)]

    def _merge(self, known: Term, other: Term, words: str) -> Term:
        where = f"{words}:{other.line}" if other.line else words
        first = f" (line {known.line})" if known.line else ""
        new = [target for target in other.targets if target not in known.targets]
        if new:
            self.problems.append(
                f"{where}: '{other.source}' has another translation than before{first}: {', '.join(new)} besides "
                f"{', '.join(known.targets)}; all count as right, {known.targets[0]} is preferred"
            )
        else:
            self.problems.append(f"{where}: '{other.source}' is there already{first}")
        return Term(known.source, (*known.targets, *new), known.note or other.note, known.line)


def term_accuracy(sources: Sequence[str], outputs: Sequence[str], termbase: Termbase) -> TermReport:
    """How many terms of the sources the outputs translate as prescribed.

    A term that occurs twice in a source has to be kept twice. Translations are looked for as terms are: whole words,
    in the casing that the termbase has where it has capitals.

    Args:
        sources: texts of the source language.
        outputs: their translations, in the same order.
        termbase: what is prescribed.

    Raises:
        DataError: there are not as many outputs as sources.

    >>> base = Termbase([Term("house", ("Haus", "Gebäude")), Term("car", ("Auto",))])
    >>> report = term_accuracy(["The house and the car", "A car"], ["Das Gebäude und das Auto", "Ein Wagen"], base)
    >>> report.kept, report.total, [miss.sentence for miss in report.misses]
    (2, 3, [1])
    """
    if len(sources) != len(outputs):
        raise DataError(f"there are {len(sources)} sources, but {len(outputs)} translations", "give one per source")
    counts: dict[str, tuple[int, int]] = {}
    misses: list[Miss] = []
    indices: dict[Term, TermIndex[str]] = {}
    for number, (source, output) in enumerate(zip(sources, outputs, strict=True)):
        wanted: dict[Term, int] = {}
        for match in termbase.find(source):
            wanted[match.term] = wanted.get(match.term, 0) + 1
        for term, times in wanted.items():
            if term not in indices:
                indices[term] = TermIndex((target, target) for target in term.targets)
            kept = min(times, len(indices[term].find(output)))
            before = counts.get(term.source, (0, 0))
            counts[term.source] = (before[0] + kept, before[1] + times)
            misses += [Miss(number, term)] * (times - kept)
    kept_in_all = sum(kept for kept, _ in counts.values())
    return TermReport(sum(total for _, total in counts.values()), kept_in_all, counts, tuple(misses))


def _reason(line: str, cells: Sequence[str], source: str, targets: Sequence[str]) -> str:
    """What is wrong with a line; empty for nothing."""
    if len(cells) == 1:
        return f"no tab in '{_short(line)}'"
    if len(cells) > 3:
        return f"{len(cells)} columns in '{_short(line)}'; there can be source, target and note"
    if not source:
        return "the source is empty"
    if not all(targets):
        return f"'{_short(source)}' has an empty target"
    return ""


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."

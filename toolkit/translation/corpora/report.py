"""What cleaning took out of a corpus, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from toolkit.translation.corpora.pair import Pair

_EXAMPLES = 3
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class MisalignedPart:
    """A stretch of a file whose sides do not belong together.

    Attributes:
        file: its name.
        begins: origin of the first pair of the stretch.
        ends: origin of the last one.
        shift: the translation of pair n stands in pair n + shift.
        words: what seems to have happened.
    """

    file: str
    begins: str
    ends: str
    shift: int
    words: str

    def __str__(self) -> str:
        return f"{self.begins} to {self.ends.rpartition(':')[2]}: the sides do not belong together; {self.words}"


@dataclass(slots=True)
class CleaningReport:
    """How many pairs were taken out, for which reason, with a few examples of each.

    Attributes:
        total: pairs that were looked at.
        kept: pairs that are left.
        counts: pairs taken out, by reason; each pair counts for the first reason that applies.
        examples: a few of them.
        misaligned: stretches of files that were taken out whole.
    """

    total: int = 0
    kept: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[Pair]] = field(default_factory=dict)
    misaligned: list[MisalignedPart] = field(default_factory=list)

    def add(self, reason: str, pair: Pair) -> None:
        """Count one pair that is taken out."""
        self.counts[reason] = self.counts.get(reason, 0) + 1
        shown = self.examples.setdefault(reason, [])
        if len(shown) < _EXAMPLES:
            shown.append(Pair(_short(pair.source), _short(pair.target), pair.origin))

    def to_text(self) -> str:
        """A few lines for the terminal."""
        share = f" ({100 * self.kept / self.total:.1f} %)" if self.total else ""
        found = [f"{self.kept:,} of {self.total:,} pairs kept{share}"]
        for reason, count in sorted(self.counts.items(), key=lambda item: -item[1]):
            found.append(f"  {count:>8,}  {reason}")
            found += [f"            {pair.origin}: {pair.source!r} | {pair.target!r}" for pair in self.examples[reason]]
        return "\n".join([*found, *(f"warning: {part}" for part in self.misaligned)])

    def to_json(self) -> dict[str, Any]:
        """The same as plain dictionaries and lists."""
        return {
            "total": self.total,
            "kept": self.kept,
            "removed": {
                reason: {
                    "count": count,
                    "examples": [
                        {"origin": pair.origin, "source": pair.source, "target": pair.target}
                        for pair in self.examples[reason]
                    ],
                }
                for reason, count in self.counts.items()
            },
            "misaligned": [
                {"file": part.file, "begins": part.begins, "ends": part.ends, "shift": part.shift, "words": part.words}
                for part in self.misaligned
            ],
        }


def merge(reports: Sequence[CleaningReport]) -> CleaningReport:
    """The reports of several files as one."""
    merged = CleaningReport()
    for report in reports:
        merged.total += report.total
        merged.kept += report.kept
        merged.misaligned += report.misaligned
        for reason, count in report.counts.items():
            merged.counts[reason] = merged.counts.get(reason, 0) + count
            shown = merged.examples.setdefault(reason, [])
            shown += report.examples[reason][: _EXAMPLES - len(shown)]
    return merged


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "\u2026"

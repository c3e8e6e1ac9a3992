"""Taking pairs out of a corpus that would teach a translator something wrong, and saying which."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from toolkit.errors import ConfigError, Problem
from toolkit.translation.corpora.alignment import Features, compare, width
from toolkit.translation.corpora.pair import Pair
from toolkit.translation.corpora.report import CleaningReport, MisalignedPart
from toolkit.translation.corpora.scripts import share_in_script, words
from toolkit.translation.languages import check_language
from toolkit.translation.placeholders import find

_ORIGIN = re.compile(r"(?P<file>.*?)(?::\d+)?(?:, [^/\\]*)?")
_DAMAGED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffd]")  # control characters, and what stands for lost ones
_KEPT_KINDS = ("icu", "brace", "printf", "shell", "tag", "url")


@dataclass(frozen=True, slots=True)
class Rules:
    """What makes a pair unfit.

    Attributes:
        max_characters: the longest side that is kept, from 1.
        max_words: likewise in words (in Chinese and the like: characters), from 1.
        max_ratio: how many times longer one side may be than the other, above 1; measured in characters, of which wide
            ones count twice, and in words, with ten characters or three words added to both so that short sentences
            pass; `None` for no limit.
        min_script: share of the letters that must be in the script of the language, 0 to 1; 0 for no limit. Needs the
            languages to be named.
        identical: take out pairs whose sides are the same, unless there are no words in them.
        duplicates: keep only the first of equal pairs.
        placeholders: take out pairs whose placeholders, tags and addresses differ.
        misaligned: take out stretches of a file whose sides are shifted against each other.
    """

    max_characters: int = 2000
    max_words: int = 250
    max_ratio: float | None = 3.0
    min_script: float = 0.5
    identical: bool = True
    duplicates: bool = True
    placeholders: bool = False
    misaligned: bool = True

    def __post_init__(self) -> None:
        problems = [
            Problem(name, f"is {value}; it must be at least 1")
            for name, value in (("max_characters", self.max_characters), ("max_words", self.max_words))
            if value < 1
        ]
        if self.max_ratio is not None and not self.max_ratio > 1:
            problems.append(Problem("max_ratio", f"is {self.max_ratio}; it must be above 1"))
        if not 0 <= self.min_script <= 1:
            problems.append(Problem("min_script", f"is {self.min_script}; it must lie between 0 and 1"))
        if problems:
            raise ConfigError(problems, "the rules for cleaning")


USUAL = Rules()


def clean(
    pairs: Iterable[Pair],
    source_language: str | None = None,
    target_language: str | None = None,
    rules: Rules = USUAL,
) -> tuple[list[Pair], CleaningReport]:
    """The pairs that are fit for training, and a report on the others.

    Both sides are put into Unicode's composed form (NFC), and runs of blanks become one. Of the pairs that are taken
    out only a few examples are kept in memory.

    Args:
        pairs: in the order of their files, so that shifted sides can be found.
        source_language: ISO 639 code, for the script; `None` leaves that out.
        target_language: likewise.
        rules: what to take out.

    Raises:
        DataError: there is no such language.
    """
    languages = [check_language(code) if code else None for code in (source_language, target_language)]
    report = CleaningReport()
    kept: list[tuple[int, Pair]] = []
    seen: set[int] = set()
    files: dict[str, _File] = {}
    for number, raw in enumerate(pairs):
        pair = Pair(_plain(raw.source), _plain(raw.target), raw.origin)
        if rules.misaligned:
            files.setdefault(_file(raw.origin), _File()).add(number, pair)
        reason = _unfit(pair, languages[0], languages[1], rules)
        if reason is None and rules.duplicates:
            key = hash((pair.source, pair.target))
            reason = "duplicate" if key in seen else None
            seen.add(key)
        report.total += 1
        if reason is None:
            kept.append((number, pair))
        else:
            report.add(reason, pair)
    for name, file in files.items():
        kept = _without_misaligned(kept, name, file, report)
    report.kept = len(kept)
    return [pair for _, pair in kept], report


def _unfit(pair: Pair, source_language: str | None, target_language: str | None, rules: Rules) -> str | None:
    """The first reason against a pair."""
    if not pair.source or not pair.target:
        return "empty side"
    if max(len(pair.source), len(pair.target)) > rules.max_characters:
        return "too long"  # before anything that looks at every character
    if _DAMAGED.search(pair.source) or _DAMAGED.search(pair.target):
        return "damaged characters"
    one, other = words(pair.source), words(pair.target)
    if max(len(one), len(other)) > rules.max_words:
        return "too long"
    if rules.identical and pair.source == pair.target and any(word.isalpha() for word in one):
        return "identical sides"
    for text, language in ((pair.source, source_language), (pair.target, target_language)):
        if language and share_in_script(text, language) < rules.min_script:
            return "wrong script"
    if rules.max_ratio is not None:
        in_characters = _ratio(width(pair.source) + 10, width(pair.target) + 10)
        if max(in_characters, _ratio(len(one) + 3, len(other) + 3)) > rules.max_ratio:
            return "length ratio"
    if rules.placeholders and _kept_parts(pair.source) != _kept_parts(pair.target):
        return "placeholders differ"
    return None


class _File:
    """What is remembered of the pairs of one file."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.sources, self.targets = Features(), Features()

    def add(self, number: int, pair: Pair) -> None:
        self.numbers.append(number)
        self.sources.add(pair.source)
        self.targets.add(pair.target)


def _without_misaligned(
    kept: list[tuple[int, Pair]], name: str, file: _File, report: CleaningReport
) -> list[tuple[int, Pair]]:
    found = compare(file.sources, file.targets)
    if found is None:
        return kept
    numbers = set(file.numbers[found.line - 1 : found.last])
    lost = [pair for number, pair in kept if number in numbers]
    if lost:
        report.misaligned.append(MisalignedPart(name, lost[0].origin, lost[-1].origin, found.shift, found.words))
    for pair in lost:
        report.add("misaligned", pair)
    return [(number, pair) for number, pair in kept if number not in numbers]


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _file(origin: str) -> str:
    match = _ORIGIN.fullmatch(origin)
    return match["file"] if match else origin


def _ratio(one: int, other: int) -> float:
    return max(one, other) / min(one, other)


def _kept_parts(text: str) -> Counter[str]:
    return Counter(found.text for found in find(text, _KEPT_KINDS))

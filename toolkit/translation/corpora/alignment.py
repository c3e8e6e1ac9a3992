"""Where two sides of a corpus stop belonging together: a line lost on one side shifts all that follow.

Every line is looked at with four clues that need no dictionary: its length (Gale & Church 1993, "A program for
aligning sentences in bilingual corpora", section 3: the logarithm of the ratio of the lengths of translations is nearly
normal), whether numbers and placeholders agree, whether words stand on both sides unchanged (names), and the sign it
ends with. What each clue is worth is measured on the corpus itself, as the logarithm of how much more often it holds
for lines that belong together than for lines taken at random. A stretch where a shifted partner explains the lines
better than their own one is found as the largest partial sum of the differences (Page 1954, "Continuous inspection
schemes").
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toolkit.translation.placeholders import find

_EVIDENCE = 20.0  # logarithm of the odds from which a stretch counts; chance alone reaches about log(lines)
_LINES = 5  # the shortest stretch that is reported
_DOUBT = 0.25  # share of a true partner's evidence that each line must bring; neighbours that are alike bring less
_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{2,}")
_ENDS = {
    sign: kind
    for kind, signs in enumerate(("?\uff1f\u061f", "!\uff01", ":\uff1a", "\u2026", ";\uff1b"), 1)
    for sign in signs
}

_READ = 2000  # characters of a line in which numbers and names are looked for
_MOST = 3.0  # evidence of one clue in one line
_SPREAD = np.int64(0x1E3779B97F4A7C15)
_WIDE = re.compile(
    "[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\U00020000-\U0003fffd]"
)

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Misalignment:
    """A stretch of a corpus whose sides do not belong together.

    Attributes:
        line: the first line of the stretch, from 1.
        last: the last line of the stretch, from 1.
        shift: the translation of line n stands in line n + shift.
        evidence: natural logarithm of the odds that it is so.
    """

    line: int
    last: int
    shift: int
    evidence: float

    @property
    def words(self) -> str:
        """For messages."""
        side = "the target side lacks" if self.shift < 0 else "the source side lacks"
        count = abs(self.shift)
        return f"{side} {count} line{'s' if count > 1 else ''} there"


class Features:
    """What is remembered of each line: a few numbers, so that the corpus itself need not be kept."""

    def __init__(self) -> None:
        self._lengths = array("d")
        self._ends = array("q")
        self._anchors = _Marks()
        self._words = _Marks()

    def add(self, text: str) -> None:
        """Remember the next line."""
        text = text.strip()
        head = text[:_READ]
        number = len(self)
        self._lengths.append(math.log(width(text) + 2.0))
        self._ends.append(_ENDS.get(text[-1:], 0))
        self._anchors.add(number, {*_NUMBER.findall(head), *(found.text for found in find(head))})
        self._words.add(number, set(_WORD.findall(head)))

    def __len__(self) -> int:
        return len(self._lengths)

    def ratios(self, other: Features, shift: int, count: int) -> _Floats:
        """How much longer the partner of each line is: differences of logarithms, NaN where there is no partner."""
        values = np.full(count, np.nan)
        here, there = _overlap(count, len(other), shift)
        values[here] = np.array(other._lengths)[there] - np.array(self._lengths)[here]
        return values

    def matches(self, other: Features, shift: int, count: int) -> Iterator[_Floats]:
        """For each further clue: 1 where it agrees, 0 where it does not, NaN where it says nothing."""
        here, there = _overlap(count, len(other), shift)
        values = np.full(count, np.nan)
        one, two = np.array(self._ends)[here], np.array(other._ends)[there]
        values[here] = np.where((one > 0) | (two > 0), one == two, np.nan)
        yield values
        for mine, theirs in ((self._anchors, other._anchors), (self._words, other._words)):
            values = np.full(count, np.nan)
            values[here] = mine.shared(theirs, shift, count)[here]
            yield values


class _Marks:
    """Which things stand in which line."""

    def __init__(self) -> None:
        self.lines = array("q")
        self.things = array("q")

    def add(self, line: int, things: Iterable[str]) -> None:
        for thing in things:
            self.lines.append(line)
            self.things.append(hash(thing))

    def shared(self, other: _Marks, shift: int, count: int) -> _Floats:
        """1 where line n and line n + shift of the other side have something in common, NaN where neither has any."""
        values = np.full(count, np.nan)
        lines, others = np.array(self.lines, dtype=np.int64), np.array(other.lines, dtype=np.int64) - shift
        with np.errstate(over="ignore"):
            mine = np.array(self.things, dtype=np.int64) ^ (lines * _SPREAD)
            theirs = np.array(other.things, dtype=np.int64) ^ (others * _SPREAD)
        common = lines[np.isin(mine, theirs, assume_unique=True)]
        for marked, value in ((lines, 0.0), (others, 0.0), (common, 1.0)):
            values[marked[(marked >= 0) & (marked < count)]] = value
        return values


def width(text: str) -> int:
    """The length of a text in narrow characters: one of Chinese, Japanese or Korean counts as two.

    >>> width("abc"), width("你好")
    (3, 4)
    """
    return len(text) + len(_WIDE.findall(text))


def find_misalignment(sources: Iterable[str], targets: Iterable[str], max_shift: int = 3) -> Misalignment | None:
    """The first stretch whose lines fit better to lines further up or down on the other side.

    Args:
        sources: the lines of one side, in the order of the file.
        targets: the lines of the other side; there may be more or fewer of them.
        max_shift: how many lines at most may be lost before the stretch.

    Returns:
        `None` when the sides belong together as they are, or when the clues say too little.
    """
    one, other = Features(), Features()
    for text in sources:
        one.add(text)
    for text in targets:
        other.add(text)
    return compare(one, other, max_shift)


def compare(sources: Features, targets: Features, max_shift: int = 3) -> Misalignment | None:
    """As `find_misalignment`, from what was remembered of the lines."""
    count = min(len(sources), len(targets))
    if count < 2 * _LINES:
        return None
    shifts = [sign * size for size in range(1, max_shift + 1) for sign in (1, -1)]
    scores, information = _scores(sources, targets, [0, *shifts], count)
    found = []
    for shift in shifts:
        start, end, evidence = _best_stretch(scores[shift] - scores[0] - _DOUBT * information)
        if evidence > _EVIDENCE + math.log(count) and end - start >= _LINES:
            orphans = max(0, -shift)  # the lines just before, whose translations are the ones that were lost
            found.append(Misalignment(max(1, start + 1 - orphans), end, shift, evidence))
    found.sort(key=lambda one: -one.evidence)
    # Where lines are shifted, a second wrong shift can look better than none by chance: only the strongest one counts.
    apart = [one for one in found if one is found[0] or one.last < found[0].line]
    return min(apart, key=lambda one: one.line, default=None)


def _scores(
    sources: Features, targets: Features, shifts: Sequence[int], count: int
) -> tuple[dict[int, _Floats], float]:
    """For each shift the evidence of each line for it, and what a right partner brings on average."""
    wrong = count // 2 + max(map(abs, shifts))  # a shift that certainly pairs lines at random
    ratios = {shift: sources.ratios(targets, shift, count) for shift in shifts}
    total, information = _from_lengths(ratios, _both_ways(sources.ratios, targets, wrong, count))
    by_shift = {shift: list(sources.matches(targets, shift, count)) for shift in shifts}
    at_random = [list(sources.matches(targets, shift, count)) for shift in (wrong, -wrong)]
    for clue in range(len(at_random[0])):
        values = {shift: found[clue] for shift, found in by_shift.items()}
        scores, worth = _from_matches(values, np.concatenate([found[clue] for found in at_random]))
        information += worth
        for shift in shifts:
            total[shift] += scores[shift]
    return total, information


def _both_ways(measure: Callable[[Features, int, int], _Floats], targets: Features, shift: int, count: int) -> _Floats:
    return np.concatenate([measure(targets, shift, count), measure(targets, -shift, count)])


def _from_lengths(ratios: dict[int, _Floats], at_random: _Floats) -> tuple[dict[int, _Floats], float]:
    """Evidence from normal distributions of the ratio, around its median, as wide as its median deviation says."""
    centre, spread = min((_robust(values) for values in ratios.values()), key=lambda pair: pair[1])
    away, wide = _robust(at_random)
    if not 0 < spread < 0.9 * wide:  # the lines are all equally long: nothing to learn
        return {shift: np.zeros(len(values)) for shift, values in ratios.items()}, 0.0

    def evidence(values: _Floats) -> _Floats:
        found = ((values - away) / wide) ** 2 / 2 - ((values - centre) / spread) ** 2 / 2 + math.log(wide / spread)
        return np.clip(np.nan_to_num(found, nan=0.0), -_MOST, _MOST)

    worth = math.log(wide / spread) + (spread / wide) ** 2 / 2 - 0.5  # divergence of two normal distributions
    return {shift: evidence(values) for shift, values in ratios.items()}, worth


def _from_matches(values: dict[int, _Floats], at_random: _Floats) -> tuple[dict[int, _Floats], float]:
    """Evidence from how often a clue agrees for right partners and at random."""
    rate = max(_rate(found) for found in values.values())
    chance = _rate(at_random)
    if rate <= chance:
        return {shift: np.zeros(len(found)) for shift, found in values.items()}, 0.0
    agrees, differs = math.log(rate / chance), math.log((1 - rate) / (1 - chance))
    scores = {
        shift: np.clip(np.select([found == 1, found == 0], [agrees, differs], 0.0), -_MOST, _MOST)
        for shift, found in values.items()
    }
    told = float(np.mean(~np.isnan(values[0])))
    return scores, told * (rate * agrees + (1 - rate) * differs)


def _rate(values: _Floats) -> float:
    told = values[~np.isnan(values)]
    return (float(told.sum()) + 0.5) / (len(told) + 1)


def _robust(values: _Floats) -> tuple[float, float]:
    """Centre and standard deviation of a normal distribution, little moved by outliers."""
    told = values[~np.isnan(values)]
    if not len(told):
        return 0.0, 0.0
    centre = float(np.median(told))
    return centre, max(1.4826 * float(np.median(np.abs(told - centre))), 0.05)


def _best_stretch(gains: _Floats) -> tuple[int, int, float]:
    """The stretch with the largest sum: its first place, the place after it, and the sum."""
    sums = np.concatenate([[0.0], np.cumsum(gains)])
    lowest = np.minimum.accumulate(sums)
    end = int(np.argmax(sums - lowest))
    start = int(np.argmin(sums[: end + 1]))
    return start, end, float(sums[end] - sums[start])


def _overlap(count: int, others: int, shift: int) -> tuple[slice, slice]:
    """The lines that have a partner, on both sides."""
    start, end = max(0, -shift), max(0, -shift, min(count, others - shift))
    return slice(start, end), slice(start + shift, end + shift)

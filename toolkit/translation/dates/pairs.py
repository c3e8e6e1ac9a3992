"""Translation pairs made on the spot."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator

from toolkit.errors import ConfigError, Problem, nearest
from toolkit.translation.dates.forms import forms
from toolkit.translation.dates.numerals import LANGUAGES, Language
from toolkit.translation.dates.values import KINDS, SPLITS, Kind, Split, Value, draw


class DatePairs:
    """Dates, times, numbers and amounts of money with their translations; needs no files.

    A source has one of several forms ("3 March 2026", "March 3, 2026", "2026-03-03"), its translation has exactly one,
    which the source determines: so exact match is a fair measure. Pair number i is a function of seed, split and i.
    Splits are disjoint by what is said, not only by how: no day, time of day, number or amount of the test split
    occurs in training.

    Args:
        seed: decides everything.
        count: pairs.
        source: language of the sources: `en`, `de` or `zh`.
        target: language of the translations.
        split: `train`, `validation` or `test`.
        kinds: what they are about, of `date`, `moment` (day and time), `time`, `number` and `money`; all, in fixed
            shares, unless told otherwise.

    Raises:
        ConfigError: a language, split or kind is unknown, or the languages are the same.

    >>> pairs = DatePairs(seed=0, count=1000, source="en", target="de")
    >>> len(pairs), pairs[7] == DatePairs(0, 8, "en", "de")[7]
    (1000, True)
    """

    def __init__(
        self,
        seed: int,
        count: int,
        source: Language,
        target: Language,
        split: Split = "train",
        kinds: Collection[Kind] = KINDS,
    ) -> None:
        _check(count, source, target, split, kinds)
        self.seed, self.count, self.split = seed, count, split
        self.source, self.target = source, target
        self.kinds: tuple[Kind, ...] = tuple(kind for kind in KINDS if kind in kinds)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[str, str]:
        value, generator = self._value(index)
        return generator.choice(forms(value, self.source)), forms(value, self.target)[0]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return (self[index] for index in range(self.count))

    def value(self, index: int) -> Value:
        """What pair number `index` is about."""
        return self._value(index)[0]

    def _value(self, index: int) -> tuple[Value, random.Random]:
        if not -self.count <= index < self.count:
            raise IndexError(f"there are {self.count} pairs, but number {index} was asked for")
        # Seeding with a text hashes it (SHA-512), so neighbouring numbers have nothing in common.
        generator = random.Random(f"{self.seed} {self.split} {index % self.count}")
        kind = None if self.kinds == KINDS else generator.choice(self.kinds)
        return draw(generator, self.split, kind), generator


def _check(count: int, source: str, target: str, split: str, kinds: Collection[str]) -> None:
    problems = []
    for name, value in (("source", source), ("target", target)):
        if value not in LANGUAGES:
            problems.append(Problem(name, f"unknown language '{value}'; {nearest(value, LANGUAGES)}"))
    if source == target:
        problems.append(Problem("target", f"is '{target}' like the source"))
    if split not in SPLITS:
        problems.append(Problem("split", f"unknown split '{split}'; {nearest(split, SPLITS)}"))
    problems += [
        Problem("kinds", f"unknown kind '{kind}'; {nearest(kind, KINDS)}") for kind in kinds if kind not in KINDS
    ]
    if not kinds:
        problems.append(Problem("kinds", f"is empty; choices: {', '.join(KINDS)}"))
    if count < 0:
        problems.append(Problem("count", f"is {count}; it must be at least 0"))
    if problems:
        raise ConfigError(problems, "the date pairs")

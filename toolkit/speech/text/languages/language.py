"""What the normalisation asks of a language, with answers that suit most European ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from toolkit.errors import require

_LONGEST = 15
"""Digits of the longest number that is read as one; beyond it nobody follows, and num2words gives up in Spanish."""


@dataclass(frozen=True, slots=True)
class Currency:
    """Names of a currency: one, several; and of its hundredth part."""

    one: str
    many: str
    cent: str
    cents: str


class Language:
    """Tables and readings of one language; subclasses fill them.

    Numbers are read by num2words (extra `phonemes`), which is only imported when a text holds digits.

    Attributes:
        code: the name that num2words uses.
        decimal: the mark before the fraction.
        thousands: marks between groups of three digits.
        point, minus, percent, to: words for the decimal mark, a negative number, `%`, and a range `3-5`.
        months: names of the twelve, as they are read.
        month_short: abbreviations of months, without the stop, and their numbers.
        abbreviations: what is read instead; a key ends with the stop that is written.
        before_number: abbreviations that are such only before a number (`No. 5`).
        never_final: abbreviations after which no sentence ends, without the stop, in lower case.
        units: one, several, by the sign that is written.
        currencies: by sign or code.
        scales: words that may follow an amount (`$3 million`).
        signs: words for single characters.
        regnal: names after which a Roman numeral is an ordinal (`Henry VIII`).
        month_first: `3/4/2020` is in March.
    """

    code = ""
    decimal = "."
    thousands = ","
    point = ""
    minus = ""
    percent = ""
    to = ""
    months: tuple[str, ...] = ()
    month_short: ClassVar[Mapping[str, int]] = {}
    abbreviations: ClassVar[Mapping[str, str]] = {}
    before_number: ClassVar[Mapping[str, str]] = {}
    never_final: frozenset[str] = frozenset()
    units: ClassVar[Mapping[str, tuple[str, str]]] = {}
    currencies: ClassVar[Mapping[str, Currency]] = {}
    scales: tuple[str, ...] = ()
    signs: ClassVar[Mapping[str, str]] = {}
    regnal: frozenset[str] = frozenset()
    month_first = False

    def cardinal(self, number: int) -> str:
        """`21` as twenty-one; longer than fifteen digits, one digit after the other."""
        if len(str(abs(number))) > _LONGEST:
            return self.digits(str(number))
        return self._words(number, "cardinal")

    def ordinal(self, number: int) -> str:
        """`21` as twenty-first."""
        return self._words(number, "ordinal") if len(str(number)) <= _LONGEST else self.digits(str(number))

    def year(self, number: int) -> str:
        """`1803` as eighteen oh three."""
        return self._words(number, "year")

    def digits(self, text: str) -> str:
        """One digit after the other; anything else in the text is left out."""
        return " ".join(self.cardinal(int(digit)) for digit in text if digit.isdecimal())

    def decimals(self, whole: str, fraction: str) -> str:
        """`3.75`: the fraction is read one digit after the other."""
        return f"{self.cardinal(int(whole))} {self.point} {self.digits(fraction)}"

    def count(self, number: int, noun: str) -> str:
        """A number before a noun, where it may look different from the number alone (German `ein`)."""
        return self.cardinal(number)

    def before_word(self, number: int, after: str) -> str:
        """A number in running text, before the word or the mark `after`."""
        return self.cardinal(number)

    def day(self, number: int) -> str:
        """A day after the name of its month."""
        return self.ordinal(number)

    def money(self, whole: int, cents: int, currency: Currency) -> str:
        """`$13.87` as thirteen dollars eighty-seven cents."""
        words = f"{self.count(whole, currency.one)} {currency.one if whole == 1 else currency.many}"
        if not cents:
            return words
        small = f"{self.count(cents, currency.cent)} {currency.cent if cents == 1 else currency.cents}"
        return small if whole == 0 else f"{words} {small}"

    def date(self, day: int, month: int, year: int | None, before: str) -> str:
        """A calendar date; `before` is the word in front of it, in lower case."""
        words = f"{self.ordinal(day)} {self.months[month - 1]}"
        return words if year is None else f"{words} {self.year(year)}"

    def time(self, hour: int, minute: int) -> str:
        """A time of day."""
        return f"{self.cardinal(hour)} {self.cardinal(minute)}" if minute else self.cardinal(hour)

    def reign(self, number: int) -> str:
        """What is read for the Roman numeral after a ruler's name."""
        return self.ordinal(number)

    def is_year(self, number: int, before: str, after: str) -> bool:
        """Whether four digits are a year, by the word before, in lower case, and what follows, as it is."""
        return False

    def special(self, text: str) -> str:
        """Forms of this language alone, before everything else."""
        return text

    def _words(self, number: int, kind: str) -> str:
        num2words: Any = require("num2words", "phonemes", "Reading numbers").num2words
        words: str = num2words(number, lang=self.code, to=kind)
        return words.replace(",", "")

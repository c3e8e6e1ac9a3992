"""Dates and times of day in words."""

from __future__ import annotations

import re
from typing import Literal

from toolkit.speech.text.languages.language import Language

Days = Literal["ordinal", "cardinal"]
"""How the days of a month are read in English: May third, or May three."""

_CLOCK = re.compile(r"(?<![\d:])(?<!\d[.,])([01]?\d|2[0-4]):([0-5]\d)(?![\d:]|[.,]\d)")
_ISO_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_SLASHED_DATE = re.compile(r"(?<![\d/.])(\d{1,2})([/.])(\d{1,2})\2(\d{4}|\d\d)(?![\d/])")


def read_dates(text: str, rules: Language, days: Days) -> str:
    """Write out dates in numbers (ISO 8601, and with strokes or stops), and days beside the name of a month."""

    def numeric(day: str, month: str, year: str, match: re.Match[str]) -> str:
        if not rules.months:
            return match[0]
        if rules.month_first and int(day) <= 12 and "/" in match[0]:
            day, month = month, day
        if not (1 <= int(day) <= 31 and 1 <= int(month) <= 12):
            return match[0]
        full = int(year) if len(year) == 4 else int(year) + (2000 if int(year) < 50 else 1900)
        before = re.search(r"(\w+)\W*$", text[: match.start()])
        return rules.date(int(day), int(month), full, before[1].lower() if before else "")

    text = _ISO_DATE.sub(lambda m: numeric(m[3], m[2], m[1], m), text)
    text = _SLASHED_DATE.sub(lambda m: numeric(m[1], m[3], m[4], m), text)
    return _named_days(text, rules, days)


def _named_days(text: str, rules: Language, days: Days) -> str:
    """Days beside the name of a month: March 15, 15 March, le 1 mai."""
    for short, number in rules.month_short.items():
        text = re.sub(rf"\b{short}\b\.?(?=\s*\d)", rules.months[number - 1], text)
        text = re.sub(rf"(?<=\d )\b{short}\b\.?", rules.months[number - 1], text)
    names = "|".join(rules.months)
    if rules.code == "en":
        read = rules.day if days == "ordinal" else rules.cardinal
        text = re.sub(
            rf"\b({names}) (\d{{1,2}})(?!\d|[.,:]\d|(?:st|nd|rd|th)\b|%)",
            lambda m: f"{m[1]} {read(int(m[2]))}" if 1 <= int(m[2]) <= 31 else m[0],
            text,
        )
        if days == "ordinal":
            text = re.sub(rf"(?<![\d.,])(\d{{1,2}}) (?=(?:{names})\b)", lambda m: f"{rules.ordinal(int(m[1]))} ", text)
    elif rules.code == "fr":
        text = re.sub(rf"(?<![\d.,])1 (?=(?:{names})\b)", "premier ", text)
    return text


def read_clock(text: str, rules: Language) -> str:
    """Write out times of day such as `14:30`."""

    def read(match: re.Match[str]) -> str:
        hour, minute = int(match[1]), int(match[2])
        if rules.code == "en" and minute == 0 and text[match.end() :].lstrip().startswith(("A M", "P M")):
            return rules.cardinal(hour)
        return rules.time(hour, minute)

    return _CLOCK.sub(read, text)

"""How a value is written in each language: several forms to read, of which the first is the only one to write.

Names of months and days come from the Unicode CLDR through Babel, with patterns of our own, so that a new version of
either changes no text.
"""

from __future__ import annotations

from typing import Any

from toolkit.errors import require
from toolkit.translation.dates.numerals import Language, cardinal, chinese, chinese_digits
from toolkit.translation.dates.values import Currency, Value

# Day patterns of CLDR's date fields (Unicode Technical Standard 35, part 4), with and without the day of the week.
_DAYS: dict[Language, tuple[tuple[str, str], ...]] = {
    "en": (
        ("EEEE, d MMMM y", "d MMMM y"),
        ("EEEE, MMMM d, y", "MMMM d, y"),
        ("EEEE y-MM-dd", "y-MM-dd"),
    ),
    "de": (
        ("EEEE, d. MMMM y", "d. MMMM y"),
        ("EEEE, 'den' d. MMMM y", "'der' d. MMMM y"),
        ("EEEE, dd.MM.y", "dd.MM.y"),
    ),
    "zh": (
        ("y年M月d日EEEE", "y年M月d日"),
        ("y-MM-dd EEEE", "y-MM-dd"),
    ),
}
_TIME_AFTER_DAY: dict[Language, tuple[str, ...]] = {"en": (", ", " at "), "de": (", ", " um "), "zh": (" ",)}

_SIGNS: dict[Currency, str] = {"EUR": "€", "USD": "$", "GBP": "£"}
_UNITS: dict[Language, dict[Currency, tuple[str, str]]] = {  # one, several
    "en": {"EUR": ("euro", "euros"), "USD": ("dollar", "dollars"), "GBP": ("pound", "pounds")},
    "de": {"EUR": ("Euro", "Euro"), "USD": ("Dollar", "Dollar"), "GBP": ("Pfund", "Pfund")},
    "zh": {"EUR": ("欧元", "欧元"), "USD": ("美元", "美元"), "GBP": ("英镑", "英镑")},
}
_ENGLISH_PARTS: dict[Currency, tuple[str, str]] = {
    "EUR": ("cent", "cents"),
    "USD": ("cent", "cents"),
    "GBP": ("penny", "pence"),
}
_CHINESE_PARTS: dict[Currency, str] = {"EUR": "欧分", "USD": "美分", "GBP": "便士"}


def forms(value: Value, language: Language) -> list[str]:
    """All forms of a value, the one that translations have first; they say the same, whole value.

    >>> import datetime
    >>> moment = Value("moment", day=datetime.date(2026, 3, 3), weekday=True, minute=14 * 60 + 5)
    >>> [forms(moment, language)[0] for language in ("en", "de", "zh")]
    ['Tuesday, 3 March 2026, 14:05', 'Dienstag, 3. März 2026, 14:05 Uhr', '2026年3月3日星期二 14点05分']
    >>> [forms(Value("money", number=4250), language)[0] for language in ("en", "de", "zh")]
    ['forty-two euros and fifty cents', 'zweiundvierzig Euro fünfzig', '四十二欧元五十欧分']
    """
    if value.kind == "date":
        return _days(value, language)
    if value.kind == "time":
        return _times(value.minute, language)
    if value.kind == "moment":
        joints = _TIME_AFTER_DAY[language]
        return [
            f"{day}{joint}{time}"
            for joint in joints
            for day in _days(value, language)
            for time in _times(value.minute, language)
        ]
    return _numbers(value.number, language) if value.kind == "number" else _amounts(value, language)


def _days(value: Value, language: Language) -> list[str]:
    dates: Any = require("babel.dates", "translation", "Dates in words")
    patterns = [pair[0 if value.weekday else 1] for pair in _DAYS[language]]
    found = [str(dates.format_date(value.day, pattern, locale=language)) for pattern in patterns]
    if language == "zh":
        day = value.day
        numerals = f"{chinese_digits(day.year)}年{chinese(day.month)}月{chinese(day.day)}日"
        week = str(dates.format_date(day, "EEEE", locale="zh")) if value.weekday else ""
        found += [numerals + week, *([found[0].replace("星期", "周")] if week else [])]
    return found


def _times(minute: int, language: Language) -> list[str]:
    hour, minute = divmod(minute, 60)
    if language == "en":
        half = "a.m." if hour < 12 else "p.m."
        return [f"{hour:02}:{minute:02}", f"{(hour + 11) % 12 + 1}:{minute:02} {half}"]
    if language == "de":
        return [f"{hour:02}:{minute:02} Uhr", f"{hour}.{minute:02} Uhr"]
    half = "上午" if hour < 12 else "下午"
    return [f"{hour:02}点{minute:02}分", f"{hour:02}:{minute:02}", f"{half}{(hour + 11) % 12 + 1}点{minute:02}分"]


def _numbers(number: int, language: Language) -> list[str]:
    grouped = f"{number:,}".replace(",", "." if language == "de" else ",")
    return list(dict.fromkeys([cardinal(number, language), str(number), grouped]))


def _amounts(value: Value, language: Language) -> list[str]:
    units, parts = divmod(value.number, 100)
    digits, sign = f"{units}.{parts:02}", _SIGNS[value.currency]
    unit = _UNITS[language][value.currency][units != 1]
    if language == "en":
        words = f"{cardinal(units, 'en')} {unit}"
        if parts:
            words += f" and {cardinal(parts, 'en')} {_ENGLISH_PARTS[value.currency][parts != 1]}"
        return [words, f"{sign}{digits}", f"{value.currency} {digits}"]
    if language == "de":
        digits = digits.replace(".", ",")
        words = f"{'ein' if units == 1 else _german_before_noun(units)} {unit}"
        return [f"{words} {cardinal(parts, 'de')}" if parts else words, f"{digits} {sign}", f"{digits} {unit}"]
    words = _measured(units) + unit + (_measured(parts) + _CHINESE_PARTS[value.currency] if parts else "")
    return [words, f"{digits}{unit}", f"{sign}{digits}"]


def _german_before_noun(number: int) -> str:
    """101 is `einhunderteins` alone, `einhundertein` before a noun."""
    words = cardinal(number, "de")
    return words.removesuffix("s") if number % 100 == 1 else words


def _measured(number: int) -> str:
    """Two of something is 两, not 二."""
    return "两" if number == 2 else chinese(number)

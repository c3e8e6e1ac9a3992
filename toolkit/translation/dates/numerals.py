"""Whole numbers in words."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, get_args

from toolkit.errors import require

Language: TypeAlias = Literal["en", "de", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_MYRIADS = ("", "万", "亿")
MOST = 10**12 - 1
"""The largest number that `chinese` can say."""


def cardinal(number: int, language: Language) -> str:
    """A number in words; English and German by num2words, British style with "and".

    >>> [cardinal(1042, language) for language in LANGUAGES]
    ['one thousand and forty-two', 'eintausendzweiundvierzig', '一千零四十二']
    """
    if language == "zh":
        return chinese(number)
    library: Any = require("num2words", "translation", "Numbers in words")
    words: str = library.num2words(number, lang=language)
    return words


def chinese(number: int) -> str:
    """A number in Chinese numerals, as it is read.

    Four digits make a myriad. Zeros at its end are not read, any others as one 零 (as Chinese schools teach it); 十 is
    without 一 at the very beginning only.

    Args:
        number: 0 to `MOST`.

    Raises:
        ValueError: out of range.

    >>> [chinese(number) for number in (0, 10, 14, 110, 2002, 10010, 100_000)]
    ['零', '十', '十四', '一百一十', '二千零二', '一万零一十', '十万']
    """
    if not 0 <= number <= MOST:
        raise ValueError(f"{number} is not from 0 to {MOST}")
    if number == 0:
        return _DIGITS[0]
    words = ""
    gap = False  # zeros since the last digit that was said
    for place in range(len(str(number)) - 1, -1, -1):
        digit = number // 10**place % 10
        if digit:
            words += (_DIGITS[0] if gap and words else "") + _DIGITS[digit] + _PLACES[place % 4]
            gap = False
        else:
            gap = True
        if place % 4 == 0 and number // 10**place % 10_000:  # a myriad that has any digit ends with its name,
            words += _MYRIADS[place // 4]
            gap = False  # and zeros at its end are not read
    return words.removeprefix(_DIGITS[1]) if words.startswith("一十") else words


def chinese_digits(number: int) -> str:
    """Digit by digit, as years are written.

    >>> chinese_digits(2026)
    '二〇二六'
    """
    return "".join("〇" if digit == "0" else _DIGITS[int(digit)] for digit in str(number))

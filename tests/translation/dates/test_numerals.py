"""Numbers in words, against known values and against num2words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.translation.dates.numerals import MOST, cardinal, chinese, chinese_digits

KNOWN = {
    0: "零", 2: "二", 9: "九", 10: "十", 11: "十一", 19: "十九", 20: "二十", 42: "四十二", 99: "九十九",
    100: "一百", 101: "一百零一", 110: "一百一十", 111: "一百一十一", 120: "一百二十",
    1000: "一千", 1001: "一千零一", 1010: "一千零一十", 1100: "一千一百", 1234: "一千二百三十四", 2002: "二千零二",
    9999: "九千九百九十九", 10_000: "一万", 10_001: "一万零一", 10_010: "一万零一十", 10_100: "一万零一百",
    11_000: "一万一千", 100_000: "十万", 100_500: "十万零五百", 101_000: "十万一千", 110_000: "十一万",
    1_000_000: "一百万", 10_000_000: "一千万", 100_000_000: "一亿", 100_000_001: "一亿零一",
    100_010_000: "一亿零一万", 1_000_000_000: "十亿",
}  # fmt: skip


@pytest.mark.parametrize(("number", "words"), KNOWN.items())
def test_chinese_numerals(number: int, words: str) -> None:
    assert chinese(number) == words


def value(words: str) -> int:
    """Reads a numeral by the rules of reading, which know nothing of those of writing."""
    total, section, digit = 0, 0, 0
    for sign in words:
        if sign in "零一二三四五六七八九":
            digit = "零一二三四五六七八九".index(sign)
        elif sign in "十百千":
            section += (digit or 1) * 10 ** (1 + "十百千".index(sign))
            digit = 0
        else:
            total += (section + digit) * {"万": 10**4, "亿": 10**8}[sign]
            section = digit = 0
    return total + section + digit


@given(number=st.integers(0, MOST))
def test_reading_a_numeral_gives_the_number(number: int) -> None:
    words = chinese(number)
    assert value(words) == number
    assert "零零" not in words
    assert number == 0 or not words.endswith("零")


@pytest.mark.parametrize("number", [-1, MOST + 1])
def test_other_numbers_are_refused(number: int) -> None:
    with pytest.raises(ValueError, match="is not from 0"):
        chinese(number)


def test_years_are_read_digit_by_digit() -> None:
    assert chinese_digits(1905) == "一九〇五"


@pytest.mark.parametrize(
    ("number", "english", "german"),
    [
        (0, "zero", "null"),
        (1, "one", "eins"),
        (21, "twenty-one", "einundzwanzig"),
        (101, "one hundred and one", "einhunderteins"),
        (4711, "four thousand, seven hundred and eleven", "viertausendsiebenhundertelf"),
    ],
)
def test_english_and_german_words(number: int, english: str, german: str) -> None:
    pytest.importorskip("num2words", reason="the extra 'translation' is not installed")
    assert (cardinal(number, "en"), cardinal(number, "de")) == (english, german)

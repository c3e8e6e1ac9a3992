"""Pairs made on the spot: exact, the same every time, disjoint between splits."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from toolkit.errors import ConfigError
from toolkit.translation.dates.forms import forms
from toolkit.translation.dates.numerals import LANGUAGES
from toolkit.translation.dates.pairs import DatePairs
from toolkit.translation.dates.values import CENTS, FIRST, KINDS, LARGEST, LAST, SPLITS, Value, split_of

pytest.importorskip("babel", reason="the extra 'translation' is not installed")
pytest.importorskip("num2words", reason="the extra 'translation' is not installed")

DIRECTIONS = [(one, other) for one in LANGUAGES for other in LANGUAGES if one != other]
DAY = datetime.date(2026, 3, 3)


@pytest.mark.parametrize(
    ("value", "english", "german", "chinese"),
    [
        (Value("date", day=DAY, weekday=True), "Tuesday, 3 March 2026", "Dienstag, 3. März 2026", "2026年3月3日星期二"),
        (Value("date", day=DAY), "3 March 2026", "3. März 2026", "2026年3月3日"),
        (
            Value("moment", day=DAY, minute=845),
            "3 March 2026, 14:05",
            "3. März 2026, 14:05 Uhr",
            "2026年3月3日 14点05分",
        ),
        (Value("time", minute=5), "00:05", "00:05 Uhr", "00点05分"),
        (Value("number", number=0), "zero", "null", "零"),
        (
            Value("number", number=1234),
            "one thousand, two hundred and thirty-four",
            "eintausendzweihundertvierunddreißig",
            "一千二百三十四",
        ),
        (
            Value("money", number=4250),
            "forty-two euros and fifty cents",
            "zweiundvierzig Euro fünfzig",
            "四十二欧元五十欧分",
        ),
        (Value("money", number=101, currency="GBP"), "one pound and one penny", "ein Pfund eins", "一英镑一便士"),
        (Value("money", number=202, currency="USD"), "two dollars and two cents", "zwei Dollar zwei", "两美元两美分"),
        (Value("money", number=10100), "one hundred and one euros", "einhundertein Euro", "一百零一欧元"),
    ],
)
def test_what_a_value_is_called(value: Value, english: str, german: str, chinese: str) -> None:
    assert [forms(value, language)[0] for language in LANGUAGES] == [english, german, chinese]


def test_forms_that_are_read() -> None:
    moment = Value("moment", day=DAY, weekday=True, minute=845)
    assert "Tuesday 2026-03-03 at 2:05 p.m." in forms(moment, "en")
    assert "Dienstag, 03.03.2026 um 14.05 Uhr" in forms(moment, "de")
    assert "二〇二六年三月三日星期二 下午2点05分" in forms(moment, "zh")
    assert [forms(Value("time", minute=minute), "en")[1] for minute in (0, 719, 720, 780)] == [
        "12:00 a.m.",
        "11:59 a.m.",
        "12:00 p.m.",
        "1:00 p.m.",
    ]
    assert forms(Value("number", number=1234), "de")[1:] == ["1234", "1.234"]
    assert forms(Value("money", number=4205), "de")[1:] == ["42,05 €", "42,05 Euro"]


@pytest.mark.parametrize(("source", "target"), DIRECTIONS)
def test_a_source_determines_its_translation(source: Any, target: Any) -> None:
    known: dict[str, str] = {}
    for split in SPLITS:
        for text, translation in DatePairs(3, 250, source, target, split):
            assert known.setdefault(text, translation) == translation
    assert len(known) > 600


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_form_means_two_values(language: Any) -> None:
    values = [Value("time", minute=minute) for minute in range(0, 1440, 7)]
    values += [Value("number", number=number) for number in range(0, LARGEST + 1, 97)]
    values += [
        Value("money", number=cents, currency=unit) for cents in range(100, 2200, 49) for unit in ("EUR", "USD", "GBP")
    ]  # type: ignore[arg-type]
    for step in range(0, 36_000, 331):
        day = FIRST + datetime.timedelta(days=step)
        values += [Value("date", day=day, weekday=weekday) for weekday in (True, False)]
        values += [Value("moment", day=day, minute=step % 1440)]
    meaning: dict[str, Value] = {}
    for value in values:
        found = forms(value, language)
        assert len(set(found)) == len(found)
        for form in found:
            assert meaning.setdefault(form, value) == value


def test_pairs_are_the_same_at_every_opening_and_a_longer_set_begins_alike() -> None:
    long = DatePairs(1, 50, "en", "zh")
    assert list(DatePairs(1, 20, "en", "zh")) == [long[place] for place in range(20)]
    assert list(DatePairs(2, 20, "en", "zh")) != [long[place] for place in range(20)]
    assert long[-1] == long[49]
    with pytest.raises(IndexError):
        long[50]


def test_the_same_number_is_about_the_same_value_in_every_language() -> None:
    german, chinese = DatePairs(0, 30, "en", "de"), DatePairs(0, 30, "en", "zh")
    assert [german.value(place) for place in range(30)] == [chinese.value(place) for place in range(30)]


def test_splits_share_no_day_time_number_or_amount() -> None:
    seen = {
        split: {DatePairs(0, 2000, "en", "de", split).value(place).identity for place in range(2000)}
        for split in SPLITS
    }
    assert seen["train"].isdisjoint(seen["test"])
    assert seen["train"].isdisjoint(seen["validation"])
    assert seen["validation"].isdisjoint(seen["test"])


def test_splits_do_not_depend_on_seed_or_how_it_is_said() -> None:
    day = Value("date", day=DAY)
    assert split_of(day) == split_of(Value("moment", day=DAY, minute=7, weekday=True))
    assert split_of(Value("money", number=4250)) == split_of(Value("money", number=4250, currency="USD"))
    shares = [split_of(Value("number", number=number)) for number in range(5000)]
    assert shares.count("train") == pytest.approx(4000, abs=150)
    assert shares.count("test") == pytest.approx(500, abs=120)


def test_values_stay_in_their_ranges_and_every_kind_occurs() -> None:
    pairs = DatePairs(5, 1500, "de", "en")
    values = [pairs.value(place) for place in range(1500)]
    assert {value.kind for value in values} == set(KINDS)
    assert all(FIRST <= value.day <= LAST and 0 <= value.minute < 1440 for value in values)
    assert all(CENTS[0] <= value.number <= CENTS[1] for value in values if value.kind == "money")
    assert all(0 <= value.number <= LARGEST for value in values if value.kind == "number")


def test_kinds_can_be_chosen() -> None:
    pairs = DatePairs(0, 60, "en", "de", kinds=("time", "number"))
    assert {pairs.value(place).kind for place in range(60)} == {"time", "number"}


def test_wrong_arguments_are_all_named() -> None:
    with pytest.raises(ConfigError) as caught:
        DatePairs(0, -1, "en", "enn", "tests", kinds=())  # type: ignore[arg-type]
    assert [problem.path for problem in caught.value.problems] == ["target", "split", "kinds", "count"]
    assert "did you mean 'en'" in str(caught.value)
    with pytest.raises(ConfigError, match="like the source"):
        DatePairs(0, 1, "en", "en")

"""Units: what has a duration, and what is only said of it."""

from __future__ import annotations

import pytest

from toolkit.speech.text.inventory import Inventory
from toolkit.speech.voice.fitting import fitted
from toolkit.speech.voice.phoneme_error import collapsed, edit_distance, phoneme_error, spoken_phones
from toolkit.speech.voice.timing import phone_times, word_times
from toolkit.speech.voice.units import units_of


def test_stress_and_word_boundaries_are_features_of_the_phone_that_follows():
    units = units_of(("h", "ə", "l", "ˈ", "oʊ", ",", "y", "ˌ", "u", " ", "t", "!"))
    assert units.symbols == ("^", "h", "ə", "l", "oʊ", ",", "y", "u", "t", "!")
    assert units.stress == (0, 0, 0, 0, 1, 0, 0, 2, 0, 0)
    assert units.initial == (0, 1, 0, 0, 0, 0, 1, 0, 1, 0)
    assert units.places == (-1, 0, 1, 2, 4, 5, 6, 8, 10, 11)


def test_a_text_without_a_mark_at_its_end_gets_one():
    assert units_of(("a",)).symbols == ("^", "a", ".")


def test_what_a_voice_has_never_heard_is_replaced_by_what_is_nearest_or_left_out_and_said():
    inventory = Inventory.of([("^", "a", "t", ".")])
    units, notes = fitted(units_of(("d", "a", "漢", "!")), inventory)
    assert units.symbols == ("^", "t", "a", ".")
    assert len(units.stress) == len(units.places) == 4
    assert any("'d'" in note and "'t'" in note for note in notes)
    assert any("'漢'" in note and "leaves it out" in note for note in notes)


def test_phones_and_words_have_times():
    units = units_of(("h", "ˈ", "aɪ", " ", "b", "oʊ"))
    seconds = [0.1, 0.1, 0.2, 0.1, 0.3, 0.2]
    phones = phone_times(units, seconds)
    assert [(one.phone, one.start, one.end) for one in phones][:2] == [("h", 0.1, 0.2), ("aɪ", 0.2, 0.4)]
    words = word_times(units, seconds, [("Hi", 0, 3), ("Bo", 4, 6)])
    assert [(one.word, one.start, one.end) for one in words] == [("Hi", 0.1, 0.4), ("Bo", 0.4, 0.8)]


@pytest.mark.parametrize(
    ("said", "wanted", "errors"), [("abc", "abc", 0), ("", "abc", 3), ("axc", "abc", 1), ("abcd", "bcd", 1)]
)
def test_the_phoneme_error_counts_edits(said: str, wanted: str, errors: int):
    assert edit_distance(said, wanted) == errors
    assert phoneme_error(tuple(said), tuple(wanted)) == pytest.approx(errors / 3)


def test_marks_and_blanks_are_not_heard():
    import numpy as np

    assert spoken_phones(("^", "a", ",", "b", ".")) == ("a", "b")
    assert collapsed(np.array([0, 2, 2, 0, 2, 5, 5])) == [2, 2, 5]

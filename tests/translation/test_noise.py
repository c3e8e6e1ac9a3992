"""Noise: as much as was asked for, of the kind that was asked for, and the same every time."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.errors import ConfigError
from toolkit.translation.noise import KINDS, NEIGHBOURS, add_noise

TEXT = "Two young men are outside near many bushes and one of them holds a camera. " * 30


@settings(deadline=None)
@given(st.text(max_size=60), st.sampled_from(KINDS), st.integers(0, 5))
def test_no_rate_changes_nothing_and_the_same_seed_gives_the_same(text: str, kind: str, seed: int):
    assert add_noise(text, kind, 0.0, seed) == text
    assert add_noise(text, kind, 0.4, seed) == add_noise(text, kind, 0.4, seed)


@settings(deadline=None)
@given(st.text(min_size=1, max_size=40), st.sampled_from(KINDS), st.floats(0, 1))
def test_a_text_is_never_emptied(text: str, kind: str, rate: float):
    assert bool(add_noise(text, kind, rate, 1).strip()) == bool(text.strip())


def test_another_seed_gives_other_noise():
    assert len({add_noise(TEXT, "typos", 0.1, seed) for seed in range(5)}) == 5


@pytest.mark.parametrize("kind", ["keyboard", "casing"])
def test_letters_change_at_the_rate(kind: str):
    noisy = add_noise(TEXT, kind, 0.2, 3)
    assert len(noisy) == len(TEXT)
    letters = [(one, other) for one, other in zip(TEXT, noisy, strict=True) if one.isalpha()]
    assert sum(one != other for one, other in letters) / len(letters) == pytest.approx(0.2, abs=0.03)
    others = [(one, other) for one, other in zip(TEXT, noisy, strict=True) if not one.isalpha()]
    assert all(one == other for one, other in others)


def test_keys_are_neighbours_on_the_keyboard():
    assert set(NEIGHBOURS["g"]) == set("fhtyvb")
    assert set(NEIGHBOURS["q"]) == set("wa")
    for one, other in zip(TEXT, add_noise(TEXT, "keyboard", 1.0, 0), strict=True):
        if one.isalpha():
            assert other.lower() in NEIGHBOURS[one.lower()]
            assert one.isupper() == other.isupper()


def test_words_are_left_out_at_the_rate():
    noisy = add_noise(TEXT, "dropped_words", 0.3, 2).split(" ")
    assert len(noisy) / len(TEXT.split(" ")) == pytest.approx(0.7, abs=0.05)


def test_words_change_places_and_none_is_lost():
    noisy = add_noise(TEXT, "swapped_words", 0.3, 2)
    assert Counter(noisy.split(" ")) == Counter(TEXT.split(" "))
    before, after = TEXT.split(" "), noisy.split(" ")
    assert 0.2 < sum(one != other for one, other in zip(before, after, strict=True)) / len(before) < 0.6


def test_typos_stay_within_words_and_spare_the_share_of_them_that_the_rate_leaves():
    before, after = TEXT.split(" "), add_noise(TEXT, "typos", 0.1, 4).split(" ")
    spared = sum(one == other for one, other in zip(before, after, strict=True)) / len(before)
    expected = sum(0.9 ** len(word) for word in before) / len(before)
    assert spared == pytest.approx(expected, abs=0.06)  # some slips change nothing: a letter for itself


@pytest.mark.parametrize(("kind", "rate", "words"), [("typos", 1.5, "between 0 and 1"), ("typo", 0.1, "typos")])
def test_what_is_no_noise_is_refused(kind: str, rate: float, words: str):
    with pytest.raises(ConfigError, match=words):
        add_noise("a", kind, rate, 0)

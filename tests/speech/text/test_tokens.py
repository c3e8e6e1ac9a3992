"""Sentences in words, marks, and characters that are neither."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.speech.text.characters import MARKS, is_letter, is_silent, mark_of, one_form
from toolkit.speech.text.tokens import tokens


@pytest.mark.parametrize(
    ("sentence", "cut"),
    [
        ("Don't stop — go!", ["Don't", "stop", "—", "go", "!"]),
        ("a well-known “book” (new)", ["a", "well", "known", "book", ",", "new", ","]),
        ("'tis the dogs' day", ["tis", "the", "dogs", "day"]),
        ("Wait… what?", ["Wait", "—", "what", "?"]),
        ("你好，iPhone好。", ["你好", ",", "iPhone", "好", "."]),
        ("no 👩‍👩‍👧🇩🇪❤️ yes", ["no", "👩‍👩‍👧🇩🇪❤️", "yes"]),
    ],
)
def test_sentences_are_cut(sentence: str, cut: list[str]) -> None:
    assert [token.text for token in tokens(sentence)] == cut


@given(st.text(max_size=60))
def test_every_character_is_in_a_token_or_may_be_passed_over(sentence: str) -> None:
    covered = set()
    for token in tokens(sentence):
        width = 1 if token.kind == "mark" else len(token.text)
        covered.update(range(token.start, token.start + width))
        assert token.kind != "mark" or token.text in MARKS
        assert token.kind != "word" or is_letter(token.text[0])
    for place, character in enumerate(sentence):
        assert place in covered or is_silent(character)
        assert not (place in covered and mark_of(character) is None and is_silent(character)) or character in "'‍"


@pytest.mark.parametrize(
    ("written", "form"),
    [("ﬁne ５ ٣ ℃", "fine 5 3 °C"), ("e\u0301 it’s", "é it's"), ("m² ½", "m² ½"), (" a \n\t b ", "a b"), ("，", "，")],
)
def test_characters_that_look_alike_get_one_form(written: str, form: str) -> None:
    assert one_form(written) == form


@given(st.text(max_size=60))
def test_one_form_is_stable(text: str) -> None:
    assert one_form(one_form(text)) == one_form(text)

"""What normalisation changes and what it leaves."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.translation.segmentation.normalisation import Normalisation, normalise

ANY = st.text(st.characters())  # surrogates included


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  a\t b\u00a0\u3000c\r\nd ", "a b c d"),
        ("Cafe\u0301", "Café"),
        ("ＡＢＣ１２３", "ABC123"),
        ("eﬃcient", "efficient"),
        ("你好，世界！（好）", "你好，世界！（好）"),
        ("m² ½ … ™", "m² ½ … ™"),
        ("a\u200bb\ufeff\u00adc\x07", "abc"),
        ("👩\u200d🚀 ❤\ufe0f", "👩\u200d🚀 ❤\ufe0f"),
        ("a▁b", "a b"),
        ("\ud800", "\ufffd"),
        ("", ""),
    ],
)
def test_light_normalisation(text: str, expected: str) -> None:
    assert normalise(text) == expected


def test_full_compatibility_normalisation_is_that_of_unicode_for_visible_text() -> None:
    text = "你好，m²（½）ＡＢＣ ﬁ"
    assert normalise(text, "nfkc") == unicodedata.normalize("NFKC", text)


def test_no_normalisation_keeps_spaces_and_control_characters() -> None:
    assert normalise(" a\t\tb\n\u200b ", "none") == " a\t\tb\n\u200b "


@pytest.mark.parametrize("level", ["light", "nfkc", "none"])
@given(text=ANY)
def test_normalising_twice_changes_nothing_more(level: Normalisation, text: str) -> None:
    once = normalise(text, level)
    assert normalise(once, level) == once
    once.encode()  # every result can be stored as UTF-8

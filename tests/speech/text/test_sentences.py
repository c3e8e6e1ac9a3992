"""Text in sentences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.speech.text.sentences import split_sentences


@pytest.mark.parametrize(
    ("language", "text", "cut"),
    [
        ("en", "One. Two! Three? Four", ["One. ", "Two! ", "Three? ", "Four"]),
        ("en", "Dr. Smith met J. Gray at 3.5 km. He left.", ["Dr. Smith met J. Gray at 3.5 km. ", "He left."]),
        ("en", 'He said "Stop." Then he ran.', ['He said "Stop." ', "Then he ran."]),
        ("en", "See e.g. this, etc. and that... or not.", ["See e.g. this, etc. and that... or not."]),
        ("en", "Amos I. Bouck came. It was I. He knew.", ["Amos I. Bouck came. ", "It was I. ", "He knew."]),
        ("en", "This is chapter V. The end.", ["This is chapter V. ", "The end."]),
        (
            "de",
            "Am 3. Mai kam er. Dann ging er z. B. nach Bonn.",
            ["Am 3. Mai kam er. ", "Dann ging er z. B. nach Bonn."],
        ),
        ("fr", "Bonjour M. Dupont. Ça va ?", ["Bonjour M. Dupont. ", "Ça va ?"]),
        ("es", "Hola, Sr. López. ¿Qué tal?", ["Hola, Sr. López. ", "¿Qué tal?"]),
        ("zh", "你好。我是人！真的？", ["你好。", "我是人！", "真的？"]),
        ("xx", "Uno. Due.", ["Uno. ", "Due."]),
        ("en", "", []),
        ("en", "a", ["a"]),
    ],
)
def test_sentences_end_where_they_end(language: str, text: str, cut: list[str]) -> None:
    assert [piece.text for piece in split_sentences(text, language)] == cut


def test_empty_lines_end_paragraphs_and_single_ones_do_not() -> None:
    pieces = split_sentences("A title\n\nFirst line\nof two. Second.\r\n\r\nLast")
    assert [(piece.text.strip(), piece.end) for piece in pieces] == [
        ("A title", "paragraph"),
        ("First line\nof two.", "sentence"),
        ("Second.", "paragraph"),
        ("Last", "paragraph"),
    ]


@pytest.mark.parametrize("text", ["word " * 4000, "word, " * 3400, "x" * 20_000, "好" * 20_000, "，好" * 10_000])
def test_twenty_thousand_characters_without_a_stop_are_cut(text: str) -> None:
    pieces = split_sentences(text, longest=200)
    assert "".join(piece.text for piece in pieces) == text
    assert max(len(piece.text.rstrip()) for piece in pieces) <= 200
    assert {piece.end for piece in pieces[:-1]} == {"cut"}


def test_long_sentences_are_cut_at_strong_marks_first() -> None:
    pieces = split_sentences("one two three, four five; six seven eight nine ten", longest=30)
    assert [piece.text for piece in pieces] == ["one two three, four five; ", "six seven eight nine ten"]


@given(st.text(alphabet="aB .!?\n\r\t,;:。5\"'—é😀\u2029", max_size=80), st.sampled_from(["en", "de", "zh", "xx"]))
def test_nothing_is_lost(text: str, language: str) -> None:
    pieces = split_sentences(text, language, longest=20)
    assert "".join(piece.text for piece in pieces) == text
    assert all(piece.text for piece in pieces)

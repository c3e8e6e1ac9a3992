"""Cutting texts into sentences: where one ends, and that nothing is lost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.translation.sentences import halves, sentences

TEXTS = st.text(alphabet=st.sampled_from("aB9 .,!?…。！\n\r\t\u2028\u3000\"')(„“”»ß中Dr3"), max_size=60)


def cut(text: str) -> list[str]:
    return [one.text for one in sentences(text) if one.text]


@settings(deadline=None)
@given(TEXTS)
def test_nothing_is_lost(text: str) -> None:
    found = list(sentences(text))
    assert "".join(one.text + one.gap for one in found) == text
    assert all(one.text == one.text.strip() and not one.gap.strip() for one in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("He said 'Go.' Then he left.", ["He said 'Go.'", "Then he left."]),
        ("Dr. Li met Mr. Wu, e.g. at 5 p.m. on Monday.", ["Dr. Li met Mr. Wu, e.g. at 5 p.m. on Monday."]),
        ("Am 3. Mai kam J. S. Bach. Er blieb.", ["Am 3. Mai kam J. S. Bach.", "Er blieb."]),
        ("In 1999. Then more.", ["In 1999.", "Then more."]),
        ("pi is 3.14 and e is 2.71", ["pi is 3.14 and e is 2.71"]),
        ("Wait... what? yes", ["Wait... what? yes"]),
        ("他来了。你呢？很好！“是的。”她说。", ["他来了。", "你呢？", "很好！", "“是的。”", "她说。"]),
        ("a line\nanother line\r\n\r\nlast", ["a line", "another line", "last"]),
        ("www.example.org is a site. See it.", ["www.example.org is a site.", "See it."]),
        ("", []),
        ("   ", []),
    ],
)
def test_where_a_sentence_ends(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


@settings(deadline=None)
@given(st.text(alphabet="ab ,;:，中", min_size=2, max_size=80))
def test_halves_are_the_whole(text: str) -> None:
    first, second = halves(text)
    assert first + second == text
    assert first
    assert second


def test_a_sentence_is_cut_where_it_pauses() -> None:
    assert halves("one two three; four five six") == ("one two three; ", "four five six")
    assert halves("aaaa bbbb") == ("aaaa ", "bbbb")
    assert halves("abcdef") == ("abc", "def")

"""A little of SSML."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import ConfigError
from toolkit.speech.text.markup import Said, has_markup, parse_markup


def test_known_tags_are_read() -> None:
    said = parse_markup(
        "<speak>Hi <break time='500ms'/>you, <sub alias=\"World Wide Web\">WWW</sub> "
        "<phoneme alphabet='ipa' ph='t ə m ˈ ɑ t oʊ'>tomato</phoneme><p>A &lt; B &amp; C</p><break/></speak>"
    )
    assert [piece for piece in said if piece.text != " "] == [
        Said("Hi "),
        Said("", pause=0.5),
        Said("you, "),
        Said("World Wide Web"),
        Said("tomato", phones=("t", "ə", "m", "ˈ", "ɑ", "t", "oʊ")),
        Said("", end="paragraph"),
        Said("A < B & C"),
        Said("", end="paragraph"),
        Said("", pause=0.3),
    ]


@pytest.mark.parametrize(("time", "seconds"), [("1s", 1.0), ("250ms", 0.25), (".5s", 0.5), ("0ms", 0.0)])
def test_breaks_last_as_long_as_they_say(time: str, seconds: float) -> None:
    assert parse_markup(f"<break time='{time}'/>") == [Said("", pause=seconds)]


@pytest.mark.parametrize("text", ["A < b and c > d", "x<y", "1 <2> 3", "AT&T &lt; &amp;", "a <", "<3", "->x<-"])
def test_signs_are_not_tags(text: str) -> None:
    assert not has_markup(text)
    assert parse_markup(text) == [Said(text)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hi\n you <b>x</b>", "line 2, column 6: the tag <b> is not known"),
        ("<p>One", "line 1, column 1: <p> is never closed"),
        ("One</p>", "</p> closes nothing"),
        ("<p><s>x</p></s>", "</p> closes nothing"),
        ("<break time='soon'/>", "cannot last 'soon'"),
        ("<break time='-1s'/>", "cannot last '-1s'"),
        ("<break time='11s'/>", "at most 10 s"),
        ("<break strength='odd'/>", "no strength 'odd'"),
        ("<sub>x</sub>", "<sub> needs alias"),
        ("<phoneme ph=''>x</phoneme>", "<phoneme> needs ph"),
        ("<phoneme alphabet='x-sampa' ph='t'>x</phoneme>", "knows the alphabet ipa"),
        ("<sub alias='y'><break/></sub>", "<break> cannot stand within <sub>"),
        ('<!DOCTYPE x [<!ENTITY a "b">]>', "cannot be understood"),
        ("<?xml version='1.0'?>x", "cannot be understood"),
        ("<break time=5s/>", "cannot be understood"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_markup(text)
    assert words in str(caught.value)


def test_entities_are_never_expanded() -> None:
    assert parse_markup("<s>&bomb; &#65;</s>")[0] == Said("&bomb; &#65;")


@given(st.text(alphabet="<>/pbs reak='\"&;a", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_markup(text)
    except ConfigError as error:
        assert "column" in str(error)  # noqa: PT017

"""What counts as a part of a text that a translation has to keep."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.translation.placeholders import KINDS, NUMBER, find


def texts(text: str, *kinds: str) -> list[str]:
    return [found.text for found in (find(text, kinds) if kinds else find(text))]


FORMS = {
    "printf": [
        "%s",
        "%d",
        "%1$s",
        "%-5.2f",
        "%%",
        "%@",
        "%lld",
        "%<PRIu64>",
        "%.*f",
        "%(name)s",
        "%(n)05.1f",
        "%1",
        "%Y",
    ],
    "brace": ["{}", "{0}", "{name}", "{0:.2f}", "{user.name[0]!r:>{w}}", "%{name}", "{{ name }}", "{ name }"],
    "icu": ["{n, plural, one {# file} other {{m} files}}", "{when, date, short}"],
    "shell": ["${HOME}", "$name"],
    "tag": ["<b>", "</b>", "<br/>", "<a href=\"x>y\" class='z' data-x>", "<g:x-1 id='1'>", "<!-- kept -->"],
    "entity": ["&amp;", "&#39;", "&#x2F;"],
    "url": ["https://example.org/a_(b)?c=%s&d={id}#e", "www.example.org", "mailto:a@b.org"],
    "email": ["first.last+x@example.org"],
    "code": ["`code`", "``a b``"],
    "option": ["--verbose"],
    "escape": [r"\n", r"\a", "\a", "\x1b"],
    "emphasis": ["**"],
}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, forms in FORMS.items() for text in forms])
def test_each_form_is_found_whole_amid_text(kind: str, text: str) -> None:
    before = "Vor "
    found = find(f"{before}{text} danach.")
    assert [(one.text, one.kind, one.start) for one in found] == [(text, kind, len(before))]


@pytest.mark.parametrize("text", ["", "100% sure", "50%off", "100%d'accord", "US$ 5", "a < b and c > d", "<3"])
def test_ordinary_signs_are_none(text: str) -> None:
    assert find(text) == []


@pytest.mark.parametrize("text", ["R&D", "`foo' and `bar'", "{a b}", "R & D", "x @ y", "{"])
def test_half_a_form_is_none(text: str) -> None:
    assert find(text) == []


def test_several_in_order_also_when_they_touch() -> None:
    assert texts("%s%d<b>{x}</b>") == ["%s", "%d", "<b>", "{x}", "</b>"]
    assert texts("5%d and 5%%") == ["%d", "%%"]


def test_an_address_leaves_the_punctuation_of_its_sentence() -> None:
    assert texts("See https://example.org/a.") == ["https://example.org/a"]
    assert texts("(see https://example.org/a_(b)), or") == ["https://example.org/a_(b)"]
    assert texts("请看https://example.org/a。") == ["https://example.org/a"]


def test_where_a_link_leads_is_kept_and_its_words_are_not() -> None:
    assert texts("[the manual](docs/a.md) and [more][1]") == ["(docs/a.md)", "[1]"]


def test_numbers_only_when_asked_for() -> None:
    assert texts("3.14 of 1,000") == []
    assert texts("3.14 of 1,000.", NUMBER) == ["3.14", "1,000"]
    assert texts("%d of 5", "tag") == []


PIECES = st.sampled_from([*"%s{}<>a ()[]`&;\\.1é中\n", "http://", "{n, plural, "])


@given(st.lists(PIECES, max_size=40).map("".join))
def test_found_parts_lie_in_the_text_in_order_without_overlap(text: str) -> None:
    end = 0
    for found in find(text, (*KINDS, NUMBER)):
        assert found.start >= end
        assert found.end > found.start
        assert text[found.start : found.end] == found.text
        end = found.end


HOSTILE = [
    "<a ",
    "<a b='",
    "{n, plural, ",
    "<!--",
    "http://",
    ")",
    "{ ",
    "%0",
    "`",
    "(",
    "][",
    "](",
    "a.b@",
    "&a",
    "1,",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_long_hostile_lines_take_linear_time(piece: str) -> None:
    def seconds(characters: int) -> float:
        text = "http://" + piece * (characters // len(piece))
        started = time.process_time()
        find(text, (*KINDS, NUMBER))
        return time.process_time() - started

    assert min(seconds(50_000), seconds(50_000)) < 1.0

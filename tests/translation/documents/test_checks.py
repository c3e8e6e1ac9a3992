"""What is found wrong in a translation, what is put right, and what is left for people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.translation.documents.checks import check, checked, repair


@pytest.mark.parametrize(
    ("source", "target", "kinds"),
    [
        ("Copy %s", "Kopiere %s", []),
        ("Copy %s", "Kopiere", ["missing"]),
        ("Copy", "Kopiere %s", ["extra"]),
        ("%s and %s", "%s", ["missing"]),
        ("%s of %d", "%d von %s", ["order"]),
        ("%1$s of %2$d", "%2$d von %1$s", []),
        ("%(a)s of %(b)s", "%(b)s von %(a)s", []),
        ("{} of {x}", "{x} von {}", []),
        ("<b>a</b>", "</b>a<b>", ["nesting"]),
        ("a<br>b", "a<br>b", []),
        ("a\n", "b", ["ends"]),
        (" a", "b", ["ends"]),
        ("a", "", ["empty"]),
        ("", "", []),
        ("R&amp;D", "F&E", ["missing"]),
        ("see https://a.org/b", "siehe https://a.org/c", ["missing", "extra"]),
    ],
)
def test_findings(source: str, target: str, kinds: list[str]) -> None:
    assert [finding.kind for finding in check(source, target)] == kinds


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("Copy %s\n", "Kopiere %S", "Kopiere %s\n"),
        ("  Copy", "Kopiere\n", "  Kopiere"),
        ("Copy %(name)s", "复制％（Name）s", "复制%(name)s"),
        ("{name} and {other}", "{ Name } und { OTHER }", "{name} und {other}"),
        ("R&amp;D &amp; more", "F&E & mehr", "F&amp;E &amp; mehr"),
        ("<b>a</b>", "< b >a< / b >", "<b>a</b>"),
        ("%d of %d", "% d von %d", "%d von %d"),
        ("{0:.2f} kg", "{0: .2F} kg", "{0:.2f} kg"),
        ("run --all", "starte --All", "starte --all"),
    ],
)
def test_what_can_only_be_meant_in_one_way_is_put_right(source: str, target: str, expected: str) -> None:
    assert repair(source, target) == (expected, [])


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("Copy %d", "50 % des Platzes"),  # a percentage is no format code
        ("%s and %s", "%S"),  # one trace of two
        ("%s of %d", "%d von %s"),  # numbering them would be wrong in Python
        ("Copy {name}", "Kopiere Name"),
        ("a", ""),
    ],
)
def test_what_is_not_certain_is_left_and_marked(source: str, target: str) -> None:
    text, findings = repair(source, target)
    assert text == target
    assert findings
    assert checked(source, target).fuzzy
    assert checked(source, target).note


def test_the_note_says_what_is_wrong() -> None:
    assert checked("Copy %s", "Kopiere").note == "lacks '%s'"


PARTS = ["%s", "%d", "{a}", "<b>", "</b>", "&amp;", "&", " ", "\n", "word", "％", "%S", "https://a.org"]
PIECES = st.lists(st.sampled_from(PARTS), max_size=8).map("".join)


@given(PIECES, PIECES)
def test_repairing_never_adds_faults_and_is_done_after_once(source: str, target: str) -> None:
    text, findings = repair(source, target)
    assert findings == check(source, text)
    before = {(finding.kind, finding.text) for finding in check(source, target) if finding.kind == "missing"}
    assert {(finding.kind, finding.text) for finding in findings if finding.kind == "missing"} <= before
    assert repair(source, text)[0] == text


@given(PIECES)
def test_a_text_agrees_with_itself(text: str) -> None:
    assert repair(text, text) == (text, [])

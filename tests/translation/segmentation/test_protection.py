"""Placeholders leave a text and come back, whatever the model does with their symbols."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.translation.segmentation.protection import protect, protect_pair, restore, symbols

PIECES = st.sampled_from(
    ["%s", "{name}", "<b>", "</b>", "https://a.org/x", "⟨1⟩", "⟨7⟩", "⟨", "word", " ", "你好", "%", "1"]
)
TEXTS = st.lists(PIECES, max_size=12).map("".join)


@given(text=TEXTS | st.text(), count=st.integers(0, 5))
def test_a_text_comes_back_as_it_was(text: str, count: int) -> None:
    protected = protect(text, count)
    restored = restore(protected.text, protected.originals)
    if not any("⟨" in left for left in protected.left):  # more literal symbols than there are symbols
        assert restored.text == text
        assert restored.complete


@given(text=TEXTS)
def test_numbers_may_be_protected_beside_literal_symbols(text: str) -> None:
    protected = protect(text, 9, ("number", "printf"))
    assert restore(protected.text, protected.originals).text == text


def test_nothing_is_protected_when_no_kind_is_asked_for() -> None:
    assert protect("%d <b>", 5, ()).text == "%d <b>"


def test_what_has_no_symbol_stays_and_is_reported() -> None:
    protected = protect("%a %b %c", 2)
    assert (protected.text, protected.left) == ("⟨1⟩ ⟨2⟩ %c", ("%c",))


def test_a_pair_shares_numbers_by_text_not_by_place() -> None:
    source, target = protect_pair("Copy %d of {name}", "Von {name} sind %d kopiert", 5)
    assert source.text == "Copy ⟨1⟩ of ⟨2⟩"
    assert target.text == "Von ⟨2⟩ sind ⟨1⟩ kopiert"
    assert source.originals == target.originals == ("%d", "{name}")


def test_what_only_one_side_has_stays_spelled_out_on_it() -> None:
    source, target = protect_pair("<b>%d</b> files", "%d Dateien {x}", 5)
    assert (source.text, target.text) == ("<b>⟨1⟩</b> files", "⟨1⟩ Dateien {x}")


def test_equal_placeholders_are_paired_in_order() -> None:
    source, target = protect_pair("%s and %s", "%s und %s und %s", 5)
    assert (source.text, target.text) == ("⟨1⟩ and ⟨2⟩", "⟨1⟩ und ⟨2⟩ und %s")


def test_a_pair_shares_no_more_symbols_than_there_are() -> None:
    source, target = protect_pair("%s {a} {b}", "{b} {a} %s", 2)
    assert (source.text, target.text) == ("⟨1⟩ ⟨2⟩ {b}", "{b} ⟨2⟩ ⟨1⟩")


@given(source=TEXTS, target=TEXTS, count=st.integers(0, 4))
def test_both_sides_of_a_pair_use_every_shared_symbol_once(source: str, target: str, count: int) -> None:
    for side in protect_pair(source, target, count):
        assert len(side.originals) <= count
        if "⟨" not in source + target:
            assert restore(side.text, side.originals).complete


@pytest.mark.parametrize(
    ("answer", "text", "missing", "repeated", "invented"),
    [
        ("⟨2⟩ x ⟨1⟩", "{n} x %d", (), (), ()),
        ("x", "x", ("%d", "{n}"), (), ()),
        ("⟨1⟩⟨1⟩", "%d%d", ("{n}",), ("%d",), ()),
        ("⟨1⟩⟨2⟩⟨5⟩", "%d{n}", (), (), (5,)),
    ],
)
def test_restoring_reports_what_the_model_did(
    answer: str, text: str, missing: tuple[str, ...], repeated: tuple[str, ...], invented: tuple[int, ...]
) -> None:
    restored = restore(answer, ("%d", "{n}"))
    assert (restored.text, restored.missing, restored.repeated, restored.invented) == (
        text,
        missing,
        repeated,
        invented,
    )
    assert restored.complete == (not (missing or repeated or invented))


def test_symbols_survive_normalisation() -> None:
    from toolkit.translation.segmentation.normalisation import normalise

    joined = "".join(symbols(99))
    assert normalise(joined) == normalise(joined, "nfkc") == joined

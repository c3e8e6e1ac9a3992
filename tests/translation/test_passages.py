"""Texts as passages, and translations of passages as one text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.translation.segmentation.corpus import ENGLISH
from toolkit.translation.decoding.hypotheses import Hypothesis
from toolkit.translation.options import Options
from toolkit.translation.passages import Cutter, Passage, has_spaces, joined, translation_of
from toolkit.translation.results import Alternative, Translation
from toolkit.translation.segmentation.settings import SegmenterSettings
from toolkit.translation.segmentation.tokenizer import Segmenter
from toolkit.translation.terms import Term, Termbase

pytest.importorskip("sentencepiece")


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter.train(ENGLISH, [], 400, SegmenterSettings(placeholders=4))


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("ab C.!?。\n\t %s<b>1"), max_size=80))
def test_passages_of_a_spaced_language_are_the_text(segmenter: Segmenter, text: str) -> None:
    found = Cutter(segmenter, None, True, 50).cut(text)
    missing = [one for one in "".join(one.text + one.gap for one in found) if not one.isspace()]
    assert missing == [one for one in text if not one.isspace()]


def test_each_passage_fits_the_model(segmenter: Segmenter) -> None:
    text = "the quick brown fox, who was late; " * 40
    for split in (True, False):
        found = Cutter(segmenter, None, True, 24).cut(text, split)
        assert "".join(one.text + one.gap for one in found) == text
        assert max(len(one.encoded.ids) for one in found if one.encoded) <= 24
    assert len(Cutter(segmenter, None, True, 24).cut("x" * 50_000)) > 1000


def test_without_splitting_sentences_stay_together(segmenter: Segmenter) -> None:
    text = " One is here. Two is there.\n"
    whole = Cutter(segmenter, None, True, 100).cut(text, split=False)
    assert [one.text for one in whole if one.text] == ["One is here. Two is there."]
    assert [one.text for one in Cutter(segmenter, None, True, 100).cut(text) if one.text] == [
        "One is here.",
        "Two is there.",
    ]


def test_gaps_are_those_of_the_target_language(segmenter: Segmenter) -> None:
    into_chinese = Cutter(segmenter, None, False, 100).cut("One is here. Two is there.\nThree.")
    assert [one.gap for one in into_chinese] == ["", "\n", ""]
    from_chinese = Cutter(segmenter, None, True, 100).cut("他来了。你呢？")
    assert [one.gap for one in from_chinese] == [" ", ""]
    assert has_spaces("de")
    assert not has_spaces("ja")


def test_nothing_but_placeholders_is_not_translated(segmenter: Segmenter) -> None:
    for text in ("%s", "<b></b>", "...", "{name} %d"):
        assert [one.encoded for one in Cutter(segmenter, None, True, 100).cut(text)] == [None]
    assert Cutter(segmenter, None, True, 100).cut("%s files")[0].encoded is not None


def test_what_became_of_placeholders_is_told(segmenter: Segmenter) -> None:
    (passage,) = Cutter(segmenter, None, True, 100).cut("Copy %s to <b>")
    assert passage.encoded is not None
    whole = Hypothesis(tuple(passage.encoded.ids[:-1]), -0.1, -1.0)
    assert translation_of(passage, [whole], segmenter, Options(), None).missing == ()
    lost = Hypothesis(tuple(segmenter.encode("Copy to")[:-1]), -0.1, -1.0)
    assert set(translation_of(passage, [lost], segmenter, Options(), None).missing) == {"%s", "<b>"}


def test_terms_are_told_with_whether_they_were_kept(segmenter: Segmenter) -> None:
    base = Termbase([Term("fox", ("Fuchs",)), Term("dog", ("Hund",))])
    passage = Passage("the fox and the dog", "", segmenter.encode_text("the fox and the dog"))
    one = Hypothesis(tuple(segmenter.encode("der Fuchs und das Tier")[:-1]), -0.1, -1.0)
    found = translation_of(passage, [one], segmenter, Options(), base)
    assert [(term.source, kept) for term, kept in found.terms] == [("fox", True), ("dog", False)]


def test_alternatives_of_a_text_are_those_of_its_sentences_by_rank() -> None:
    two = Translation("a. ", "A. ", -1.0, (Alternative("A. ", -1.0), Alternative("B. ", -2.0)))
    one = Translation("c", "C", -3.0, (Alternative("C", -3.0),))
    blank = Translation("\n", "\n")
    found = joined("a. \nc", [two, blank, one])
    assert found.text == "A. \nC"
    assert found.score == -2.0
    assert [(one.text, one.score) for one in found.alternatives] == [("A. \nC", -2.0), ("B. \nC", -2.5)]

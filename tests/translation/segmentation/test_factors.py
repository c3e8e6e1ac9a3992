"""Factors stand beside the subwords they belong to."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.translation.segmentation.corpus import segmenter
from toolkit.errors import MissingExtraError
from toolkit.translation.segmentation.factors import (
    CASES,
    FACTORS,
    TAGS,
    SpacyTagger,
    case_of,
    lowered,
    spans,
)

pytest.importorskip("sentencepiece", reason="the extra 'translation' is not installed")


class FakeTagger:
    """Every word in -s is a verb, every other one a noun, `dog` something that is no universal tag."""

    def tag(self, text: str) -> Sequence[tuple[int, int, str]]:
        found, place = [], 0
        for word in text.split(" "):
            if word:
                found.append(
                    (place, place + len(word), "VERB" if word.endswith("s") else "NOUN" if word != "dog" else "?")
                )
            place += len(word) + 1
        return found


def test_casing_belongs_to_the_whole_word() -> None:
    found = segmenter()
    encoded = found.encode_text("The NASA dog iPhone 7 你好 🙂", factors=True)
    pieces = found.pieces(encoded.ids)
    cases = [CASES[number] for number in encoded.factors["case"][:-1]]
    by_word: dict[str, set[str]] = {}
    word = ""
    for piece, case in zip(pieces, cases, strict=True):
        word = piece if piece.startswith("▁") else word + piece
        by_word.setdefault(case, set()).add(piece)
    assert case_of("The") == 2
    starts = [place for place, piece in enumerate(pieces) if piece.startswith("▁")]
    words = [set(cases[start:end]) - {""} for start, end in zip(starts, [*starts[1:], len(cases)], strict=True)]
    assert words == [{"Title"}, {"UPPER"}, {"lower"}, {"miXed"}, set(), set(), set()]


def test_factors_are_aligned_with_the_ids_also_with_a_language_token() -> None:
    found = segmenter(languages=("zh",))
    encoded = found.encode_text("The dog reads", language="zh", factors=True, tagger=FakeTagger())
    assert {len(values) for values in encoded.factors.values()} == {len(encoded.ids)}
    assert encoded.factors["case"][0] == encoded.factors["case"][-1] == 0
    assert encoded.factors["pos"][0] == 0


def test_parts_of_speech_come_from_the_tagger() -> None:
    found = segmenter()
    encoded = found.encode_text("Friend dog reads", factors=True, tagger=FakeTagger())
    tags = [TAGS[number] for number in encoded.factors["pos"]]
    ordered = [tag for place, tag in enumerate(tags) if tag and (place == 0 or tags[place - 1] != tag)]
    assert ordered == ["NOUN", "X", "VERB"]  # what is no universal tag counts as X


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=40), seed=st.none() | st.integers(0, 1000))
def test_factors_are_aligned_for_every_text(text: str, seed: int | None) -> None:
    for found in (segmenter(), segmenter(lower_source=True)):
        encoded = found.encode_text(text, factors=True, tagger=FakeTagger(), seed=seed)
        for name, values in encoded.factors.items():
            assert len(values) == len(encoded.ids)
            assert all(0 <= value < len(FACTORS[name]) for value in values)


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=40))
def test_spans_cover_the_text_from_left_to_right(text: str) -> None:
    found = segmenter(normalisation="none", protect=())
    places = spans(found.pieces(found.encode(text)))
    covered = set()
    for start, end in places:
        covered.update(range(start, end))
    clean = found.normalised(text)
    assert covered >= {place for place, character in enumerate(clean) if character != " "}
    assert all(end <= len(clean) for _, end in places)
    assert places == sorted(places)


def test_a_lower_cased_source_keeps_its_casing_in_the_factor_and_the_target_keeps_its_own() -> None:
    found = segmenter(lower_source=True)
    upper, lower = (found.encode_text(text, factors=True) for text in ("THE DOG", "the dog"))
    assert upper.ids == lower.ids
    assert upper.factors["case"] != lower.factors["case"]
    assert found.encode("Dog", "target") != found.encode("dog", "target")
    assert found.decode(found.encode("THE Dog", "target")) == "THE Dog"


@given(text=st.text())
def test_lower_case_has_the_same_length(text: str) -> None:
    assert len(lowered(text)) == len(text)


@pytest.mark.parametrize(
    ("word", "case"),
    [
        ("", ""),
        ("42", ""),
        ("你好", ""),
        ("a", "lower"),
        ("A", "Title"),
        ("ẞ", "Title"),
        ("McX", "miXed"),
        ("ΑΒ", "UPPER"),
    ],
)
def test_case_of(word: str, case: str) -> None:
    assert CASES[case_of(word)] == case


def test_a_tagger_that_is_not_installed_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(MissingExtraError) as caught:
        SpacyTagger("en_core_web_sm")
    assert "pip install spacy && python -m spacy download en_core_web_sm" in str(caught.value)

"""Factors written into sources as symbols: a network of any shape can use them, and texts come back whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import toolkit
from tests.translation.segmentation.corpus import ENGLISH, GERMAN
from toolkit.errors import ConfigError
from toolkit.translation.segmentation.factors import annotated, annotation_symbols
from toolkit.translation.segmentation.settings import SegmenterSettings
from toolkit.translation.segmentation.tokenizer import Segmenter

pytest.importorskip("sentencepiece")

CASE = SegmenterSettings(placeholders=4, lower_source=True, annotations=("case",))


class Nouns:
    """Calls every capitalised word a noun."""

    def tag(self, text: str) -> list[tuple[int, int, str]]:
        place, found = 0, []
        for word in text.split(" "):
            if word[:1].isupper():
                found.append((place, place + len(word), "NOUN"))
            place += len(word) + 1
        return found


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter.train(ENGLISH, GERMAN, 600, CASE)


def test_words_that_differ_in_case_share_their_subwords(segmenter: Segmenter) -> None:
    plain, title, upper = (segmenter.encode(text) for text in ("the house", "The House", "THE HOUSE"))
    marks = set(map(segmenter.vocabulary.get, annotation_symbols(["case"])))
    assert [one for one in title if one not in marks] == plain
    assert [one for one in upper if one not in marks] == plain
    assert len(title) == len(upper) == len(plain) + 2
    assert title != upper


def test_targets_and_decoding_know_no_annotations(segmenter: Segmenter) -> None:
    text = "Der Hund schläft"
    ids = segmenter.encode(text, "target")
    assert segmenter.decode(ids) == text
    assert not set(segmenter.pieces(ids)) & set(annotation_symbols(["case"]))
    assert segmenter.decode(segmenter.encode("The House")) == "the house"


def test_symbols_stand_before_whole_words() -> None:
    pieces = ["▁open", "▁na", "to", "▁fi", "le"]
    assert annotated(pieces, "open NATO File", ["case"]) == [
        "▁open", "<case:UPPER>", "▁na", "to", "<case:Title>", "▁fi", "le",
    ]  # fmt: skip
    both = annotated(pieces, "open NATO File", ["case", "pos"], Nouns())
    assert both[1:3] == ["<case:UPPER>", "<pos:NOUN>"]
    assert both.count("<pos:NOUN>") == 2


def test_placeholders_keep_their_numbers(segmenter: Segmenter) -> None:
    encoded = segmenter.encode_text("Open %s in The House")
    assert encoded.originals == ("%s",)
    assert "%s" in segmenter.decode(encoded.ids, encoded.originals)


def test_factors_stay_aligned_with_annotated_ids(segmenter: Segmenter) -> None:
    encoded = segmenter.encode_text("The House", factors=True)
    assert len(encoded.factors["case"]) == len(encoded.ids)


def test_a_stored_segmenter_writes_the_same_annotations(segmenter: Segmenter, tmp_path: Path) -> None:
    segmenter.save(tmp_path)
    again = Segmenter.load(tmp_path, segmenter.fingerprint())
    assert again.encode("The House of NATO") == segmenter.encode("The House of NATO")


def test_documents_of_models_without_annotations_stay_as_they_were() -> None:
    assert not {"annotations", "tagger"} & set(SegmenterSettings().to_document())
    assert SegmenterSettings.from_document(CASE.to_document()) == CASE


def test_settings_that_do_not_fit() -> None:
    with pytest.raises(ConfigError, match="unknown factor 'colour'"):
        SegmenterSettings(annotations=("colour",))
    with pytest.raises(ConfigError, match="tagger: is missing"):
        SegmenterSettings(annotations=("pos",))


def test_a_model_is_trained_with_annotations_and_translates(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    from tests.translation.toy import recipe

    changes: dict[str, Any] = {"data__annotations": ["case"]}
    toolkit.train(recipe(tmp_path / "data", 8, **changes), tmp_path / "run", quiet=True)
    model = toolkit.load(tmp_path / "run")
    assert model.segmenter.settings.annotations == ("case",)
    assert model.segmenter.settings.lower_source
    assert isinstance(model.translate("BA de Fi", beam=1).text, str)

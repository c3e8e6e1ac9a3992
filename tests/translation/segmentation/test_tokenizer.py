"""Text to ids and back, for both languages."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.translation.segmentation.corpus import CHINESE, ENGLISH, GERMAN, segmenter
from toolkit.errors import ConfigError, DataError, ToolkitError
from toolkit.translation.segmentation.normalisation import normalise
from toolkit.translation.segmentation.settings import SegmenterSettings, Side
from toolkit.translation.segmentation.subwords import Kind
from toolkit.translation.segmentation.tokenizer import Segmenter

pytest.importorskip("sentencepiece", reason="the extra 'translation' is not installed")

PARTS = st.sampled_from(
    ["The dog", "狗", " ", "  ", "\t", "🙂", "👩\u200d🚀", "%s", "{n}", "<b>", "⟨1⟩", "⟨9⟩", ">>zh<<", "</s>", "▁"]
)
TEXTS = st.lists(PARTS, max_size=8).map("".join) | st.text(max_size=40)
BOTH = pytest.mark.parametrize(
    ("kind", "joint"), [("unigram", True), ("bpe", True), ("unigram", False), ("bpe", False)]
)


@BOTH
@settings(max_examples=60, deadline=None)
@given(text=TEXTS, level=st.sampled_from(["light", "nfkc", "none"]))
def test_encoding_and_decoding_gives_the_normalised_text(kind: Kind, joint: bool, text: str, level: str) -> None:
    found = segmenter(kind, joint, normalisation=level)
    sides: tuple[Side, Side] = ("source", "target")
    for side in sides:
        encoded = found.encode_text(text, side)
        assert encoded.ids[-1] == found.eos_id
        assert found.decode(encoded.ids, encoded.originals) == found.normalised(text)


def test_what_normalisation_means_for_spaces() -> None:
    text = " two  spaces\tand a tab "
    for level, expected in (("light", "two spaces and a tab"), ("none", text)):
        found = segmenter(normalisation=level)
        assert found.decode(found.encode(text)) == expected


def test_placeholders_keep_their_own_spaces_and_forms() -> None:
    found = segmenter()
    encoded = found.encode_text('See <a  href="ｘ">\tthe dog</a>')
    assert found.decode(encoded.ids, encoded.originals) == 'See <a  href="ｘ"> the dog</a>'


def test_every_placeholder_is_one_piece_and_the_same_on_both_sides() -> None:
    for joint in (True, False):
        found = segmenter(joint=joint)
        ours, theirs = found.encode_pair("The dog %s reads {name}", "狗{name}读%s。")
        number = {symbol: found.vocabulary[symbol] for symbol in ("⟨1⟩", "⟨2⟩")}
        assert [one for one in ours.ids if one in number.values()] == [number["⟨1⟩"], number["⟨2⟩"]]
        assert [one for one in theirs.ids if one in number.values()] == [number["⟨2⟩"], number["⟨1⟩"]]
        assert found.decode(theirs.ids, ours.originals) == "狗{name}读%s。"


def test_decoding_reports_placeholders_that_the_model_lost() -> None:
    found = segmenter()
    encoded = found.encode_text("%s reads {name}")
    answer = [found.vocabulary["⟨1⟩"], found.vocabulary["⟨1⟩"], found.vocabulary["⟨3⟩"], found.eos_id]
    restored = found.decode_text(answer, encoded.originals)
    assert (restored.missing, restored.repeated, restored.invented) == (("{name}",), ("%s",), (3,))


def test_chinese_is_cut_into_words_it_was_trained_on_and_comes_back_without_spaces() -> None:
    found = segmenter()
    for text in CHINESE[:20]:
        ids = found.encode(text, "target")
        assert len(ids) < len(text)
        assert found.decode(ids) == text


def test_characters_outside_the_vocabulary_become_bytes_never_unknown() -> None:
    found = segmenter()
    ids = found.encode("żółw 🐢 龘")
    assert found.unk_id not in ids
    assert found.decode(ids) == "żółw 🐢 龘"


def test_without_byte_fallback_they_are_unknown_and_decoding_shows_it() -> None:
    found = Segmenter.train(ENGLISH, GERMAN, 150, SegmenterSettings(byte_fallback=False, placeholders=0))
    ids = found.encode("dog 🐢")
    assert found.unk_id in ids
    assert "\u2047" in found.decode(ids)
    assert found.unk_id in found.encode_sampled("dog 🐢", 1)


def test_broken_bytes_from_a_model_become_replacement_characters() -> None:
    found = segmenter()
    assert (
        found.decode([found.vocabulary["<0xE4>"], found.vocabulary["<0xBD>"], found.vocabulary["⟨1⟩"]], ["%s"])
        == "\ufffd%s"
    )


def test_ids_are_marians() -> None:
    found = segmenter(languages=("zh", "de"))
    pieces = list(found.vocabulary)
    assert list(found.vocabulary.values()) == list(range(len(found)))
    assert (pieces[0], pieces[1]) == ("</s>", "<unk>")
    assert pieces[-3:] == [">>zh<<", ">>de<<", "<pad>"]
    assert found.pad_id == len(found) - 1


def test_the_language_token_comes_first_and_decoding_passes_over_it() -> None:
    found = segmenter(languages=("zh", "de"))
    ids = found.encode("The dog", language="de")
    assert ids[0] == found.language_id("de")
    assert ids[1:] == found.encode("The dog")
    assert found.decode(ids) == "The dog"
    with pytest.raises(ConfigError, match="did you mean 'de'"):
        found.encode("The dog", language="dee")
    with pytest.raises(ConfigError, match="no language tokens"):
        segmenter().encode("The dog", language="de")


def test_decoding_stops_at_the_end_and_passes_over_padding() -> None:
    found = segmenter()
    ids = found.encode("The dog")
    assert found.decode([found.pad_id, *ids, *found.encode("reads"), found.pad_id]) == "The dog"


@pytest.mark.parametrize("number", [-1, 10**6])
def test_an_id_of_another_vocabulary_is_an_error(number: int) -> None:
    with pytest.raises(ToolkitError, match=f"id {number} is none of the"):
        segmenter().decode([number])


def test_separate_vocabularies_share_ids_of_equal_pieces() -> None:
    found = segmenter(joint=False)
    assert not found.joint
    assert len(found) < 2 * 380
    assert found.encode("a", "source")[-1] == found.encode("a", "target")[-1] == 0
    assert found.encode("狗", "source") != found.encode("狗", "target")  # bytes in English, a piece in Chinese


def test_both_sides_of_a_sampled_pair_are_functions_of_the_seed() -> None:
    found = segmenter()
    first = [found.encode_pair(ENGLISH[3], CHINESE[3], seed=seed, alpha=0.0) for seed in range(8)]
    assert first == [found.encode_pair(ENGLISH[3], CHINESE[3], seed=seed, alpha=0.0) for seed in range(8)]
    assert len({tuple(ours.ids) for ours, _ in first}) > 2
    assert len({tuple(theirs.ids) for _, theirs in first}) > 1


def test_it_can_be_sent_to_another_process() -> None:
    for joint in (True, False):
        found = segmenter(joint=joint)
        again = pickle.loads(pickle.dumps(found))
        assert again.fingerprint() == found.fingerprint()
        assert again.encode(ENGLISH[0]) == found.encode(ENGLISH[0])


def test_a_vocabulary_without_the_symbols_is_an_error() -> None:
    model = segmenter().models["source"]
    with pytest.raises(ConfigError, match=r"lacks ⟨5⟩ ⟨6⟩"):
        Segmenter(model, settings=SegmenterSettings(placeholders=6))


def test_no_text_is_an_error() -> None:
    with pytest.raises(DataError, match="empty"):
        Segmenter.train([], [])


def test_placeholders_of_the_training_texts_stay_out_of_the_vocabulary() -> None:
    texts = [f"open https://example.org/{number} %s now" for number in range(50)]
    found = Segmenter.train(texts, texts, 300, SegmenterSettings(placeholders=3))
    assert not any("http" in piece or "exam" in piece for piece in found.vocabulary)


def test_normalisation_happens_before_learning() -> None:
    found = Segmenter.train(["ｄｏｇ ｄｏｇ"] * 9, ["狗"] * 9, 400, SegmenterSettings(placeholders=1))
    assert not any("ｄ" in piece for piece in found.vocabulary)
    assert normalise("ｄｏｇ") == found.decode(found.encode("ｄｏｇ"))

"""Training a vocabulary: the same every time, the size that was asked for, or a clear error."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from tests.translation.segmentation.corpus import CHINESE, ENGLISH
from toolkit.errors import ConfigError, DataError
from toolkit.translation.segmentation.subwords import Kind, train_subwords

sentencepiece = pytest.importorskip("sentencepiece", reason="the extra 'translation' is not installed")
KINDS = pytest.mark.parametrize("kind", ["unigram", "bpe"])


def loaded(model: bytes) -> Any:
    return sentencepiece.SentencePieceProcessor(model_proto=model)


@KINDS
def test_a_vocabulary_has_the_size_and_marians_first_ids(kind: Kind) -> None:
    model = loaded(train_subwords(ENGLISH, 290, kind, symbols=["⟨1⟩", "⟨2⟩"]))
    assert model.vocab_size() == 290
    assert [model.id_to_piece(number) for number in range(5)] == ["</s>", "<unk>", "⟨1⟩", "⟨2⟩", "<0x00>"]
    assert model.encode("The ⟨2⟩dog", out_type=str)[-3:] != ["⟨2⟩dog"]
    assert "⟨2⟩" in model.encode("The⟨2⟩dog", out_type=str)


@KINDS
def test_the_same_texts_give_the_same_bytes_in_another_process(kind: Kind) -> None:
    code = (
        "import hashlib; from tests.translation.segmentation.corpus import ENGLISH\n"
        "from toolkit.translation.segmentation.subwords import train_subwords\n"
        f"print(hashlib.sha256(train_subwords(ENGLISH, 290, {kind!r})).hexdigest())"
    )
    ran = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(2)]
    import hashlib

    here = hashlib.sha256(train_subwords(ENGLISH, 290, kind)).hexdigest()
    assert [one.stdout.strip() for one in ran] == [here, here]


@KINDS
def test_too_large_a_vocabulary_names_the_largest_possible_one(kind: Kind) -> None:
    with pytest.raises(ConfigError, match=r"size: is 50000, but 144 lines .* at most (\d+) pieces") as caught:
        train_subwords(ENGLISH, 50_000, kind)
    largest = int(str(caught.value).split("at most ")[1].split()[0])
    assert loaded(train_subwords(ENGLISH, largest, kind)).vocab_size() == largest


@KINDS
def test_clamping_takes_the_largest_and_says_so(kind: Kind) -> None:
    notes: list[str] = []
    model = loaded(train_subwords(ENGLISH, 50_000, kind, clamp=True, on_note=notes.append))
    assert len(notes) == 1
    assert f"{model.vocab_size()} pieces instead of 50000" in notes[0]


@KINDS
def test_too_small_a_vocabulary_names_the_smallest_possible_one(kind: Kind) -> None:
    with pytest.raises(ConfigError, match=r"too small for the (\d+) characters") as caught:
        train_subwords(CHINESE, 270, kind)
    smallest = int(str(caught.value).split("too small for the ")[1].split()[0])
    assert loaded(train_subwords(CHINESE, smallest, kind)).vocab_size() == smallest


@pytest.mark.parametrize("texts", [[], [""], ["  ", ""]])
def test_empty_texts_are_an_error(texts: list[str]) -> None:
    with pytest.raises(DataError, match="empty"):
        train_subwords(texts, 300)


def test_a_repetitive_corpus_still_gets_a_vocabulary() -> None:
    model = loaded(train_subwords(["a"], 8000, clamp=True))
    assert model.decode(model.encode("a")) == "a"


def test_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(ConfigError, match="choices: unigram, bpe"):
        train_subwords(ENGLISH, 290, "words")  # type: ignore[arg-type]


def test_a_line_of_50000_characters_is_learned_from_whole() -> None:
    model = loaded(
        train_subwords(["b " * 20 + "a" * 50_000 + " xyzzy" * 2000], 265, clamp=True, byte_fallback=False, coverage=1.0)
    )
    assert all(model.is_unknown(number) is False for number in model.encode("xyz b"))


def test_every_digit_can_be_a_piece() -> None:
    texts = [f"in {year}" for year in (2020, 2021, 2022, 2020, 2020) for _ in range(9)]
    assert loaded(train_subwords(texts, 400, clamp=True, split_digits=True)).encode("2020", out_type=str)[-4:] == [
        *"2020"
    ]


def test_without_byte_fallback_there_are_no_bytes() -> None:
    model = loaded(train_subwords(ENGLISH, 40, byte_fallback=False))
    assert not any(model.is_byte(number) for number in range(model.vocab_size()))


def test_of_many_lines_some_are_taken_at_equal_distances() -> None:
    many = [*ENGLISH * 3]
    assert train_subwords(many, 285, most=144) == train_subwords([many[3 * place] for place in range(144)], 285)

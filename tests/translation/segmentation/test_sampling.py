"""Random segmentations: exact probabilities, and a function of the seed."""

from __future__ import annotations

import math
import random
from collections import Counter
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.translation.segmentation.corpus import ENGLISH, segmenter
from toolkit.errors import ConfigError
from toolkit.translation.segmentation.sampling import Sampler
from toolkit.translation.segmentation.subwords import Kind, train_subwords

sentencepiece = pytest.importorskip("sentencepiece", reason="the extra 'translation' is not installed")
WORDS = [
    f"{one}{other}" for one in ("hou", "re", "bo", "ru", "ho", "mou") for other in ("se", "ses", "sing", "ok", "r")
]
KINDS = pytest.mark.parametrize("kind", ["unigram", "bpe"])


def trained(kind: Kind) -> tuple[Any, Sampler]:
    model = sentencepiece.SentencePieceProcessor(
        model_proto=train_subwords([*ENGLISH, *WORDS], 380, kind, symbols=["⟨1⟩"], clamp=True)
    )
    return model, Sampler(model, kind, ["⟨1⟩"])


def segmentations(word: str) -> list[tuple[str, ...]]:
    found = []
    for cuts in product((False, True), repeat=len(word) - 1):
        pieces = [""]
        for character, cut in zip(word, (*cuts, False), strict=True):
            pieces[-1] += character
            if cut:
                pieces.append("")
        found.append(tuple(pieces))
    return found


def test_unigram_segmentations_have_the_probabilities_of_the_formula() -> None:
    model, sampler = trained("unigram")
    alpha, draws = 0.4, 4000
    scores = {model.id_to_piece(number): model.get_score(number) for number in range(model.vocab_size())}
    weights = {
        pieces: math.exp(alpha * sum(scores[piece] for piece in pieces))
        for pieces in segmentations("▁house")
        if all(piece in scores for piece in pieces)
    }
    total = sum(weights.values())
    generator = random.Random(1)
    counts = Counter(tuple(sampler.sample("house", generator, alpha)) for _ in range(draws))
    assert set(counts) <= set(weights)
    assert len(weights) > 4
    for pieces, weight in weights.items():
        share = weight / total
        assert counts[pieces] / draws == pytest.approx(share, abs=5 * math.sqrt(share * (1 - share) / draws) + 1e-3)


@pytest.mark.parametrize("text", ["The dog reads ⟨1⟩ books", "Unseen wordş 你", ENGLISH[7]])
def test_without_randomness_they_are_those_of_sentencepiece(text: str) -> None:
    model, sampler = trained("bpe")
    assert sampler.sample(text, random.Random(0), 0.0) == model.encode(text, out_type=str)
    model, sampler = trained("unigram")
    assert sampler.sample(text, random.Random(0), 200.0) == model.encode(text, out_type=str)


def test_bpe_with_every_merge_left_out_gives_characters() -> None:
    _, sampler = trained("bpe")
    assert sampler.sample("dog", random.Random(0), 1.0) == ["▁", "d", "o", "g"]


def test_bpe_leaves_out_the_share_of_merges_that_is_asked_for() -> None:
    model, sampler = trained("bpe")
    pair = next(word for word in ("▁d", "▁a", "▁r", "▁b") if model.piece_to_id(word) != model.unk_id())
    text = pair[1]
    generator = random.Random(0)
    apart = sum(len(sampler.sample(text, generator, 0.25)) == 2 for _ in range(4000))
    assert apart / 4000 == pytest.approx(0.25, abs=0.035)


@KINDS
@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=30), seed=st.integers(0, 2**64))
def test_a_random_segmentation_spells_the_same_text(kind: Kind, text: str, seed: int) -> None:
    found = segmenter(kind)
    encoded = found.encode_text(text, seed=seed)
    assert found.decode(encoded.ids, encoded.originals) == found.normalised(text)


@KINDS
def test_the_seed_decides_and_nothing_else(kind: Kind) -> None:
    found = segmenter(kind)
    text = ENGLISH[5]
    first = [found.encode_sampled(text, seed) for seed in range(20)]
    random.seed(3)
    sentencepiece.set_random_generator_seed(11)
    assert [found.encode_sampled(text, seed) for seed in range(20)] == first
    assert len(set(map(tuple, first))) > 3
    assert found.encode(text) == found.encode(text)


@pytest.mark.parametrize(("kind", "alpha"), [("unigram", -0.1), ("unigram", math.nan), ("bpe", 1.5), ("bpe", -1.0)])
def test_an_impossible_alpha_is_an_error(kind: Kind, alpha: float) -> None:
    with pytest.raises(ConfigError, match="alpha"):
        segmenter(kind).encode_sampled("dog", 0, alpha=alpha)


def test_a_very_long_word_can_be_sampled() -> None:
    found = segmenter()
    text = "狗" * 5000
    assert found.decode(found.encode_sampled(text, 1)) == text

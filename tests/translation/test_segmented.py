"""Sentence pairs as numbers: items, splits that keep a sentence together, batches with hardly any padding."""

from __future__ import annotations

import numpy as np
import pytest

from tests.translation.toy import sentences
from toolkit.data.buckets import BucketLoader
from toolkit.data.source import Subset
from toolkit.data.splits import split
from toolkit.errors import DataError
from toolkit.translation.corpora.pair import Pair
from toolkit.translation.segmentation.settings import SegmenterSettings
from toolkit.translation.segmentation.tokenizer import Segmenter
from toolkit.translation.segmented import SegmentedPairs, pairs_behind, places_of

pytest.importorskip("sentencepiece")


def segmenter(languages: tuple[str, ...] = ()) -> Segmenter:
    texts = sentences(300)
    settings = SegmenterSettings(placeholders=0, languages=languages)
    return Segmenter.train((one for one, _ in texts), (other for _, other in texts), 340, settings)


def pairs_of(texts: list[tuple[str, str]]) -> list[Pair]:
    return [Pair(one, other, f"toy:{number}") for number, (one, other) in enumerate(texts, 1)]


def made(texts: list[tuple[str, str]], longest: int = 256, languages: tuple[str, ...] = ()) -> SegmentedPairs:
    return SegmentedPairs(pairs_of(texts), [None] * len(texts), segmenter(languages), ("en", "nl"), longest)


def test_an_item_decodes_to_its_texts() -> None:
    source = made(sentences(20))
    for place in range(20):
        item, pair = source[place], source.pair(place)
        assert source.segmenter.decode(item["source"]) == pair.source
        assert source.segmenter.decode(item["target"]) == pair.target
        assert item["source"][-1] == item["target"][-1] == source.segmenter.eos_id
        assert item["place"].tolist() == [place]
        assert source.lengths[place].tolist() == [len(item["source"]), len(item["target"])]


def test_a_long_pair_is_left_out_and_named() -> None:
    source = made([("ba de", "nul een"), (" ".join(["ba"] * 50), "nul"), ("go", "drie")], longest=20)
    assert len(source) == 2
    assert [problem.path for problem in source.problems] == ["toy:2"]
    assert "51 subwords, more than longest=20" in source.problems[0].reason
    assert source.pair(1).source == "go"
    assert source.segmenter.decode(source[1]["target"]) == "drie"


def test_nothing_left_is_an_error() -> None:
    with pytest.raises(DataError, match="no sentence pairs"):
        made([("ba " * 50, "nul")], longest=5)


def test_a_sentence_with_several_translations_stays_in_one_split() -> None:
    texts = [(f"{one}{end}", f"{other} {number}") for number, end in enumerate(".!?") for one, other in sentences(60)]
    source = made(texts)
    parts = split(source, {"train": 0.6, "validation": 0.2, "test": 0.2}, seed=0)
    found = {name: {source.group(int(place)) for place in places} for name, places in parts.items()}
    assert all(found.values())
    assert not found["train"] & found["validation"]
    assert not found["train"] & found["test"]


def test_keys_tell_repeated_pairs_apart_and_do_not_depend_on_their_order() -> None:
    texts = [("ba", "nul"), ("de", "een"), ("ba", "nul")]
    forwards, backwards = made(texts), made(texts[::-1])
    assert len({forwards.key(place) for place in range(3)}) == 3
    assert forwards.key(1) == backwards.key(1)
    assert forwards.key(0) == backwards.key(0)


def test_the_token_of_the_target_language_stands_first() -> None:
    plain, marked = made([("ba de", "nul een")]), made([("ba de", "nul een")], languages=("nl", "de"))
    token = marked.segmenter.language_id("nl")
    assert marked[0]["source"][0] == token == marked.encode_source("ba de").ids[0]
    assert len(marked[0]["source"]) == len(plain[0]["source"]) + 1
    assert token not in marked[0]["target"]


def test_parts_of_parts_are_traced_back() -> None:
    source = made(sentences(30))
    part = Subset(Subset(source, np.arange(10, 30)), np.array([0, 5]))
    assert pairs_behind(part) is source
    assert places_of(part) == [10, 15]


def test_batches_of_captions_hold_hardly_any_padding() -> None:
    """Lengths as those of Multi30k: a mean of 13 words, a tail of long ones, targets close to their sources."""
    generator = np.random.default_rng(0)
    lengths = np.clip(generator.gamma(7, 2, 12_000), 4, 45).round().astype(int)
    words = np.array(["ba", "de", "fi", "go", "hu", "ka"])
    texts = []
    for length in lengths:
        other = max(2, int(length + generator.normal(0, 1.5)))
        texts.append((" ".join(generator.choice(words, length)), " ".join(generator.choice(words, other))))
    loader = BucketLoader(made(texts), 4096, seed=0)
    assert loader.padding_share() < 0.06
    batch = loader.batch(3)
    share = 1 - float((batch["target"] != -100).float().mean())
    assert share < 0.1
    assert batch["target"].numel() <= 4096

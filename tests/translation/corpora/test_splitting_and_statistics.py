"""Dividing by sentence, and figures that can be checked by hand."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import ConfigError
from toolkit.translation.corpora.pair import Pair
from toolkit.translation.corpora.reading import read_pairs
from toolkit.translation.corpora.splitting import sentence_key, split_pairs
from toolkit.translation.corpora.statistics import describe

pytest.importorskip("babel")

DATA = Path(os.environ.get("TOOLKIT_DATA", ""))
SENTENCES = st.lists(st.text(alphabet="ab A.!", max_size=4), max_size=60)


def pairs_of(sentences: list[str]) -> list[Pair]:
    return [Pair(sentence, f"t{number}", f"f:{number}") for number, sentence in enumerate(sentences)]


@given(SENTENCES, st.integers(0, 5))
def test_no_sentence_is_in_two_parts_and_none_is_lost(sentences: list[str], seed: int) -> None:
    pairs = pairs_of(sentences)
    parts = split_pairs(pairs, {"train": 0.5, "validation": 0.25, "test": 0.25}, seed)
    assert sorted(pair.origin for part in parts.values() for pair in part) == sorted(pair.origin for pair in pairs)
    keys = [{sentence_key(pair.source) for pair in part} for part in parts.values()]
    assert sum(map(len, keys)) == len(set().union(*keys))


@given(SENTENCES, SENTENCES)
def test_more_pairs_never_move_the_others(sentences: list[str], more: list[str]) -> None:
    before = split_pairs(pairs_of(sentences))
    after = split_pairs(pairs_of(sentences + more))
    for name, part in before.items():
        assert set(part) <= set(after[name])


def test_shares_and_seeds() -> None:
    pairs = pairs_of([f"sentence {number}" for number in range(4000)])
    parts = split_pairs(pairs)
    assert abs(len(parts["train"]) - 3600) < 100
    assert split_pairs(pairs, seed=1)["test"] != parts["test"]
    with pytest.raises(ConfigError, match="add up"):
        split_pairs(pairs, {"train": 0.5})


def test_figures() -> None:
    pairs = [
        Pair("A dog, a cat.", "Ein Hund.", "f:1"),
        Pair("A dog, a cat.", "Ein Hund.", "f:2"),
        Pair("Go!", "你好 you", "f:3"),
    ]
    found = describe(pairs)
    assert (found.pairs, found.duplicated) == (3, pytest.approx(1 / 3))
    assert (found.source.distinct, found.source.words, found.source.characters) == (2, 9, 29)
    assert (found.source.vocabulary, found.source.type_token_ratio) == (5, pytest.approx(5 / 9))
    assert found.source.once == pytest.approx(1 / 5)
    assert found.source.words_per_sentence[50] == 4
    assert found.target.words_per_sentence[100] == 3
    assert found.target.scripts == {"Latn": pytest.approx(17 / 19), "Hani": pytest.approx(2 / 19)}
    assert json.loads(json.dumps(found.to_json()))["source"]["vocabulary"] == 5
    assert "3 pairs, 33.3 % of them repeated" in found.to_text()


def test_nothing_to_describe() -> None:
    assert describe([]).to_text().startswith("0 pairs")


@pytest.mark.skipif(not (DATA / "tatoeba").is_dir(), reason="no tatoeba folder in $TOOLKIT_DATA")
def test_real_sentences() -> None:
    pairs = list(read_pairs(DATA / "tatoeba" / "eng-cmn.tsv"))
    found = describe(pairs)
    assert found.pairs == 27_885
    assert next(iter(found.target.scripts)) == "Hani"
    parts = split_pairs(pairs)
    assert {sentence_key(pair.source) for pair in parts["train"]}.isdisjoint(
        sentence_key(pair.source) for pair in parts["test"]
    )
    assert 0.04 < len(parts["test"]) / len(pairs) < 0.06

"""Systems compared: chance is told from difference, and variety is counted."""

from __future__ import annotations

import random

import pytest

from toolkit.errors import DataError
from toolkit.translation.comparison import compare_systems, distinct

pytest.importorskip("sacrebleu")

WORDS = ["een", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen", "tien"]


def sentences(count: int = 120) -> list[str]:
    drawn = random.Random(0)
    return [" ".join(drawn.choices(WORDS, k=8)) for _ in range(count)]


def spoiled(texts: list[str], share: float, seed: int) -> list[str]:
    drawn = random.Random(seed)
    return [" ".join("nul" if drawn.random() < share else word for word in text.split()) for text in texts]


def test_a_real_difference_is_significant_and_another_draw_of_the_same_is_not():
    references = sentences()
    systems = {
        "before": spoiled(references, 0.3, 1),
        "same": spoiled(references, 0.3, 2),
        "better": spoiled(references, 0.1, 3),
        "worse": spoiled(references, 0.6, 4),
    }
    found, signatures = compare_systems(systems, "before", references, "nl", resampled=300)
    assert {name: one.verdict for name, one in found.items()} == {
        "before": "baseline",
        "same": "no different",
        "better": "better",
        "worse": "worse",
    }
    assert found["better"].p_values["bleu"] < 0.01 < 0.05 < found["same"].p_values["bleu"]
    assert found["better"].p_values["exact_match"] < 0.05
    assert found["before"].p_values == {}
    assert "tok:13a" in signatures["bleu"]
    assert "bs:300" in signatures["bleu"]
    assert found["better"].values["bleu"] > found["before"].values["bleu"] > found["worse"].values["bleu"]


def test_the_same_translations_are_called_the_same_and_nothing_else():
    references = sentences()
    written = spoiled(references, 0.3, 1)
    found, _ = compare_systems({"before": written, "again": list(written)}, "before", references, "nl", resampled=100)
    assert found["again"].verdict == "the same"
    assert set(found["again"].p_values.values()) == {1.0}


def test_distinct_counts_different_n_grams():
    assert distinct(["a b a b", "a b"], 1) == pytest.approx(2 / 6)
    assert distinct(["a b a b", "a b"], 2) == pytest.approx(2 / 4)
    assert distinct(["a"], 2) == 0.0


def test_a_system_that_left_sentences_out_is_refused():
    with pytest.raises(DataError, match=r"'other' has 1 translations of 2"):
        compare_systems({"one": ["a", "b"], "other": ["a"]}, "one", ["a", "b"], "nl")

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from tests.metrics.sets import bank_of, labelled, normal
from toolkit.errors import ConfigError, DataError
from toolkit.metrics.classification import (
    Accuracy,
    Score,
    accuracy,
    accuracy_by_class,
    classifier_score,
    wilson_interval,
)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_interval_equals_scipy_and_holds_the_share(case: tuple[int, int]) -> None:
    successes, trials = case
    low, high = wilson_interval(successes, trials)
    expected = binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert 0 <= low <= successes / trials <= high <= 1


def test_accuracy_counts_the_most_probable_class() -> None:
    probabilities = torch.tensor([[0.6, 0.4], [0.3, 0.7], [0.9, 0.1], [0.2, 0.8]])
    share = accuracy(probabilities, torch.tensor([0, 1, 1, 1]))
    assert share.value == 0.75
    assert (share.low, share.high) == wilson_interval(3, 4)


def test_accuracy_of_each_class_under_its_name() -> None:
    probabilities = torch.eye(3)[[0, 1, 1, 0]]
    shares = accuracy_by_class(probabilities, torch.tensor([0, 0, 1, 2]), ("cat", "dog"))
    assert {name: share.value for name, share in shares.items()} == {"cat": 0.5, "dog": 1.0, "2": 0.0}


def test_labels_beyond_the_classifier_are_refused() -> None:
    with pytest.raises(DataError, match="labels reach from 0 to 3, the classifier has classes 0 to 2"):
        accuracy(torch.eye(3)[[0, 1]], torch.tensor([0, 3]))
    with pytest.raises(DataError, match="at least one sample"):
        accuracy(torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64))


def test_score_is_the_number_of_classes_for_sure_and_even_answers() -> None:
    assert classifier_score(torch.eye(7).repeat(3, 1)) == pytest.approx(7.0)


def test_score_is_one_for_unsure_and_for_equal_answers() -> None:
    assert classifier_score(torch.full((9, 4), 0.25)) == pytest.approx(1.0)
    assert classifier_score(torch.eye(4)[[2, 2, 2]]) == pytest.approx(1.0)


def test_score_of_two_unequal_groups() -> None:
    """Three quarters surely of one class, one quarter of another: exp of the entropy of (3/4, 1/4)."""
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert classifier_score(torch.eye(2)[[0, 0, 0, 1]]) == pytest.approx(math.exp(entropy))


def test_splits_are_random_so_that_sorted_or_alternating_samples_score_alike() -> None:
    def score(answers: torch.Tensor) -> dict[str, float]:
        return Score(splits=5).compute(*[bank_of(normal(0, len(answers), 2), probabilities=answers)] * 2)

    by_class, in_turn = torch.eye(5).repeat_interleave(40, 0), torch.eye(5).repeat(40, 1)
    for answers in (by_class, in_turn):
        found = score(answers)
        assert 4.5 < found["classifier_score"] < 5.0  # 1.0 if each split held one class
        assert 0 < found["classifier_score_std_error"] < 0.2


def test_accuracy_part_reads_the_generated_bank_only() -> None:
    fake = bank_of(normal(0, 3, 2), labels=torch.tensor([0, 1, 1]), probabilities=torch.eye(2)[[0, 1, 0]])
    found = Accuracy().compute(bank_of(normal(1, 5, 2)), fake)
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["accuracy_low"] < 2 / 3 < found["accuracy_high"]


def test_what_is_missing_is_named() -> None:
    plain = bank_of(normal(0, 20, 2))
    with pytest.raises(DataError, match="'accuracy' needs the labels"):
        Accuracy().compute(plain, plain)
    with pytest.raises(DataError, match="'accuracy' needs class probabilities"):
        Accuracy().compute(plain, bank_of(normal(0, 2, 2), labels=torch.tensor([0, 1])))
    with pytest.raises(DataError, match="'score' needs class probabilities"):
        Score().compute(plain, plain)
    with pytest.raises(DataError, match="10 splits need as many samples, not 9"):
        Score().compute(plain, labelled(0, 9))
    with pytest.raises(ConfigError, match="splits: is 1"):
        Score(splits=1)

from __future__ import annotations

import numpy as np
import pytest

from tests.data.making import Numbers, NumbersInMemory
from toolkit.data.source import (
    SampleError,
    Skipped,
    Source,
    Subset,
    group_of,
    record_problem,
    standard_split,
    taker,
    weights_of,
)
from toolkit.errors import DataError


def test_a_subset_is_a_source_with_the_keys_splits_and_classes_of_the_whole() -> None:
    whole = Numbers(10, splits={7: "test"})
    part: Source = Subset(whole, [7, 2])
    assert len(part) == 2
    assert [part.key(0), part.key(1)] == ["number-7", "number-2"]
    assert [part.split_of(0), part.split_of(1)] == ["test", None]
    assert part.classes == whole.classes
    assert part[1]["image"][1, 1, 0] == 2


def test_a_subset_of_a_subset_reads_the_right_samples_on_both_paths() -> None:
    part = Subset(Subset(NumbersInMemory(10), [9, 8, 7, 6]), np.array([3, 1]))
    take = taker(part)
    assert take is not None
    assert take(np.array([0, 1, 0]))["image"][:, 1, 1, 0].tolist() == [6, 8, 6]
    assert [part[place]["image"][1, 1, 0] for place in range(2)] == [6, 8]


def test_a_subset_has_no_fast_path_when_the_whole_has_none() -> None:
    assert taker(Subset(Numbers(3), [0])) is None


def test_problems_are_shared_and_recorded_once() -> None:
    whole = Numbers(10)
    part = Subset(whole, [5])
    record_problem(part, 0, SampleError("number-5", "torn"))
    record_problem(whole, 5, SampleError("number-5", "torn"))
    record_problem(whole, 6, DataError("number-6 is odd", "make it even"))
    assert whole.problems == [Skipped("number-5", "torn"), Skipped("number-6", "number-6 is odd")]


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train", "train"),
        ("Training", "train"),
        ("val", "validation"),
        ("dev", "validation"),
        ("TEST", "test"),
        ("x", None),
    ],
)
def test_the_usual_names_of_splits_are_known(name: str, split: str | None) -> None:
    assert standard_split(name) == split


def test_a_subset_passes_weights_and_groups_on() -> None:
    whole = Numbers(6)
    assert weights_of(Subset(whole, [1, 2])) is None
    assert group_of(Subset(whole, [5]), 0) == "number-5"  # without groups, the key
    whole.weights = [1, 2, 3, 4, 5, 6]  # type: ignore[attr-defined]
    whole.group = lambda index: "low" if index < 3 else "high"  # type: ignore[attr-defined]
    part = Subset(Subset(whole, [5, 4, 1]), [2, 0])
    weights = weights_of(part)
    assert weights is not None
    assert weights.tolist() == [2, 6]
    assert [group_of(part, 0), group_of(part, 1)] == ["low", "high"]
    assert weights_of(Subset(whole, [1], weighted=False)) is None

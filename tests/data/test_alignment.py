from __future__ import annotations

import numpy as np
import pytest

from toolkit.data.alignment import common_classes, same_classes, with_classes
from toolkit.data.loader import evaluation_batches
from toolkit.data.memory import ArraySource
from toolkit.data.source import Source, Subset
from toolkit.errors import DataError

CLASSES = ("T-shirt/top", "Bag", "Ankle boot")


def source(*names: str) -> ArraySource:
    fields = {"image": np.zeros((6, 2, 2, 1), dtype=np.uint8)}
    if names:
        fields["label"] = np.arange(6) % len(names)
    return ArraySource(fields, [str(place) for place in range(6)], names)


def labels(found: Source) -> list[int]:
    return [int(label) for batch in evaluation_batches(found, 4) for label in batch["label"]]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("Bag", "T-shirt/top"), [1, 0, 1, 0, 1, 0]),
        (("bag", "t-shirt_top"), [1, 0, 1, 0, 1, 0]),
        (("2", "0", "1"), [2, 0, 1, 2, 0, 1]),
    ],
    ids=["names", "names of folders", "numbers"],
)
def test_labels_take_the_numbers_of_the_known_classes(names: tuple[str, ...], expected: list[int]) -> None:
    found, note = with_classes(source(*names), CLASSES, "mine")
    assert labels(found) == expected == [found[place]["label"] for place in range(6)]
    assert found.classes == CLASSES
    assert note == ""
    assert labels(Subset(found, [5, 0])) == [expected[5], expected[0]]


def test_numbers_of_an_archive_are_the_classes_numbers() -> None:
    found, _ = with_classes(source("0", "1"), CLASSES, "mine.npz", numbered=True)
    assert labels(found) == [0, 1] * 3
    with pytest.raises(DataError, match=r"mine\.npz has an unknown class: '3'"):
        with_classes(source("0", "1", "2", "3"), CLASSES, "mine.npz", numbered=True)


def test_some_unknown_classes_are_an_error_and_only_unknown_ones_are_no_labels() -> None:
    with pytest.raises(DataError, match="an unknown class: 'zebra'") as caught:
        with_classes(source("Bag", "zebra"), CLASSES, "mine")
    assert "'Ankle boot'" in caught.value.way_out
    found, note = with_classes(source("2023", "2024"), CLASSES, "mine")
    assert "label" not in found[0]
    assert found.classes == CLASSES
    assert "mine is used without labels: its folders ('2023', '2024')" in note


def test_labels_that_are_required_must_be_there() -> None:
    with pytest.raises(DataError, match="mine has no labels"):
        with_classes(source(), CLASSES, "mine", required=True)
    with pytest.raises(DataError, match="2 unknown classes"):
        with_classes(source("a", "b"), CLASSES, "mine", required=True)


def test_classes_of_two_sets_are_joined_in_the_first_ones_order() -> None:
    assert common_classes(("b", "a"), ("A", "c")) == ("b", "a", "c")
    assert same_classes(("a", "b"), ("a", "b"))
    assert not same_classes(("a", "b"), ("a", "b", "c"))

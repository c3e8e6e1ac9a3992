from __future__ import annotations

import numpy as np
import pytest

from toolkit.data.memory import ArraySource
from toolkit.data.source import Source


def make() -> ArraySource:
    fields = {"image": np.arange(12, dtype=np.uint8).reshape(3, 2, 2, 1), "label": np.array([2, 0, 1])}
    return ArraySource(fields, ["a", "b", "c"], ["x", "y", "z"], ["train", None, "test"])


def test_rows_are_samples() -> None:
    source: Source = make()
    assert len(source) == 3
    assert source[1]["image"].ravel().tolist() == [4, 5, 6, 7]
    assert source[1]["label"] == 0
    assert isinstance(source[1]["label"], int)
    assert (source.key(2), source.split_of(0), source.split_of(1)) == ("c", "train", None)
    assert source.classes == ("x", "y", "z")


def test_taking_gives_copies_and_items_are_read_only() -> None:
    source = make()
    taken = source.take(np.array([2, 2, 0]))
    assert taken["label"].tolist() == [1, 1, 2]
    taken["image"][:] = 99
    with pytest.raises(ValueError, match="read-only"):
        source[0]["image"][:] = 99
    assert source[2]["image"].max() == 11


def test_the_array_of_the_caller_stays_writable() -> None:
    array = np.zeros((2, 1, 1, 1))
    ArraySource({"image": array}, ["a", "b"])
    array[:] = 1
    assert array.sum() == 2

from __future__ import annotations

import numpy as np

from toolkit.data.memory import ArraySource
from toolkit.data.relabel import Relabelled
from toolkit.data.source import taker


class OneByOne(ArraySource):
    take = None  # type: ignore[assignment]


def source(kind: type[ArraySource] = ArraySource) -> ArraySource:
    fields = {"image": np.zeros((3, 2, 2, 1), dtype=np.uint8), "label": np.array([0, 1, 0])}
    return kind(fields, ["a", "b", "c"], ["cat", "dog"], ["train", "test", None])


def test_labels_are_renumbered_one_by_one_and_many_at_once() -> None:
    found = Relabelled(source(), ("dog", "cow", "cat"), [2, 0])
    take = taker(found)
    assert take is not None
    assert take(np.array([2, 1]))["label"].tolist() == [found[2]["label"], found[1]["label"]] == [2, 0]
    assert source()[0]["label"] == 0
    assert (len(found), found.key(1), found.split_of(1), found.classes) == (3, "b", "test", ("dog", "cow", "cat"))


def test_labels_are_taken_away() -> None:
    found = Relabelled(source(), ("dog",), None)
    take = taker(found)
    assert take is not None
    assert set(take(np.array([0]))) == set(found[0]) == {"image"}


def test_a_source_that_is_read_one_by_one_stays_so() -> None:
    assert taker(Relabelled(source(OneByOne), ("cat", "dog"), [0, 1])) is None

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.recipes import stand_ins
from toolkit.data.memory import ArraySource
from toolkit.data.prepare import DATA_VARIABLE
from toolkit.data.splits import split
from toolkit.data.stacked import StackedChannels, StackedMNIST
from toolkit.errors import ConfigError, DataError

REAL = Path(os.environ.get(DATA_VARIABLE, "")) / "mnist"


def grey(count: int = 40, test: int = 10, classes: int = 4, fixed: bool = True) -> ArraySource:
    """Picture i is filled with i and has the class i % classes; the last ones are test pictures."""
    images = np.arange(count, dtype=np.uint8)[:, None, None, None] + np.zeros((1, 2, 3, 1), np.uint8)
    splits = ["train"] * (count - test) + ["test"] * test if fixed else None
    keys = [str(index) for index in range(count)]
    return ArraySource({"image": images, "label": np.arange(count) % classes}, keys, list("abcdefgh"[:classes]), splits)


class OneByOne:
    """A source without its fast path."""

    def __init__(self, source: ArraySource) -> None:
        self.source = source
        self.classes, self.problems = source.classes, source.problems
        self.key, self.split_of = source.key, source.split_of

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.source[index]


def test_each_channel_is_a_picture_and_the_label_counts_them_up() -> None:
    source = StackedChannels(grey(), count=50, held_out=20)
    assert len(source) == 70
    assert source.classes[:5] == ("aaa", "aab", "aac", "aad", "aba")
    assert len(source.classes) == 64
    for index in range(70):
        item = source[index]
        assert item["image"].shape == (2, 3, 3)
        drawn = item["image"][0, 0]
        assert (item["image"] == drawn).all()
        assert source.classes[item["label"]] == "".join("abcd"[value % 4] for value in drawn)


def test_held_out_samples_are_made_of_test_pictures_only() -> None:
    source = StackedChannels(grey(), count=200, held_out=60)
    parts = split(source, {"train": 0.9, "validation": 0.1, "test": 0.0})
    assert parts["test"].tolist() == list(range(200, 260))
    assert source.take(parts["test"])["image"].min() >= 30
    for part in ("train", "validation"):
        assert source.take(parts[part])["image"].max() < 30


def test_a_sample_is_a_function_of_seed_and_number() -> None:
    """It is the same in a larger set, in any order, however many are read at once, and for ever."""
    small, large = StackedChannels(grey(), count=20, held_out=3), StackedChannels(grey(), count=500, held_out=9)
    places = np.array([19, 4, 4, 11])
    assert np.array_equal(small.take(places)["image"], large.take(places)["image"])
    assert np.array_equal(small[4]["image"], small.take(places)["image"][1])
    assert np.array_equal(small[21]["image"], large[501]["image"])
    assert [small.key(4), small.key(21)] == [large.key(4), large.key(501)]
    assert not np.array_equal(small.rows(places), StackedChannels(grey(), 20, 3, seed=1).rows(places))
    assert small.rows(np.array([0, 1, 20])).tolist() == [[18, 12, 3], [8, 10, 18], [35, 38, 30]]


def test_channels_are_drawn_uniformly_and_independently() -> None:
    rows = StackedChannels(grey(classes=2), count=30_000, held_out=0).rows(np.arange(30_000))
    for channel in range(3):
        assert abs(np.bincount(rows[:, channel], minlength=30)[:30] - 1000).max() < 160  # five standard deviations
    correlations = np.corrcoef(rows.T)[~np.eye(3, dtype=bool)]
    assert abs(correlations).max() < 0.03


def test_a_source_without_a_fast_path_gives_the_same() -> None:
    fast, slow = StackedChannels(grey(), 20, 4), StackedChannels(OneByOne(grey()), 20, 4)
    for name, array in fast.take(np.arange(24)).items():
        assert np.array_equal(array, slow.take(np.arange(24))[name])


def test_where_the_source_fixes_no_split_neither_does_the_stack() -> None:
    source = StackedChannels(grey(fixed=False), count=30, held_out=0, channels=4)
    assert {source.split_of(index) for index in range(30)} == {None}
    assert source[0]["image"].shape == (2, 3, 4)


def test_what_cannot_be_stacked_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"(?s)count: is 0.*held_out: is -1.*channels: is 2"):
        StackedChannels(grey(), count=0, held_out=-1, channels=2)
    with pytest.raises(DataError, match="no test pictures to stack"):
        StackedChannels(grey(fixed=False), count=5, held_out=1)
    with pytest.raises(DataError, match="has no classes"):
        StackedChannels(ArraySource({"image": np.zeros((2, 2, 2, 1), np.uint8)}, ["a", "b"]))


def test_stacked_mnist_is_prepared_and_found_like_mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(DataError, match="MNIST is not in"):
        StackedMNIST()
    StackedMNIST.prepare(stand_ins.mnist(tmp_path / "given", train=20, test=10))
    source = StackedMNIST(count=30, held_out=5)
    assert source.classes[0] == "000"
    assert source.classes[999] == "999"
    item = source[7]
    assert item["image"].shape == (32, 32, 3)
    rows = source.rows(np.array([7]))[0]
    assert item["label"] == sum(
        power * source.source[int(row)]["label"] for power, row in zip((100, 10, 1), rows, strict=True)
    )


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no mnist folder in ${DATA_VARIABLE}")
def test_the_real_thousand_classes_are_all_there() -> None:
    source = StackedMNIST(str(REAL))
    labels = source.take(np.arange(26_000))["label"]
    counts = np.bincount(labels, minlength=1000)
    assert counts.min() > 0
    assert counts.max() < 80
    assert source.split_of(128_000) == "test"

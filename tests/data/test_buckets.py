"""Batches of sequences: nothing is lost, hardly anything is padding, and processes see what one process would."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.data.buckets import BucketLoader
from toolkit.data.sequences import padded
from toolkit.data.source import Skipped, Subset
from toolkit.errors import DataError


class Sequences:
    """Sample i: i as often as its length says."""

    classes: tuple[str, ...] = ()
    padding: ClassVar[dict[str, int]] = {"target": -100}

    def __init__(self, lengths: Any) -> None:
        self.problems: list[Skipped] = []
        self.lengths = np.asarray(lengths)

    def __len__(self) -> int:
        return len(self.lengths)

    def key(self, index: int) -> str:
        return f"line {index}"

    def split_of(self, index: int) -> str | None:
        return None

    def __getitem__(self, index: int) -> dict[str, Any]:
        source, target = self.lengths[index]
        return {"source": np.full(source, index), "target": np.full(target, index)}


def some(count: int = 500, seed: int = 0) -> Sequences:
    return Sequences(np.random.default_rng(seed).integers(1, 40, (count, 2)))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), min_size=1, max_size=60),
    st.integers(1, 200),
    st.integers(0, 5),
)
def test_an_epoch_meets_every_sample_once_within_the_limit(
    lengths: list[tuple[int, int]], tokens: int, seed: int
) -> None:
    loader = BucketLoader(Sequences(lengths), tokens, seed)
    for epoch in (0, 1):
        batches = [loader.batch(epoch * loader.batches + place) for place in range(loader.batches)]
        assert sorted(torch.cat([batch["index"] for batch in batches]).tolist()) == list(range(len(lengths)))
        for batch in batches:
            longest = max(batch["source"].shape[1], batch["target"].shape[1])
            assert len(batch["index"]) == 1 or longest * len(batch["index"]) <= tokens


def test_a_batch_holds_the_samples_padded_with_what_the_source_says() -> None:
    source = some()
    batch = BucketLoader(source, 300, 0).batch(3)
    for row, index in enumerate(batch["index"].tolist()):
        length = int(source.lengths[index][1])
        assert batch["target"][row].tolist() == [index] * length + [-100] * (batch["target"].shape[1] - length)
        assert set(batch["source"][row].tolist()) <= {index, 0}


def test_hardly_any_place_is_padding() -> None:
    generator = np.random.default_rng(1)
    source = generator.poisson(14, 8000) + 2  # lengths like those of captions
    lengths = np.stack([source, np.maximum(1, source + generator.integers(-3, 4, 8000))], 1)
    loader = BucketLoader(Sequences(lengths), 4096, 0)
    held = sum(int((batch["target"] != -100).sum()) for batch in map(loader.batch, range(loader.batches)))
    places = sum(loader.batch(number)["target"].numel() for number in range(loader.batches))
    assert held == lengths[:, 1].sum()
    assert 1 - held / places < 0.03
    assert loader.padding_share() < 0.06


def test_another_epoch_has_other_batches_and_the_same_number_is_the_same_batch() -> None:
    source = Sequences(np.full((100, 2), 7))
    loader = BucketLoader(source, 70, 3)
    first, later = loader.batch(0)["index"], loader.batch(loader.batches)["index"]
    assert not torch.equal(first, later)
    again = BucketLoader(source, 70, 3)
    assert torch.equal(again.batch(loader.batches)["index"], later)
    assert torch.equal(next(again.iterate(loader.batches))["index"], later)


@pytest.mark.parametrize("world", [2, 3])
def test_processes_share_the_batch_of_one(world: int) -> None:
    source = some(301)
    loaders = [BucketLoader(source, 400, 0, rank=rank, world_size=world) for rank in range(world)]
    seen = []
    for number in range(loaders[0].batches):
        parts = [loader.batch(number) for loader in loaders]
        assert len({len(part["index"]) for part in parts}) == 1
        assert len({float(part["mean_tokens"][0]) for part in parts}) == 1
        whole = torch.cat([part["index"] for part in parts]).numpy()
        assert parts[0]["mean_tokens"][0].item() == pytest.approx(source.lengths[whole, 1].mean())
        seen += whole.tolist()
    assert len(set(seen)) == len(seen) == 301 - 301 % world


def test_a_subset_keeps_lengths_and_padding() -> None:
    source = some(50)
    batch = BucketLoader(Subset(source, [7, 8, 9]), 1000, 0).batch(0)
    assert sorted(set(batch["target"].flatten().tolist()) - {-100}) == [7, 8, 9]
    assert torch.equal(batch["index"].sort().values, torch.arange(3))


def test_data_without_lengths_is_refused_with_the_way_out() -> None:
    source = some(4)
    source.lengths = None  # type: ignore[assignment]
    with pytest.raises(DataError, match="batch_tokens"):
        BucketLoader(Subset(source, [0]), 10, 0)


def test_padding_makes_rows_of_the_longest() -> None:
    batch = padded([{"a": [1, 2, 3]}, {"a": [4]}], {"a": 9})
    assert batch["a"].tolist() == [[1, 2, 3], [4, 9, 9]]

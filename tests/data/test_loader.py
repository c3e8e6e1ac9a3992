from __future__ import annotations

import threading
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.making import Numbers, NumbersInMemory
from toolkit.data.loader import Loader, evaluation_batches, stack
from toolkit.data.order import sample_generator, sample_seed
from toolkit.data.source import Skipped, Subset
from toolkit.data.transforms import RandomFlip
from toolkit.errors import ConfigError, DataError, ToolkitError


def jitter(item: dict[str, Any], generator: np.random.Generator) -> dict[str, Any]:
    return {**item, "image": item["image"].astype(np.float32) + generator.random(dtype=np.float32)}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_a_batch_holds_stacked_fields_and_the_index() -> None:
    batch = Loader(Numbers(10), 4, seed=0).batch(0)
    assert batch["image"].shape == (4, 2, 3, 1)
    assert batch["image"].dtype == torch.uint8
    assert batch["label"].dtype == torch.int64
    assert batch["index"].dtype == torch.int64
    assert batch["image"][:, 1, 1, 0].tolist() == batch["index"].tolist()
    assert batch["label"].tolist() == [index % 2 for index in batch["index"].tolist()]


def test_a_batch_is_a_function_of_its_number() -> None:
    loader = Loader(Numbers(7), 3, seed=4, transform=jitter)
    forwards = [loader.batch(number) for number in range(9)]
    backwards = [Loader(Numbers(7), 3, seed=4, transform=jitter).batch(number) for number in reversed(range(9))]
    assert all(same(one, other) for one, other in zip(forwards, reversed(backwards), strict=True))


@pytest.mark.parametrize("source", [Numbers(11), NumbersInMemory(11)], ids=["one by one", "in memory"])
def test_iterating_gives_the_numbered_batches_from_any_start(source: Numbers) -> None:
    loader = Loader(source, 4, seed=1, transform=RandomFlip(), threads=3)
    for start in (0, 5):
        for number, batch in enumerate(islice(loader.iterate(start), 6), start):
            assert same(batch, loader.batch(number))


@settings(deadline=None)  # the machine may be busy
@given(st.integers(1, 12), st.integers(1, 9), st.integers(1, 4))
def test_batches_in_a_row_visit_each_sample_once_per_epoch(count: int, batch_size: int, epochs: int) -> None:
    loader = Loader(Numbers(count), batch_size, seed=2)
    needed = -(-count * epochs // batch_size)
    visits = torch.cat([loader.batch(number)["index"] for number in range(needed)])[: count * epochs]
    for epoch in visits.view(epochs, count):
        assert sorted(epoch.tolist()) == list(range(count))


@pytest.mark.parametrize("kind", [Numbers, NumbersInMemory])
@pytest.mark.parametrize("world_size", [2, 3])
def test_the_slices_of_all_processes_are_the_batch_of_one(kind: type[Numbers], world_size: int) -> None:
    def make(rank: int, world: int) -> Loader:
        return Loader(kind(10), 12, seed=3, rank=rank, world_size=world, transform=RandomFlip())

    whole = make(0, 1).batch(5)
    slices = [make(rank, world_size).batch(5) for rank in range(world_size)]
    assert same({name: torch.cat([part[name] for part in slices]) for name in whole}, whole)


def test_the_fast_path_gives_the_same_batches_as_reading_one_by_one() -> None:
    slow, fast = (Loader(kind(30), 8, seed=6, transform=RandomFlip()) for kind in (Numbers, NumbersInMemory))
    for number in range(8):
        assert same(slow.batch(number), fast.batch(number))


def test_a_transform_without_a_batched_form_still_works_in_memory() -> None:
    slow, fast = (Loader(kind(30), 8, seed=6, transform=jitter) for kind in (Numbers, NumbersInMemory))
    assert same(slow.batch(2), fast.batch(2))


def test_the_transform_draws_from_seed_epoch_and_sample() -> None:
    loader = Loader(Numbers(4), 4, seed=9, transform=jitter)
    for epoch in range(3):
        batch = loader.batch(epoch)
        for image, index in zip(batch["image"], batch["index"].tolist(), strict=True):
            draw = sample_generator(sample_seed(9, epoch, index)).random(dtype=np.float32)
            assert image[1, 1, 0].item() == np.float32(index) + draw


def test_without_shuffling_the_source_is_read_in_order() -> None:
    assert Loader(Numbers(5), 3, seed=0, shuffle=False).batch(1)["index"].tolist() == [3, 4, 0]


def test_an_unreadable_sample_is_replaced_by_the_next_good_one_and_recorded_once() -> None:
    source = Numbers(6, bad={2, 3})
    loader = Loader(source, 6, seed=0, shuffle=False, threads=2)
    batches = list(islice(loader.iterate(), 3))
    assert all(batch["index"].tolist() == [0, 1, 4, 4, 4, 5] for batch in batches)
    assert sorted(source.problems, key=lambda skipped: skipped.path) == [
        Skipped("number-2", "it is bad"),
        Skipped("number-3", "it is bad"),
    ]
    assert source.reads.count(3) <= 2  # two threads may meet it at the same time, later batches do not try again


def test_the_replacement_is_the_same_in_every_process_and_stays_in_the_subset() -> None:
    def index(rank: int, world: int) -> list[int]:
        part = Subset(Numbers(12, bad={10}), [0, 5, 10])
        return Loader(part, 6, seed=0, rank=rank, world_size=world, shuffle=False).batch(0)["index"].tolist()

    assert index(0, 1) == [0, 1, 0, 0, 1, 0]  # place 2 is bad, so place 0 follows
    assert index(0, 2) + index(1, 2) == index(0, 1)


def test_when_nothing_is_readable_the_first_reason_is_told() -> None:
    with pytest.raises(DataError, match="none of the 3 samples can be read; the first is number-1: it is bad"):
        Loader(Numbers(3, bad=range(3)), 2, seed=0, shuffle=False).batch(2)
    with pytest.raises(DataError, match="none of the 3 samples"):
        next(Loader(Numbers(3, bad=range(3)), 2, seed=0).iterate())


def test_a_defect_in_a_transform_is_not_taken_for_a_bad_sample() -> None:
    def broken(item: dict[str, Any], generator: np.random.Generator) -> dict[str, Any]:
        raise KeyError("depth")

    source = Numbers(5)
    with pytest.raises(KeyError, match="depth"):
        next(Loader(source, 2, seed=0, transform=broken).iterate())
    assert source.problems == []


def test_items_of_different_shapes_are_named() -> None:
    items = [{"image": np.zeros((2, 2, 1))}, {"image": np.zeros((3, 2, 1))}]
    with pytest.raises(DataError, match=r"'image' of b\.png has the shape \(3, 2, 1\), but that of a\.png \(2, 2, 1\)"):
        stack(items, ["a.png", "b.png"])
    with pytest.raises(DataError, match=r"b has the fields \[\], but a has \['image'\]"):
        stack([items[0], {}], ["a", "b"])


def test_numbers_become_tensors_of_the_usual_types() -> None:
    batch = stack([{"label": 1, "angle": 0.5, "wave": np.zeros(3)}] * 2, ["a", "b"])
    assert (batch["label"].dtype, batch["angle"].dtype) == (torch.int64, torch.float32)
    assert batch["wave"].dtype == torch.float64  # an array keeps its own type


def test_threads_end_with_the_iterator() -> None:
    before = threading.active_count()
    iterator = Loader(Numbers(10), 2, seed=0).iterate()
    next(iterator)
    assert threading.active_count() > before
    del iterator
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"batch_size": 10, "world_size": 4}, "batch_size: is 10, which 4 processes cannot share"),
        ({"batch_size": 0}, "batch_size: is 0"),
        ({"batch_size": 2, "rank": 2, "world_size": 2}, "rank: is 2"),
    ],
)
def test_impossible_sizes_are_refused(options: dict[str, int], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Loader(Numbers(3), seed=0, **options)


def test_an_empty_source_is_refused() -> None:
    with pytest.raises(DataError, match="no training samples"):
        Loader(Subset(Numbers(3), []), 2, seed=0)


@pytest.mark.parametrize("kind", [Numbers, NumbersInMemory])
def test_evaluation_meets_every_sample_once_in_order(kind: type[Numbers]) -> None:
    batches = list(evaluation_batches(kind(10), 4))
    assert [batch["index"].tolist() for batch in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert batches[2]["image"][:, 1, 1, 0].tolist() == [8, 9]


@settings(deadline=None)  # the machine may be busy
@given(st.integers(1, 30), st.integers(1, 4), st.integers(1, 3))
def test_evaluation_is_shared_between_processes_without_loss(count: int, world_size: int, share: int) -> None:
    batch_size = share * world_size
    parts = [list(evaluation_batches(Numbers(count), batch_size, rank, world_size)) for rank in range(world_size)]
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    whole = [
        torch.cat([part[number]["index"] for part in parts if number < len(part)]).tolist()
        for number in range(len(parts[0]))
    ]
    assert whole == [list(range(start, min(start + batch_size, count))) for start in range(0, count, batch_size)]


def test_evaluation_leaves_unreadable_samples_out() -> None:
    source = Numbers(6, bad={0, 1, 4})
    assert [batch["index"].tolist() for batch in evaluation_batches(source, 2)] == [[2, 3], [5]]
    assert {problem.path for problem in source.problems} == {"number-0", "number-1", "number-4"}


def test_evaluation_of_nothing_is_an_error_only_when_there_were_samples() -> None:
    assert list(evaluation_batches(Numbers(0), 2)) == []
    assert list(evaluation_batches(Numbers(1), 2, rank=1, world_size=2)) == []
    with pytest.raises(ToolkitError, match="none of the 2 samples"):
        list(evaluation_batches(Numbers(2, bad={0, 1}), 2))


class Variants(NumbersInMemory):
    """Numbers of which each three in a row share one visit per epoch."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.weights = np.full(count, 1 / 3)


def test_an_epoch_of_a_weighted_source_is_as_long_as_its_weights_add_up_to() -> None:
    loader = Loader(Variants(12), 4, seed=0)
    seen = [loader.batch(number)["index"].tolist() for number in range(60)]
    assert all(sorted(index // 3 for index in batch) == [0, 1, 2, 3] for batch in seen)
    assert {index for batch in seen for index in batch} == set(range(12))


def test_a_weighted_batch_is_a_function_of_its_number() -> None:
    ahead = list(islice(Loader(Variants(12), 5, seed=4, transform=RandomFlip()).iterate(), 9))
    for number in (8, 3, 0):  # as after resuming: nothing before it was read
        assert same(Loader(Variants(12), 5, seed=4, transform=RandomFlip()).batch(number), ahead[number])
    other = [Loader(Variants(12), 5, seed=5).batch(number)["index"].tolist() for number in range(9)]
    assert other != [batch["index"].tolist() for batch in ahead]


@pytest.mark.parametrize("world_size", [2, 3])
def test_weighted_slices_of_all_processes_are_the_batch_of_one(world_size: int) -> None:
    def make(rank: int, world: int) -> Loader:
        return Loader(Subset(Variants(12), np.arange(3, 12)), 6, seed=3, rank=rank, world_size=world)

    for number in range(5):
        slices = [make(rank, world_size).batch(number)["index"] for rank in range(world_size)]
        assert torch.equal(torch.cat(slices), make(0, 1).batch(number)["index"])


def test_weights_that_do_not_fit_the_source_are_refused() -> None:
    source = Variants(12)
    for weights in (np.ones(11), np.full(12, np.nan), -np.ones(12)):
        source.weights = weights
        with pytest.raises(DataError, match="one finite number from 0 for each of its 12 samples"):
            Loader(source, 4, seed=0)


def test_evaluation_meets_every_sample_whatever_its_weight() -> None:
    assert torch.cat([batch["index"] for batch in evaluation_batches(Variants(12), 5)]).tolist() == list(range(12))

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.errors import DataError
from toolkit.metrics.reservoir import Reservoir
from toolkit.metrics.rows import Rows, checked_rows


def rows_of(index: torch.Tensor) -> Rows:
    return checked_rows("identity", index[:, None].float(), None, None, index)


def filled(index: torch.Tensor, capacity: int | None, batch: int = 7) -> Reservoir:
    reservoir = Reservoir(capacity)
    for part in index.split(batch):
        reservoir.append(rows_of(part), indexed=True)
    return reservoir


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 60), st.integers(1, 20), st.integers(1, 5))
def test_order_batches_and_processes_do_not_matter(seed: int, count: int, capacity: int, processes: int) -> None:
    whole = filled(torch.arange(count), capacity).rows()
    shuffled = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    merged = Reservoir(capacity)
    for rank in range(processes):
        if len(share := shuffled[rank::processes]):
            merged.take_over(filled(share, capacity, batch=1 + seed % 9), shift=0)
    assert torch.equal(merged.rows()["index"], whole["index"])
    assert torch.equal(merged.rows()["features"], whole["features"])
    assert len(whole["index"]) == min(count, capacity)


def test_the_choice_is_even_over_sorted_data() -> None:
    kept = filled(torch.arange(10_000), 1000, batch=500).rows()["index"]
    per_tenth = torch.histc(kept.float(), 10, 0, 10_000)
    assert per_tenth.min() > 65  # 100 expected, standard deviation about 9
    assert per_tenth.max() < 135


def test_parts_of_unequal_size_keep_their_proportions_without_an_index() -> None:
    """A small process must not be over-represented because the large one has dropped rows already."""
    merged, seen = Reservoir(200), 0
    for value, count in ((0.0, 4000), (1.0, 1000)):
        part = Reservoir(200)
        part.append(
            checked_rows("identity", torch.full((count, 1), value), None, None, torch.arange(count)), indexed=False
        )
        merged.take_over(part, shift=seen)
        seen += count
    assert 0.12 < float(merged.rows()["features"].mean()) < 0.28  # one fifth is right, half would be the naive merge


def test_memory_stays_bounded_while_filling() -> None:
    reservoir = Reservoir(50)
    for part in torch.arange(5000).split(20):
        reservoir.append(rows_of(part), indexed=True)
        held = [*reservoir._waiting, *([] if reservoir._chosen is None else [reservoir._chosen])]
        assert sum(len(rows["index"]) for rows in held) < 2 * 50 + 20


def test_a_repeated_index_is_refused() -> None:
    with pytest.raises(DataError, match="index 3 was added twice"):
        filled(torch.tensor([1, 2, 3, 3]), None).rows()


def test_given_and_counted_indices_do_not_mix() -> None:
    reservoir = filled(torch.arange(3), None)
    with pytest.raises(DataError, match="some samples have an index and others do not"):
        reservoir.append(rows_of(torch.arange(5, 6)), indexed=False)


def test_an_empty_one_says_so() -> None:
    with pytest.raises(DataError, match="no features yet"):
        Reservoir(3).rows()

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.metrics.sets import normal
from toolkit.errors import DataError
from toolkit.metrics import distances
from toolkit.metrics.distances import SAME, centred, nearest_distances, squared_distances, squared_radii


def brute(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (a[:, None] - b[None]).square().sum(-1)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 60), st.integers(0, 1000))
def test_blocks_equal_brute_force(rows: int, columns: int, limit: int, seed: int) -> None:
    a, b = centred(normal(seed, rows, 3, shift=9.0), normal(seed + 1, columns, 3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distances, "BLOCK_ELEMENTS", limit)
        blocks = list(squared_distances(a, b))
    assert all(block.numel() <= max(limit, columns) for _, block in blocks)  # memory is bounded
    torch.testing.assert_close(torch.cat([block for _, block in blocks]), brute(a, b), rtol=1e-9, atol=1e-9)


def test_radii_equal_brute_force_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "BLOCK_ELEMENTS", 70)
    (points,) = centred(normal(0, 25, 4))
    for k in (1, 4, 24):
        expected = brute(points, points).sort(dim=1).values[:, k]  # place 0 is the point itself
        torch.testing.assert_close(squared_radii(points, k), expected, rtol=1e-9, atol=1e-12)


def test_duplicates_are_neighbours_at_distance_zero() -> None:
    points = torch.tensor([[0.0, 0.0], [0.0, 0.0], [3.0, 4.0]], dtype=torch.float64)
    assert squared_radii(points, 1).tolist() == [0.0, 0.0, 25.0]


def test_a_copy_has_distance_exactly_zero_far_from_the_centre_too() -> None:
    points, copies = centred(normal(0, 200, 50, shift=1000.0), normal(0, 200, 50, shift=1000.0)[5:9])
    assert nearest_distances(copies, points).tolist() == [0.0] * 4


def test_shrinking_is_far_below_real_differences() -> None:
    a, b = centred(normal(0, 20, 8), normal(1, 20, 8))
    plain = torch.cat([block for _, block in squared_distances(a, b)])
    shrunk = torch.cat([block for _, block in squared_distances(a, b, shrink=SAME)])
    torch.testing.assert_close(shrunk, plain, rtol=1e-10, atol=1e-10)


def test_the_neighbour_must_exist() -> None:
    with pytest.raises(DataError, match="3-th neighbour needs more than 3 samples, not 3"):
        squared_radii(torch.zeros(3, 2, dtype=torch.float64), 3)

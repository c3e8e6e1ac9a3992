from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.metrics.sets import normal
from toolkit.errors import DataError
from toolkit.metrics.moments import Moments


def moments_of(*batches: torch.Tensor) -> Moments:
    moments = Moments(batches[0].shape[1])
    for batch in batches:
        moments.add(batch)
    return moments


def test_equal_numpy() -> None:
    x = normal(0, 50, 6).double()
    moments = moments_of(x)
    np.testing.assert_allclose(moments.mean, x.numpy().mean(0), rtol=0, atol=1e-15)
    np.testing.assert_allclose(moments.covariance, np.cov(x.numpy(), rowvar=False), rtol=0, atol=1e-14)


@settings(deadline=None, max_examples=40)
@given(cuts=st.lists(st.integers(0, 40), max_size=6), split=st.integers(0, 7))
def test_any_division_into_batches_and_processes_gives_the_same(cuts: list[int], split: int) -> None:
    x = normal(1, 40, 3, shift=5.0).double()
    borders = [0, *sorted(cuts), 40]
    batches = [x[a:b] for a, b in pairwise(borders)]
    whole = moments_of(x)
    parts = [moments_of(*part) for part in (batches[:split], batches[split:]) if part]
    merged = Moments.merge(parts)
    assert merged.count == 40
    torch.testing.assert_close(merged.mean, whole.mean, rtol=0, atol=1e-13)
    torch.testing.assert_close(merged.covariance, whole.covariance, rtol=0, atol=1e-13)


def test_far_from_zero_the_covariance_keeps_its_digits() -> None:
    x = normal(2, 1000, 2).double()
    torch.testing.assert_close(moments_of(x + 1e6).covariance, moments_of(x).covariance, rtol=1e-8, atol=1e-8)


def test_merging_leaves_the_parts_alone_and_skips_empty_ones() -> None:
    part = moments_of(normal(3, 5, 2))
    before = part.mean.clone()
    merged = Moments.merge([Moments(2), part, Moments(2)])
    merged.add(normal(4, 5, 2))
    assert torch.equal(part.mean, before)
    assert part.count == 5
    assert merged.count == 10


def test_state_brings_back_an_independent_equal() -> None:
    moments = moments_of(normal(5, 9, 3))
    again = Moments.from_state(moments.state())
    assert again.count == 9
    assert torch.equal(again.covariance, moments.covariance)
    again.add(normal(6, 1, 3))
    assert moments.count == 9
    assert not torch.equal(again.mean, moments.mean)


def test_half_precision_is_summed_in_double() -> None:
    x = torch.full((3000, 1), 0.1, dtype=torch.bfloat16)
    assert moments_of(x).mean.item() == pytest.approx(float(x[0, 0]), abs=1e-15)


@pytest.mark.parametrize(
    ("features", "words"),
    [
        (torch.zeros(2, 3), r"\[B, 2\]"),
        (torch.zeros(2), r"\[B, 2\]"),
        (torch.tensor([[0.0, float("nan")]]), "NaN"),
        (torch.tensor([[0.0, float("inf")]]), "infinite"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(features: torch.Tensor, words: str) -> None:
    moments = Moments(2)
    with pytest.raises(DataError, match=words):
        moments.add(features)
    assert moments.count == 0


def test_a_covariance_needs_two_samples() -> None:
    with pytest.raises(DataError, match="at least 2 samples, not 1"):
        _ = moments_of(torch.zeros(1, 2)).covariance


def test_merging_nothing_or_other_dimensions_is_refused() -> None:
    with pytest.raises(DataError, match="no moments"):
        Moments.merge([])
    with pytest.raises(DataError, match="3 and of 2"):
        Moments.merge([Moments(2), Moments(3)])
    with pytest.raises(DataError, match="at least one feature"):
        Moments(0)

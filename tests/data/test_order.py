from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.data.order import Order, sample_generator, sample_seed


@settings(deadline=None)  # the machine may be busy
@given(st.integers(1, 50), st.integers(0, 2**40), st.integers(0, 1000))
def test_every_epoch_is_a_permutation(count: int, seed: int, epoch: int) -> None:
    assert sorted(Order(count, seed).permutation(epoch).tolist()) == list(range(count))


@settings(deadline=None)  # the machine may be busy
@given(st.integers(1, 20), st.integers(0, 60), st.integers(1, 60))
def test_a_stretch_of_positions_is_a_stretch_of_the_permutations(count: int, start: int, length: int) -> None:
    order = Order(count, seed=5)
    row = np.concatenate([Order(count, 5).permutation(epoch) for epoch in range((start + length) // count + 1)])
    epochs, indices = order.at(np.arange(start, start + length))
    assert indices.tolist() == row[start : start + length].tolist()
    assert epochs.tolist() == [position // count for position in range(start, start + length)]


def test_epochs_and_seeds_differ() -> None:
    orders = [Order(100, seed).permutation(epoch).tolist() for seed in (0, 1) for epoch in (0, 1)]
    assert all(one != other for place, one in enumerate(orders) for other in orders[:place])


def test_the_order_is_the_same_for_ever() -> None:
    """A resumed run relies on it, whatever was updated in between."""
    assert Order(8, seed=0).permutation(0).tolist() == [4, 0, 3, 1, 7, 5, 6, 2]


def test_first_places_are_uniform() -> None:
    firsts = np.bincount([Order(5, seed).permutation(0)[0] for seed in range(2000)], minlength=5)
    assert (abs(firsts - 400) < 90).all()  # five standard deviations


def test_without_shuffling_the_order_is_that_of_the_source() -> None:
    epochs, indices = Order(3, seed=0, shuffle=False).at(np.arange(2, 8))
    assert indices.tolist() == [2, 0, 1, 2, 0, 1]
    assert epochs.tolist() == [0, 1, 1, 1, 2, 2]


def test_the_generator_of_a_sample_depends_on_seed_epoch_and_index_only() -> None:
    draws = {key: sample_generator(sample_seed(*key)).random() for key in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]}
    assert len(set(draws.values())) == 4
    assert sample_generator(sample_seed(0, 1, 0)).random() == draws[0, 1, 0]

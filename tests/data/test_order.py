from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.making import Numbers
from toolkit.data.order import Order, one_epoch, sample_generator, sample_seed
from toolkit.errors import DataError


@settings(deadline=None)  # the machine may be busy
@given(st.integers(1, 50), st.integers(0, 2**40), st.integers(0, 1000))
def test_every_epoch_is_a_permutation(count: int, seed: int, epoch: int) -> None:
    assert sorted(Order(count, seed).epoch(epoch).tolist()) == list(range(count))


@settings(deadline=None)  # the machine may be busy
@given(st.integers(1, 20), st.integers(0, 60), st.integers(1, 60))
def test_a_stretch_of_positions_is_a_stretch_of_the_permutations(count: int, start: int, length: int) -> None:
    order = Order(count, seed=5)
    row = np.concatenate([Order(count, 5).epoch(epoch) for epoch in range((start + length) // count + 1)])
    epochs, indices = order.at(np.arange(start, start + length))
    assert indices.tolist() == row[start : start + length].tolist()
    assert epochs.tolist() == [position // count for position in range(start, start + length)]


def test_epochs_and_seeds_differ() -> None:
    orders = [Order(100, seed).epoch(epoch).tolist() for seed in (0, 1) for epoch in (0, 1)]
    assert all(one != other for place, one in enumerate(orders) for other in orders[:place])


def test_the_order_is_the_same_for_ever() -> None:
    """A resumed run relies on it, whatever was updated in between."""
    assert Order(8, seed=0).epoch(0).tolist() == [4, 0, 3, 1, 7, 5, 6, 2]


def test_first_places_are_uniform() -> None:
    firsts = np.bincount([Order(5, seed).epoch(0)[0] for seed in range(2000)], minlength=5)
    assert (abs(firsts - 400) < 90).all()  # five standard deviations


def test_without_shuffling_the_order_is_that_of_the_source() -> None:
    epochs, indices = Order(3, seed=0, shuffle=False).at(np.arange(2, 8))
    assert indices.tolist() == [2, 0, 1, 2, 0, 1]
    assert epochs.tolist() == [0, 1, 1, 1, 2, 2]


def test_the_generator_of_a_sample_depends_on_seed_epoch_and_index_only() -> None:
    draws = {key: sample_generator(sample_seed(*key)).random() for key in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]}
    assert len(set(draws.values())) == 4
    assert sample_generator(sample_seed(0, 1, 0)).random() == draws[0, 1, 0]


def test_variants_that_share_a_weight_take_turns_at_random() -> None:
    """Kinds with 1, 3 and 6 variants: each kind is met once per epoch, each variant equally often."""
    kinds = np.repeat([0, 1, 2], [1, 3, 6])
    order = Order(10, seed=3, weights=np.repeat([1, 1 / 3, 1 / 6], [1, 3, 6]))
    assert order.length == 3
    drawn = np.stack([order.epoch(epoch) for epoch in range(3000)])
    assert (np.sort(kinds[drawn], axis=1) == [0, 1, 2]).all()
    visits = np.bincount(drawn.ravel(), minlength=10) / 3000
    np.testing.assert_allclose(visits, [1] + [1 / 3] * 3 + [1 / 6] * 6, atol=0.045)  # five standard deviations
    both = (drawn == 1).any(1) & (drawn == 4).any(1)
    assert abs(both.mean() - 1 / 18) < 0.021  # kinds choose independently of each other


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.floats(0, 4), min_size=1, max_size=30).filter(lambda values: sum(values) > 0.01), st.integers(0, 99))
def test_visits_stay_near_the_weights_in_every_epoch(values: list[float], epoch: int) -> None:
    weights = np.array(values)
    order = Order(len(values), seed=1, weights=weights)
    assert order.length == max(1, round(sum(values)))
    visits = np.bincount(order.epoch(epoch), minlength=len(values))
    assert visits.sum() == order.length
    assert (abs(visits - weights * (order.length / weights.sum())) < 2 + 1e-9).all()
    assert (visits[weights == 0] == 0).all()


def test_weights_of_one_change_nothing_but_the_draw_of_the_order() -> None:
    for epoch in range(3):
        weighted = Order(9, seed=2, weights=np.ones(9)).epoch(epoch)
        assert weighted.tolist() == Order(9, seed=2).epoch(epoch).tolist()


def test_the_weighted_order_is_the_same_for_ever_and_a_function_of_the_position() -> None:
    weights = np.repeat([1 / 2, 1 / 4], 4)
    order = Order(8, seed=0, weights=weights)
    assert [order.epoch(epoch).tolist() for epoch in range(2)] == [[1, 3, 6], [4, 1, 3]]
    epochs, indices = Order(8, 0, weights=weights).at(np.arange(4, 8))
    assert (epochs.tolist(), indices.tolist()) == ([1, 1, 2, 2], [*[1, 3], *order.epoch(2)[:2]])


def test_without_shuffling_the_drawn_samples_stand_in_the_order_of_the_source() -> None:
    drawn = Order(40, seed=0, shuffle=False, weights=np.full(40, 0.25)).epoch(0)
    assert (np.diff(drawn) > 0).all()
    assert (drawn // 4).tolist() == list(range(10))


def test_one_epoch_of_a_weighted_source_is_what_an_evaluation_compares_with() -> None:
    source = Numbers(12)
    assert one_epoch(source) is source
    source.weights = np.full(12, 1 / 3)  # type: ignore[attr-defined]
    drawn = one_epoch(source)
    assert [int(drawn.key(place).removeprefix("number-")) // 3 for place in range(len(drawn))] == [0, 1, 2, 3]
    assert one_epoch(drawn) is drawn  # its samples count once each


def test_nothing_to_draw_is_an_error() -> None:
    with pytest.raises(DataError, match="all samples have the weight 0"):
        Order(3, seed=0, weights=np.zeros(3))

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from toolkit.engine.randomness import Noise, fold

COUNT = 2000  # samples; with 50 values each
seeds = st.integers(0, 2**63 - 1)

MAKERS: dict[str, Callable[[Noise], Tensor]] = {
    "bits": lambda noise: noise.bits("z", 5),
    "uniform": lambda noise: noise.uniform("z", 2, 3),
    "normal": lambda noise: noise.normal("z", 3),
    "normal float64": lambda noise: noise.normal("z", 4, dtype=torch.float64),
    "integers": lambda noise: noise.integers("z", -3, 9, 4),
}


def noise(seed: int = 0, step: int = 0, count: int = COUNT, scope: str = "") -> Noise:
    return Noise(seed, step, torch.arange(count), scope)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_normal_values_have_the_moments_and_tails_of_the_normal_distribution(dtype: torch.dtype) -> None:
    z = noise().normal("z", 50, dtype=dtype)
    assert z.dtype == dtype
    z = z.double().flatten()
    error = 5 / math.sqrt(z.numel())  # five standard deviations of a mean of values of variance 1
    assert abs(z.mean()) < error
    assert abs(z.square().mean() - 1) < error * math.sqrt(2)
    assert abs(z.pow(3).mean()) < error * math.sqrt(15)
    assert abs(z.pow(4).mean() - 3) < error * math.sqrt(96)
    for limit in (0.5, 1.0, 2.0, 3.0):
        inside = math.erf(limit / math.sqrt(2))
        assert abs((z.abs() < limit).double().mean() - inside) < error * math.sqrt(inside * (1 - inside))


def test_uniform_values_fill_the_unit_interval_evenly_and_never_reach_one() -> None:
    u = noise().uniform("u", 50, dtype=torch.float64).flatten()
    assert u.min() >= 0
    assert u.max() < 1
    cells = torch.histc(u, bins=100, min=0, max=1)
    expected = u.numel() / 100
    chi_square = ((cells - expected).square() / expected).sum()
    assert abs(chi_square - 99) < 5 * math.sqrt(2 * 99)


def test_each_bit_is_fair_and_neighbours_are_independent() -> None:
    bits = noise().bits("b", 50).flatten()
    error = 5 / math.sqrt(bits.numel())
    planes = torch.stack([(bits >> place) & 1 for place in range(64)]).double() * 2 - 1
    assert planes.mean(1).abs().max() < error
    z = noise().normal("z", 50).double()
    for first, second in ((z[:, :-1], z[:, 1:]), (z[:-1], z[1:]), (z[:, :25], z[:, 25:])):
        assert abs((first * second).mean()) < 5 / math.sqrt(first.numel())


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@given(seed=seeds, cuts=st.lists(st.integers(0, 12), max_size=3))
def test_a_batch_in_parts_has_the_numbers_of_the_whole(
    make: Callable[[Noise], Tensor], seed: int, cuts: list[int]
) -> None:
    whole = Noise(seed, 3, torch.arange(12))
    edges = [0, *sorted(cuts), 12]
    parts = [make(whole.part(start, stop)) for start, stop in pairwise(edges)]
    assert torch.equal(torch.cat(parts), make(whole))
    assert torch.equal(make(whole), make(whole))


@given(order=st.permutations(range(8)))
def test_a_sample_keeps_its_numbers_wherever_it_stands(order: list[int]) -> None:
    sorted_z = Noise(1, 2, torch.arange(8)).normal("z", 3)
    assert torch.equal(Noise(1, 2, torch.tensor(order)).normal("z", 3), sorted_z[order])


def test_the_batch_of_two_processes_is_that_of_one() -> None:
    whole = Noise(0, 7, torch.arange(8))
    processes = [Noise(0, 7, torch.arange(4) + 4 * rank) for rank in range(2)]
    assert torch.equal(torch.cat([part.normal("z", 5) for part in processes]), whole.normal("z", 5))


@pytest.mark.parametrize(
    "other",
    [
        noise(seed=1).normal("z", 50),
        noise(step=1).normal("z", 50),
        noise().normal("y", 50),
        noise(scope="discriminator").normal("z", 50),
        noise().scope("discriminator").normal("z", 50),
        Noise(0, 0, torch.arange(COUNT) + COUNT).normal("z", 50),
    ],
    ids=["seed", "step", "role", "scope", "scope()", "samples"],
)
def test_another_key_gives_independent_numbers(other: Tensor) -> None:
    z = noise().normal("z", 50)
    assert abs((z * other).double().mean()) < 5 / math.sqrt(z.numel())


def test_a_scope_is_a_prefix_of_every_role() -> None:
    assert torch.equal(noise(scope="/a").normal("z", 2), noise().scope("a").normal("z", 2))
    assert not torch.equal(noise().scope("a").normal("b/c", 2), noise().scope("a").normal("c", 2))
    assert noise().scope("a").part(1, 4).path == "/a"


@given(seed=seeds, low=st.integers(-1000, 1000), spread=st.integers(1, 1000))
def test_integers_stay_in_their_range(seed: int, low: int, spread: int) -> None:
    values = Noise(seed, 0, torch.arange(20)).integers("n", low, low + spread, 5)
    assert values.dtype == torch.int64
    assert values.min() >= low
    assert values.max() < low + spread


def test_integers_are_equally_likely() -> None:
    counts = torch.bincount(noise().integers("n", 5, 12, 50).flatten() - 5, minlength=7).double()
    expected = COUNT * 50 / 7
    assert ((counts - expected).square() / expected).sum() < 6 + 5 * math.sqrt(2 * 6)


@pytest.mark.parametrize("shape", [(), (1,), (3,), (0,), (2, 3, 5)])
def test_shapes_are_as_asked_for(shape: tuple[int, ...]) -> None:
    source = noise(count=4)
    for values in (source.normal("z", *shape), source.uniform("u", *shape), source.integers("n", 0, 3, *shape)):
        assert values.shape == (4, *shape)
    assert len(source) == 4


def test_float64_is_not_a_rounded_float32() -> None:
    z = noise().normal("z", 4, dtype=torch.float64)
    torch.testing.assert_close(z.float(), noise().normal("z", 4), rtol=1e-4, atol=1e-5)
    assert not torch.equal(z, z.float().double())


def test_the_hash_is_that_of_splitmix64() -> None:
    """First outputs of SplitMix64 from state 0, as known from its reference implementation."""
    from toolkit.engine.randomness import _GOLDEN, _mix

    states = torch.arange(1, 4) * _GOLDEN
    assert [value % 2**64 for value in _mix(states).tolist()] == [
        0xE220A8397B1DCDAF,
        0x6E789E6AA1B965F4,
        0x06C45D188009454F,
    ]


def test_numbers_never_change_between_versions() -> None:
    """A stored run must be reproducible by a later version."""
    source = Noise(1234, 5, torch.tensor([0, 7]), "generator")
    assert source.bits("z", 2).tolist() == [
        [5719436510009107716, 3353706781070096045],
        [3153527381445535627, 6565427975334891635],
    ]
    assert fold(1, "z") == -3706847476440311638


def test_fold_tells_types_and_order_apart() -> None:
    keys = [fold(1, "z"), fold("z", 1), fold("1", "z"), fold(1), fold("1z"), fold("1", "z", "")]
    assert len(set(keys)) == len(keys)
    assert all(-(2**63) <= key < 2**63 for key in keys)


def test_the_global_generator_follows_the_key() -> None:
    drawn = []
    for step, role in ((0, "dropout"), (0, "dropout"), (1, "dropout"), (0, "other")):
        noise(step=step).seed_global(role)
        drawn.append(torch.rand(3))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert not torch.equal(drawn[0], drawn[3])

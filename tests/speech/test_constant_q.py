"""The constant-Q transform: bins, magnitudes and times are where theory has them."""

from __future__ import annotations

import math

import pytest
import torch

from toolkit.speech.constant_q import ConstantQ

RATE = 8000


def magnitudes(transform: ConstantQ, wave: torch.Tensor) -> torch.Tensor:
    """`[bins, frames]`."""
    return torch.cat(transform(wave[None]), dim=2)[0].square().sum(0).sqrt()


@pytest.mark.parametrize("place", [3, 40, 60, 80])
def test_a_tone_lands_in_its_bin_with_the_magnitude_of_theory(place):
    transform = ConstantQ(RATE, 64, 12).double()
    frequency = torch.cat(transform.frequencies)[place].item()
    wave = 0.5 * (2 * math.pi * frequency * torch.arange(2 * RATE, dtype=torch.float64) / RATE).sin()
    found = magnitudes(transform, wave)[:, 100:-100].mean(1)
    quality = 1 / (2 ** (1 / 12) - 1)
    assert found.argmax() == place
    assert found[place].item() == pytest.approx(0.25 * math.sqrt(quality * RATE / frequency), rel=2e-3)
    away = torch.cat([found[: max(place - 4, 0)], found[place + 5 :]])
    assert away.max() < 0.01 * found[place]


def test_every_octave_hears_a_click_in_its_own_frame():
    transform = ConstantQ(RATE, 64, 12)
    wave = torch.zeros(1, 2 * RATE)
    wave[0, 64 * 120] = 1.0
    for octave in transform(wave):
        energy = octave[0].square().sum((0, 1))
        assert energy.shape == (2 * RATE // 64 + 1,)
        assert energy.argmax() == 120


def test_nothing_above_half_the_rate_and_rates_are_halved_where_the_hop_allows():
    transform = ConstantQ(RATE, 64, 12, octaves=9)
    assert max(part.max().item() for part in transform.frequencies) < RATE / 2
    assert len(transform.frequencies) == 7
    assert transform.halvings == [5, 4, 3, 2, 1, 0, 0]
    assert ConstantQ(RATE, 4, 12).halvings == [2, 2, 2, 2, 1, 0, 0]


def test_rates_halved_or_not_give_the_same_spectrum():
    wave = torch.randn(1, RATE, generator=torch.Generator().manual_seed(0))
    halving, plain = ConstantQ(RATE, 32, 12), ConstantQ(RATE, 1, 12)
    assert plain.halvings == [0] * 7
    for one, two in zip(halving(wave), plain(wave), strict=True):
        inner = slice(60, -60)  # the filter's ringing beyond the ends is cut off
        expected = two[..., ::32][..., inner]
        assert (one[..., inner] - expected).norm() < 3e-4 * expected.norm()


def test_gradients_are_those_of_a_linear_map():
    transform = ConstantQ(2000, 16, 6).double()
    wave = torch.randn(1, 300, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    weights = [torch.randn_like(octave) for octave in transform(wave)]

    def functional(of: torch.Tensor) -> torch.Tensor:
        return sum((octave * weight).sum() for octave, weight in zip(transform(of), weights, strict=True))

    leaf = wave.clone().requires_grad_(True)
    (found,) = torch.autograd.grad(functional(leaf), leaf)
    torch.testing.assert_close((found * wave).sum(), functional(wave))

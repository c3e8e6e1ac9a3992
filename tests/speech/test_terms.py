"""Spectral terms: known distances of waveforms that differ in loudness alone, precision, and refusals."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from toolkit.adversarial.terms import Offer
from toolkit.adversarial.types import GeneratorOutput
from toolkit.errors import ConfigError, ToolkitError
from toolkit.speech.terms import MelL1, MultiResolutionStft, MultiScaleMel

RATE = 22050


def noise(seed: int = 0, length: int = 8192) -> Tensor:
    return 0.2 * torch.randn(2, 1, length, generator=torch.Generator().manual_seed(seed))


def offer(made: Tensor, real: Tensor) -> Offer:
    return Offer({}, GeneratorOutput(made), real)


@pytest.mark.parametrize(
    "term", [MelL1(RATE), MultiScaleMel(RATE), MultiResolutionStft()], ids=lambda t: type(t).__name__
)
class TestEveryTerm:
    def test_the_same_waveform_is_at_distance_zero_and_another_is_not(self, term):
        assert torch.equal(term(offer(noise(), noise())), torch.zeros(2))
        assert (term(offer(noise(1), noise())) > 0.1).all()

    def test_each_sample_has_its_own_value(self, term):
        made = torch.cat([noise()[:1], 2 * noise()[1:]])
        values = term(offer(made, noise()))
        assert values[0] == 0
        assert values[1] > 0.5

    def test_autocast_and_silence_do_no_harm(self, term):
        made = torch.zeros(2, 1, 8192, requires_grad=True)
        with torch.autocast("cpu", torch.bfloat16):
            values = term(offer(made, noise()))
        assert values.dtype == torch.float32
        torch.testing.assert_close(values, term(offer(made, noise())))
        values.sum().backward()
        assert made.grad.isfinite().all()
        assert term(offer(noise(), torch.zeros(2, 1, 8192))).isfinite().all()

    def test_waveforms_of_another_length_are_refused(self, term):
        with pytest.raises(ToolkitError, match="hop_length"):
            term(offer(noise(), noise(length=4096)))


def test_loudness_is_a_known_distance():
    louder = offer(2 * noise(), noise())
    torch.testing.assert_close(MelL1(RATE)(louder), torch.full((2,), math.log(2)), rtol=1e-3, atol=0)
    two_scales = MultiScaleMel(RATE, windows=[512, 1024], bands=[20, 40])
    torch.testing.assert_close(two_scales(louder), torch.full((2,), 2 * math.log10(2)), rtol=1e-3, atol=0)
    torch.testing.assert_close(MultiResolutionStft()(louder), torch.full((2,), 1 + math.log(2)), rtol=1e-3, atol=0)


def test_the_published_mel_distance_goes_up_to_half_the_sample_rate():
    time = torch.arange(8192) / RATE
    hiss = 0.3 * (2 * math.pi * 9500 * time).sin().expand(2, 1, -1)  # above the 8 kHz of a generator's input
    assert (
        MelL1(RATE)(offer(noise() + hiss, noise())).min()
        > 5 * MelL1(RATE, fmax=8000.0)(offer(noise() + hiss, noise())).max()
    )


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: MelL1(RATE, hop_length=0), "hop_length"),
        (lambda: MultiScaleMel(RATE, windows=[512], bands=[20, 40]), "bands has 2"),
        (lambda: MultiScaleMel(RATE, windows=[512], bands=[0]), "bands.0"),
        (lambda: MultiResolutionStft(fft_sizes=[64], hops=[16], windows=[128]), "windows.0"),
        (lambda: MultiResolutionStft(fft_sizes=[], hops=[], windows=[]), "fft_sizes: is empty"),
    ],
)
def test_settings_out_of_range_are_refused_by_name(make, field):
    with pytest.raises(ConfigError, match=field):
        make()

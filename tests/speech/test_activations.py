from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from toolkit.errors import ConfigError
from toolkit.speech.activations import AntiAliased, Snake, activation_module, low_pass


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_snake_adds_a_squared_sine() -> None:
    snake, beta = Snake(2).double(), Snake(2, beta=True).double()
    with torch.no_grad():
        for parameter in (snake.alpha, beta.alpha):
            parameter.copy_(torch.tensor([0.0, math.log(3.0)]))
        assert beta.beta is not None
        beta.beta.copy_(torch.tensor([math.log(2.0), 0.0]))
    x = noise(1, 2, 7)
    a, b = torch.tensor([[1.0], [3.0]]), torch.tensor([[2.0], [1.0]])
    torch.testing.assert_close(snake(x), x + (a * x).sin() ** 2 / a, atol=1e-6, rtol=0)
    torch.testing.assert_close(beta(x), x + (a * x).sin() ** 2 / b, atol=1e-6, rtol=0)


def interleaved(activation: nn.Module, x: Tensor, taps: Tensor) -> Tensor:
    """The same the long way: one sample in two is zero, all twelve taps, every second sample of the result."""
    size, kernel = len(taps), taps.view(1, 1, -1)
    around = functional.pad(x, (5, 5), mode="replicate")
    spread = torch.zeros(*around.shape[:2], 2 * around.shape[2], dtype=x.dtype)
    spread[..., ::2] = 2 * around
    doubled = functional.conv1d(functional.pad(spread, (size - 1, size - 1)).flatten(0, 1)[:, None], kernel)[:, 0]
    doubled = doubled.view(*x.shape[:2], -1)[..., 15 : 15 + 2 * x.shape[2]]
    active = functional.pad(activation(doubled), (5, 6), mode="replicate")
    return functional.conv1d(active.flatten(0, 1)[:, None], kernel, stride=2)[:, 0].view_as(x)


@pytest.mark.parametrize("frames", [1, 2, 9, 30])
def test_two_halves_do_what_interleaved_samples_do(frames: int) -> None:
    snake = Snake(3).double()
    network = AntiAliased(snake).double()
    x = noise(2, 3, frames)
    with torch.no_grad():
        wanted = interleaved(snake, x, network.taps)
        torch.testing.assert_close(network(x), wanted)
        torch.testing.assert_close(network(x[:, :, None])[:, :, 0], wanted)


def test_a_high_tone_makes_less_of_what_it_should_not() -> None:
    time = torch.arange(512, dtype=torch.float64)
    tone = 0.5 * torch.sin(2 * math.pi * 180 / 512 * time)[None, None]  # its second harmonic lies above half the rate
    snake = Snake(1).double()
    folded = [
        torch.fft.rfft(activated[0, 0, 64:-64] * torch.hann_window(384, dtype=torch.float64)).abs()[10:120].sum()
        for activated in (snake(tone).detach(), AntiAliased(snake).double()(tone).detach())
    ]
    assert folded[1] < folded[0] / 3


def test_the_filter_passes_low_frequencies_and_stops_high_ones() -> None:
    taps = low_pass(12, 0.25, 0.3)
    response = torch.fft.rfft(taps, 64).abs()
    assert response[0] == pytest.approx(1.0)
    assert response[4] > 0.9
    assert response[28:].max() < 0.1
    torch.testing.assert_close(taps, taps.flip(0))


def test_an_unknown_activation_is_refused() -> None:
    with pytest.raises(ConfigError, match="snakebeta"):
        activation_module("relu", 4, 0.1)  # type: ignore[arg-type]


def test_a_row_keeps_its_channels_last() -> None:
    row = noise(2, 4, 1, 20).contiguous(memory_format=torch.channels_last)
    assert AntiAliased(Snake(4)).double()(row).is_contiguous(memory_format=torch.channels_last)

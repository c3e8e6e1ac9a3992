"""Periodic activations, and what keeps them from folding high frequencies back into the signal.

Lee et al. 2023, "BigVGAN: a universal neural vocoder with large-scale training", section 3.2. Speech is periodic, and
an activation that is too extrapolates pitch better than one that is piecewise linear. It also makes frequencies above
half the rate, which come back as wrong low ones; so the signal is brought to twice the rate, activated there, low-pass
filtered and brought back.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from toolkit.errors import ConfigError, Problem

Activation = Literal["leaky", "snake", "snakebeta"]

_TAPS = 12  # of the low-pass filter
_CUTOFF = 0.25  # in parts of the doubled rate: what the original rate can hold
_HALF_WIDTH = 0.3  # of the band in which the filter falls
_TINY = 1e-9


class Leaky(nn.Module):
    """Leaky ReLU.

    Attributes:
        reach: samples on each side that one sample depends on.
    """

    reach = 0

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, x: Tensor, inplace: bool = False) -> Tensor:
        """The activated signal; in the memory of `x` where the caller needs that no more."""
        return functional.leaky_relu(x, self.slope, inplace)


class Snake(nn.Module):
    """x + sin^2(a x) / a, with one a per channel (Ziyin, Hartwig & Ueda 2020, equation 3).

    `beta` gives the amplitude a parameter of its own: x + sin^2(a x) / b, "SnakeBeta" of BigVGAN's code. Both are
    stored as logarithms, so that they stay positive; they start at 1.

    Args:
        channels: of the signal.
        beta: whether frequency and amplitude are learned apart.
    """

    def __init__(self, channels: int, beta: bool = False) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.zeros(channels))
        self.beta = nn.Parameter(torch.zeros(channels)) if beta else None

    def forward(self, x: Tensor) -> Tensor:
        """The activated signal, `[B, C, ...]`."""
        shape = (-1, *[1] * (x.dim() - 2))
        frequency = self.alpha.exp().view(shape)
        amplitude = frequency if self.beta is None else self.beta.exp().view(shape)
        return x + (x * frequency).sin().square() / (amplitude + _TINY)


class AntiAliased(nn.Module):
    """An activation at twice the rate of the signal (BigVGAN, section 3.2 and figure 1).

    The samples of even and of odd numbers of the doubled signal are kept apart and never interleaved: going up are two
    filters of half the taps at the signal's own rate, going down two more.

    Args:
        activation: works on every sample alone.

    Attributes:
        reach: samples on each side that one sample depends on.
    """

    reach = _TAPS // 2 - 1
    taps: Tensor

    def __init__(self, activation: nn.Module) -> None:
        super().__init__()
        self.activation = activation
        self.register_buffer("taps", low_pass(_TAPS, _CUTOFF, _HALF_WIDTH), persistent=False)

    def forward(self, x: Tensor, inplace: bool = False) -> Tensor:
        """The activated signal, `[B, C, T]` or `[B, C, 1, T]`; `inplace` is for the sake of `Leaky`."""
        first, last = self.taps[0::2], self.taps[1::2]
        side = _TAPS // 4
        edges = _Edges(x[..., :1], x[..., -1:])
        # Twice, because half of the samples that the filter would meet at the doubled rate are zero.
        even = self.activation(_filtered(edges.around(x, side, side - 1), 2 * last.flip(0)))
        odd = self.activation(_filtered(edges.around(x, side - 1, side), 2 * first.flip(0)))
        edges = _Edges(even[..., :1], odd[..., -1:])
        return _filtered(edges.around(even, side - 1, side), last) + _filtered(edges.around(odd, side, side - 1), first)


class _Edges:
    """A signal goes on beyond its ends with its first and last value."""

    def __init__(self, first: Tensor, last: Tensor) -> None:
        self.first, self.last = first, last

    def around(self, x: Tensor, before: int, after: int) -> Tensor:
        wide = [-1] * (x.dim() - 1)
        parts = [self.first.expand(*wide, before), x, self.last.expand(*wide, after)]
        if x.dim() == 3:
            return torch.cat(parts, dim=2)
        # Channels last, as `x` is: of pieces that are views, `cat` would make the plain layout.
        return torch.cat([part.permute(0, 2, 3, 1) for part in parts], dim=2).permute(0, 3, 1, 2)


def _filtered(x: Tensor, taps: Tensor) -> Tensor:
    """Every channel filtered alone, without padding."""
    channels = int(x.shape[1])  # a constant also where a tracer looks on
    kernel = taps.to(x.dtype).expand(channels, *[1] * (x.dim() - 2), -1)
    convolution = functional.conv1d if x.dim() == 3 else functional.conv2d
    return convolution(x, kernel, groups=channels)


def low_pass(taps: int, cutoff: float, half_width: float) -> Tensor:
    """A sinc in a Kaiser window, with sum 1.

    The window's shape follows from the attenuation that its length and the width of the falling band allow: Kaiser's
    formulas in Oppenheim & Schafer, "Discrete-time signal processing", section 7.6.

    Args:
        taps: length; even, so that the filter's centre is between two samples.
        cutoff: middle of the falling band, in parts of the sample rate.
        half_width: half of the band's width, likewise.
    """
    attenuation = 2.285 * (taps // 2 - 1) * math.pi * 4 * half_width + 7.95
    if attenuation > 50:
        beta = 0.1102 * (attenuation - 8.7)
    elif attenuation >= 21:
        beta = 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21)
    else:
        beta = 0.0
    window = torch.kaiser_window(taps, periodic=False, beta=beta, dtype=torch.float64)
    time = torch.arange(taps, dtype=torch.float64) - (taps - 1) / 2
    response = window * torch.sinc(2 * cutoff * time)
    return (response / response.sum()).float()


def activation_module(name: Activation, channels: int, slope: float) -> Leaky | AntiAliased:
    """An activation for a signal of so many channels.

    Args:
        name: `leaky`, or a periodic one, which comes anti-aliased.
        channels: of the signal.
        slope: of the leaky ReLU.

    Raises:
        ConfigError: there is no such activation.
    """
    if name == "leaky":
        return Leaky(slope)
    if name in ("snake", "snakebeta"):
        return AntiAliased(Snake(channels, beta=name == "snakebeta"))
    raise ConfigError([Problem("activation", f"is '{name}'; choices: leaky, snake, snakebeta")], "the generator")

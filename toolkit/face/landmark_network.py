"""A small network that finds the landmarks of a face, and says whether there is one."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from toolkit.errors import ConfigError, Problem
from toolkit.face.geometry import COUNT
from toolkit.image.checks import require_positive

OUTPUTS = 2 * COUNT + 1
"""Numbers that the network gives for a picture: x and y of each landmark, then the logit of its being a face."""


class LandmarkNetwork(nn.Module):
    """Heat maps whose centres of mass are the landmarks (integral regression).

    Source: X. Sun et al., "Integral human pose regression", ECCV 2018, equation 2: the softmax of a map is a
    distribution over places, and its mean is a place between pixels with a gradient to all of them. The maps have a
    quarter of the picture's side; residual convolutions down to a sixteenth see the whole face, and two steps upward
    bring what they saw to the finer activations. From the coarsest ones a small head says whether this is a face.

    Args:
        size: side of the pictures, a multiple of 16.
        width: channels at half the size, doubled with every halving; 16 has 0.63 M parameters. Multiples of 16 are much
            faster than others on a CPU.

    Raises:
        ConfigError: the size is no multiple of 16, or the width is not positive.
    """

    places: Tensor

    def __init__(self, size: int = 64, width: int = 16) -> None:
        super().__init__()
        if size < 32 or size % 16:
            raise ConfigError([Problem("size", f"is {size}; it must be a multiple of 16, from 32 on")])
        require_positive("the landmarker", width=width)
        self.size = size
        quarter, eighth, sixteenth = 2 * width, 4 * width, 8 * width
        self.stem = _layer(3, width, stride=2)
        self.quarter = nn.Sequential(_layer(width, quarter, stride=2), _Residual(quarter))
        self.eighth = nn.Sequential(_layer(quarter, eighth, stride=2), _Residual(eighth), _Residual(eighth))
        self.sixteenth = nn.Sequential(_layer(eighth, sixteenth, stride=2), _Residual(sixteenth))
        self.up = nn.Conv2d(sixteenth, eighth, 1)
        self.merge = _layer(eighth, eighth)
        self.upper = nn.Conv2d(eighth, quarter, 1)
        self.fine = nn.Sequential(_layer(quarter, 2 * quarter), nn.Conv2d(2 * quarter, COUNT, 1))
        self.judge = nn.Sequential(nn.Linear(sixteenth, 32), nn.SiLU(), nn.Linear(32, 1))
        side = size // 4
        self.register_buffer("places", (torch.arange(side) + 0.5) / side, persistent=False)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """`[B, 137]`: see `points` and `logits`.

        Args:
            x_BCHW: `[B, 3, size, size]` in [-1, 1], a face that fills about three quarters of it.
        """
        fine = self.quarter(self.stem(x_BCHW))
        middle = self.eighth(fine)
        coarse = self.sixteenth(middle)
        middle = self.merge(middle + _twice(self.up(coarse)))
        maps = self.fine(fine + _twice(self.upper(middle)))
        exact = torch.float64 if maps.dtype == torch.float64 else torch.float32
        share = maps.to(exact).flatten(2).softmax(-1).view(maps.shape)
        x, y = share.sum(2) @ self.places.to(exact), share.sum(3) @ self.places.to(exact)
        points = torch.stack([x, y], -1).flatten(1)
        return torch.cat([points, self.judge(coarse.mean((2, 3))).to(exact)], 1)


def points(output: Tensor) -> Tensor:
    """`[B, 68, 2]` of what the network gives: x and y from 0 to 1, from the top left corner of the picture."""
    return output[:, :-1].reshape(-1, COUNT, 2)


def logits(output: Tensor) -> Tensor:
    """`[B]` of what the network gives: above 0, a face is likelier than none."""
    return output[:, -1]


def _layer(before: int, after: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(before, after, 3, stride, 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(after), nn.SiLU(inplace=True))


def _twice(x: Tensor) -> Tensor:
    return interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


class _Residual(nn.Module):
    """Two convolutions beside the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _layer(channels, channels)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = x + self.second(self.first(x))
        return torch.nn.functional.silu(added)

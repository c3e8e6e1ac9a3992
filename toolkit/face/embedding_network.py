"""A small network that tells people apart by their faces."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from toolkit.errors import ConfigError, Problem
from toolkit.image.checks import require_positive


class EmbeddingNetwork(nn.Module):
    """From an aligned crop to a vector of unit length; people are directions.

    Source: S. Chen et al., "MobileFaceNets", CCBR 2018: the last activations are not averaged over places but weighted
    by a depthwise convolution of their whole size (section 3.1), since the middle of an aligned face says more than its
    border. The layers before it are residual 3 x 3 convolutions, which a CPU computes faster than separable ones.

    Args:
        classes: people K that it learns from.
        size: side of the crops, a multiple of 16.
        width: channels at half the size; 32 has 0.6 M parameters beside those of the classes.
        dimensions: length of a vector.

    Raises:
        ConfigError: a number is out of range.
    """

    def __init__(self, classes: int = 2, size: int = 64, width: int = 32, dimensions: int = 128) -> None:
        super().__init__()
        require_positive("the embedder", classes=classes, width=width, dimensions=dimensions)
        if size < 16 or size % 16:
            raise ConfigError([Problem("size", f"is {size}; it must be a multiple of 16, from 16 on")], "the embedder")
        self.size, self.dimensions, self.classes = size, dimensions, classes
        self.stages = nn.ModuleList(
            [
                _layer(3, width, 2),
                nn.Sequential(_layer(width, 2 * width, 2), _Residual(2 * width)),
                nn.Sequential(_layer(2 * width, 3 * width, 2), _Residual(3 * width), _Residual(3 * width)),
                _layer(3 * width, 4 * width, 2),
            ]
        )
        self.places = nn.Conv2d(4 * width, 4 * width, size // 16, groups=4 * width, bias=False)
        self.norm = nn.BatchNorm2d(4 * width)
        self.last = nn.Linear(4 * width, dimensions)
        # Short, about 1: the longer a vector, the smaller the angle by which a step of Adam turns it.
        self.people = nn.Parameter(0.1 * torch.randn(classes, dimensions))

    def maps(self, x_BCHW: Tensor) -> list[Tensor]:
        """What each stage sees: `[B, N, H, W]` at a half, a quarter, an eighth and a sixteenth of the size."""
        found = []
        for stage in self.stages:
            x_BCHW = stage(x_BCHW)
            found.append(x_BCHW)
        return found

    def embed(self, x_BCHW: Tensor) -> Tensor:
        """`[B, dimensions]` of unit length, of crops `[B, 3, size, size]` in [-1, 1]."""
        return self.finish(self.maps(x_BCHW)[-1])

    def finish(self, last: Tensor) -> Tensor:
        """`[B, dimensions]` of unit length, of the last of `maps`."""
        seen = self.norm(self.places(last)).flatten(1)
        exact = torch.float64 if seen.dtype == torch.float64 else torch.float32
        return normalize(self.last(seen).to(exact))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """`[B, K]`: cosines of the crops' vectors with those of the people it learns from."""
        vectors = self.embed(x_BCHW)
        with torch.autocast(x_BCHW.device.type, enabled=False):
            return vectors @ normalize(self.people).T.to(vectors.dtype)


def _layer(before: int, after: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(before, after, 3, stride, 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(after), nn.PReLU(after))


class _Residual(nn.Module):
    """Two convolutions beside the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _layer(channels, channels)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = x + self.second(self.first(x))
        return added

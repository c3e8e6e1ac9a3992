"""Pixels as features: needs no weights, so it works for any pictures and at once."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from toolkit.errors import ConfigError, DataError, Problem
from toolkit.metrics.extractor import check_floating


class Pixels:
    """Features that are the picture itself, averaged down to a small square.

    Every feature is the mean of a rectangle of pixels, so no detail aliases. The distances notice wrong colours,
    brightness and layout; they do not notice sharpness or meaning.

    Args:
        size: height and width of the square, in pixels, at least 1 and at most the pictures' own.
    """

    def __init__(self, size: int = 8) -> None:
        if size < 1:
            raise ConfigError([Problem("size", f"is {size}; it must be at least 1")], "the extractor 'pixels'")
        self.size = size
        self.name = f"pixels-{size}x{size}"
        self.dimension = 0

    def __call__(self, data: Tensor) -> Tensor:
        """`[B, C * size * size]` float32 features of `x_BCHW`.

        Raises:
            DataError: not a batch of pictures, pictures smaller than `size`, or another number of channels than before.
        """
        check_floating(data, self.name)
        if data.ndim != 4:
            raise DataError(f"the extractor '{self.name}' takes pictures [B, C, H, W], not {list(data.shape)}")
        if min(data.shape[2:]) < self.size:
            raise DataError(
                f"the extractor '{self.name}' needs pictures of at least {self.size} x {self.size} pixels, "
                f"not {data.shape[2]} x {data.shape[3]}",
                f"set extractor.size to {min(data.shape[2:])} or less",
            )
        dimension = data.shape[1] * self.size**2
        if self.dimension not in (0, dimension):
            raise DataError(
                f"the extractor '{self.name}' saw pictures with {self.dimension // self.size**2} channels before, "
                f"now with {data.shape[1]}",
                "convert all pictures to the same colour mode",
            )
        self.dimension = dimension
        with torch.no_grad():
            return self.differentiable(data)

    def differentiable(self, data: Tensor) -> Tensor:
        """The same features with their graph, for perceptual losses."""
        return adaptive_avg_pool2d(data.float(), self.size).flatten(1)

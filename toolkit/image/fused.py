"""A 3x3 convolution together with the doubling before it or the halving after it, as one cheaper convolution.

Nearest-neighbour doubling repeats pixels, and averaging adds what a convolution has computed for neighbours; in both
cases the nine taps meet a 2x2 box, and box and kernel combine into one 4x4 kernel with stride 2. The result is the same
up to rounding, for 4 instead of 9 multiplications per pixel of the larger picture (Karras et al. 2018 do the same under
the name "fused scale"). The weight stays a 3x3 kernel. Differentiable as often as wanted.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def doubled_convolution(x_BCHW: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Nearest-neighbour doubling, then a convolution with padding 1: `[B, O, 2H, 2W]`.

    Args:
        x_BCHW: pictures or activations.
        weight: `[O, C, 3, 3]`.
        bias: `[O]`.
    """
    kernel = _boxed(weight.flip(2, 3)).transpose(0, 1)  # transposed convolutions take [C, O, ...] and turn the kernel
    return F.conv_transpose2d(x_BCHW, kernel, bias, stride=2, padding=1)


def halved_convolution(x_BCHW: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """A convolution with padding 1, then the mean of every 2x2 square: `[B, O, H/2, W/2]`.

    Args:
        x_BCHW: pictures or activations of even height and width.
        weight: `[O, C, 3, 3]`.
        bias: `[O]`.
    """
    return F.conv2d(x_BCHW, _boxed(weight) / 4, bias, stride=2, padding=1)


def _boxed(weight: Tensor) -> Tensor:
    """`[..., 4, 4]`: a 3x3 kernel convolved with a 2x2 box of ones."""
    wide = F.pad(weight, (0, 1)) + F.pad(weight, (1, 0))
    return F.pad(wide, (0, 0, 0, 1)) + F.pad(wide, (0, 0, 1, 0))

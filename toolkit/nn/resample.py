"""Doubling and halving of pictures with a smooth kernel, differentiable as often as wanted.

Both directions use the separable kernel [1, 3, 3, 1] and take what lies outside the picture as zero. For doubling this
is bilinear interpolation; halving is its transpose, divided by 4. Only operations whose own derivative can be
differentiated again are used, because gradient penalties pass through here. The result keeps the memory format of its
input, and its dtype also under autocast.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def upsample(x_BCHW: Tensor) -> Tensor:
    """Twice the height and width; a constant stays constant except on the outermost pixels.

    >>> upsample(torch.ones(1, 1, 2, 2))[0, 0, 0].tolist()
    [0.5625, 0.75, 0.75, 0.5625]
    """
    with torch.autocast(x_BCHW.device.type, enabled=False):
        # The interpolation kernel of a CPU is vectorised over channels and reads each input once. Its CUDA counterpart
        # adds gradients up in no fixed order, the transposed convolution does not.
        return _upsample_interpolating(x_BCHW) if x_BCHW.device.type == "cpu" else _upsample_transposed(x_BCHW)


def downsample(x_BCHW: Tensor) -> Tensor:
    """Half the height and width, which must be even; a constant stays constant except on the outermost pixels.

    >>> downsample(torch.ones(1, 1, 4, 4))[0, 0, 0].tolist()
    [0.765625, 0.765625]

    Raises:
        ValueError: the height or the width is odd.
    """
    height, width = x_BCHW.shape[-2:]
    if height % 2 or width % 2:
        raise ValueError(f"downsample needs an even height and width, got {height}x{width}")
    with torch.autocast(x_BCHW.device.type, enabled=False):
        return _downsample_adjoint(x_BCHW) if x_BCHW.device.type == "cpu" else _downsample_strided(x_BCHW)


def _upsample_interpolating(x_BCHW: Tensor) -> Tensor:
    """Interpolation repeats the border instead of adding zeros: per axis, its outermost value is 4/3 of ours."""
    height, width = x_BCHW.shape[-2:]
    smooth = F.interpolate(x_BCHW, scale_factor=2.0, mode="bilinear", align_corners=False)
    return smooth * _border(2 * height, 2 * width, x_BCHW)


def _downsample_adjoint(x_BCHW: Tensor) -> Tensor:
    """The gradient kernel of interpolation: vectorised, and its own gradient is interpolation.

    A depthwise convolution computes the same, but its gradients take 20 times as long on a CPU: a training step of the
    narrow residual pair with R1 and R2 was 1.6 times slower.
    """
    batch, channels, height, width = x_BCHW.shape
    small = [batch, channels, height // 2, width // 2]
    inside = x_BCHW * (_border(height, width, x_BCHW) / 4)
    halved: Tensor = torch.ops.aten.upsample_bilinear2d_backward(inside, [height, width], small, False, None, None)
    return halved


def _downsample_strided(x_BCHW: Tensor) -> Tensor:
    return F.conv2d(x_BCHW, _depthwise_kernel(x_BCHW, 64.0), stride=2, padding=1, groups=x_BCHW.shape[1])


def _upsample_transposed(x_BCHW: Tensor) -> Tensor:
    return F.conv_transpose2d(x_BCHW, _depthwise_kernel(x_BCHW, 16.0), stride=2, padding=1, groups=x_BCHW.shape[1])


def _border(height: int, width: int, like: Tensor) -> Tensor:
    """`[H, W]`: 1 inside, 3/4 for each axis at whose end a pixel lies."""
    factor = torch.ones(height, width, dtype=like.dtype, device=like.device)
    factor[0] *= 0.75
    factor[-1] *= 0.75
    factor[:, 0] *= 0.75
    factor[:, -1] *= 0.75
    return factor


def _depthwise_kernel(like_BCHW: Tensor, divisor: float) -> Tensor:
    """`[C, 1, 4, 4]`: the outer product of the taps, the same for each channel; made on the device, without a copy."""
    taps = 4 - (2 * torch.arange(4, dtype=like_BCHW.dtype, device=like_BCHW.device) - 3).abs()  # 1, 3, 3, 1
    return (taps[:, None] * taps / divisor).expand(like_BCHW.shape[1], 1, 4, 4).contiguous()

"""One-dimensional convolutions on signals that lie in memory with their channels last.

A signal `[B, C, T]` is a picture with a single row, `[B, C, 1, T]`. With channels last (`torch.channels_last`) it is
what oneDNN's kernels read and write without reordering, and for linear layers over channels it is `[B, T, C]` without a
copy. The plain layout that conv1d works on is reordered before and after every layer: on a CPU that is a tenth to a
third of the time of HiFi-GAN V2 in training and use, more in bfloat16, and ten times a depthwise convolution itself.
Elsewhere signals stay as they are.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def as_row(x_BCT: Tensor) -> Tensor:
    """The signal in the layout for its device: `[B, C, 1, T]` with channels last on a CPU, elsewhere as it is."""
    if not _rows_on(x_BCT.device):
        return x_BCT
    return x_BCT[:, :, None].contiguous(memory_format=torch.channels_last)


def as_signal(x: Tensor) -> Tensor:
    """`[B, C, T]` of what `as_row` made."""
    return x[:, :, 0] if x.dim() == 4 else x


def convolve(layer: nn.Module, x: Tensor) -> Tensor:
    """An `nn.Conv1d` over time of a signal in either layout."""
    assert isinstance(layer, nn.Conv1d)
    if x.dim() == 3:
        convolved: Tensor = layer(x)
        return convolved
    if _is_long(layer, x):
        return as_row(layer(as_signal(x)))
    assert isinstance(layer.padding, tuple)
    return functional.conv2d(
        x,
        layer.weight[:, :, None],
        layer.bias,
        (1, layer.stride[0]),
        (0, layer.padding[0]),
        (1, layer.dilation[0]),
        layer.groups,
    )


def convolve_frames(layer: nn.Conv1d, x_BTC: Tensor) -> Tensor:
    """An `nn.Conv1d` over time of `[B, T, C]`, which is a row with channels last already."""
    if not _rows_on(x_BTC.device):
        return convolve(layer, x_BTC.transpose(1, 2)).transpose(1, 2)
    return convolve(layer, x_BTC[:, None].permute(0, 3, 1, 2)).permute(0, 2, 3, 1)[:, 0]


def convolve_transposed(layer: nn.Module, x: Tensor) -> Tensor:
    """An `nn.ConvTranspose1d` over time of a signal in either layout."""
    assert isinstance(layer, nn.ConvTranspose1d)
    if x.dim() == 3:
        convolved: Tensor = layer(x)
        return convolved
    assert isinstance(layer.padding, tuple)
    return functional.conv_transpose2d(
        x, layer.weight[:, :, None], layer.bias, (1, layer.stride[0]), (0, layer.padding[0]), groups=layer.groups
    )


def _rows_on(device: torch.device) -> bool:
    return device.type == "cpu"


def _is_long(layer: nn.Conv1d, x: Tensor) -> bool:
    """Whether a dilated kernel is so long that oneDNN is slower with channels last, by more than two copies cost.

    Measured for float32 only: kernel 11 with 64 and more channels reaches 60 to 75 % of its speed; narrower layers,
    shorter kernels and bfloat16 gain from channels last throughout.
    """
    long = layer.dilation[0] > 1 and layer.kernel_size[0] >= 11 and layer.in_channels >= 64
    return long and x.dtype == torch.float32 and not torch.is_autocast_enabled("cpu")

"""Layers of the style-based pair: weights of unit variance scaled as they are used, and modulated convolutions.

Equalised learning rate: Karras et al. 2018, "Progressive growing of GANs", section 4.1. Modulation and demodulation:
Karras et al. 2020, "Analyzing and improving the image quality of StyleGAN", section 2.2 and equations 1 to 3.

Every leaky ReLU a of slope 0.2 comes with a gain of sqrt(2). As a(c y) = c a(y) for c > 0, the gain is a factor of the
weights before it, which costs nothing, instead of a pass over the activations after it.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from toolkit.errors import ConfigError, Problem
from toolkit.image.checks import require_positive, require_resolution
from toolkit.nn.resample import upsample

ROOT_TWO = math.sqrt(2.0)
_SLOPE = 0.2
_TINY = 1e-8  # epsilon of equation 3


def activate(x: Tensor) -> Tensor:
    """Leaky ReLU of slope 0.2, in place; see the module's text for its gain."""
    return F.leaky_relu(x, _SLOPE, inplace=True)


def stage_widths(resolution: int, width: int, max_width: int, part: str) -> list[int]:
    """Channels of the stages from 4x4 up to the full resolution: `width` there, twice as many per halving, capped.

    Args:
        resolution: a power of two from 4 to 1024.
        width: channels at full resolution.
        max_width: no stage has more.
        part: what is being built, for messages.

    Raises:
        ConfigError: the resolution is not supported, a width is below 1, or `max_width` is below `width`.
    """
    require_resolution(resolution, 4, 1024, part)
    require_positive(part, width=width, max_width=max_width)
    if max_width < width:
        raise ConfigError([Problem("max_width", f"is {max_width}, less than the width {width}")], part)
    count = resolution.bit_length() - 2
    return [min(width * 2**halvings, max_width) for halvings in reversed(range(count))]


class EqualisedLinear(nn.Linear):
    """A linear layer with N(0, 1) weights that are divided by the root of the fan-in when used.

    An optimiser that takes steps of one size (Adam) then changes all layers at the same relative speed. Under spectral
    normalisation, which sets the size of a weight itself, the scale is left out.

    Args:
        inputs: features of the input.
        outputs: features of the output.
        gain: factor on the weights.
        bias: initial value of every bias.
        rate: the layer learns this many times as fast; its stored values are that much larger or smaller in turn.
    """

    def __init__(self, inputs: int, outputs: int, gain: float = 1.0, bias: float = 0.0, rate: float = 1.0) -> None:
        super().__init__(inputs, outputs)
        self.scale, self.rate = gain * rate / math.sqrt(inputs), rate
        with torch.no_grad():
            self.weight.normal_(0.0, 1.0 / rate)
            self.bias.fill_(bias / rate)

    def forward(self, x: Tensor) -> Tensor:
        """`[..., outputs]`."""
        weight = self.weight if is_parametrized(self, "weight") else self.weight * self.scale
        return F.linear(x, weight, self.bias * self.rate)


class EqualisedConvolution(nn.Conv2d):
    """A convolution of odd size that keeps height and width, with weights as in `EqualisedLinear`.

    Args:
        before: channels of the input.
        after: channels of the output.
        size: height and width of the kernel.
        gain: factor on the weights.
        bias: whether there is one; it starts at zero.
    """

    def __init__(self, before: int, after: int, size: int, gain: float = 1.0, bias: bool = True) -> None:
        super().__init__(before, after, size, padding=size // 2, bias=bias)
        self.scale = gain / math.sqrt(before * size**2)
        with torch.no_grad():
            self.weight.normal_()
            if self.bias is not None:
                self.bias.zero_()

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """`x_BCHW` with `after` channels."""
        weight = self.weight if is_parametrized(self, "weight") else self.weight * self.scale
        return F.conv2d(x_BCHW, weight, self.bias, padding=self.kernel_size[0] // 2)


def modulated_convolution(
    x_BIHW: Tensor, weight_OIKK: Tensor, style_BI: Tensor, *, demodulate: bool = True, gain: float = 1.0
) -> Tensor:
    """A convolution whose input channels are scaled per sample, and whose outputs are brought back to unit variance.

    The paper multiplies the weights by the style, w'_oik = s_i w_oik (equation 1), and divides them by their norm,
    w''_oik = w'_oik / sqrt(sum_ik w'_oik^2 + eps) (equation 3).

    Args:
        x_BIHW: input, of unit variance if the output is to be.
        weight_OIKK: kernels of odd size K, N(0, 1) at the start; used divided by the root of their fan-in.
        style_BI: scale s of each input channel, of each sample.
        demodulate: divide by the norm; without it, scaling a style scales the output.
        gain: factor on the output.

    Returns:
        `[B, O, H, W]`.
    """
    # Weights of each sample's own would make it a grouped convolution with a group per sample, whose kernels are slow.
    # A convolution is linear in its input channels and in its output: scaling the input by s and the output by the norm
    # is equal, and leaves one ordinary convolution, the fastest kernel there is, for two element-wise products. Nothing
    # leaves the range of bfloat16, which is that of float32 (float16 would need styles that are normalised before).
    with torch.autocast(x_BIHW.device.type, enabled=False):  # the norm is a sum of many squares
        style_BI = style_BI.to(weight_OIKK.dtype) / math.sqrt(weight_OIKK[0].numel())
        squares_BO = F.linear(style_BI.square(), weight_OIKK.square().sum((2, 3))) if demodulate else None
    scaled_BIHW = x_BIHW * style_BI.to(x_BIHW.dtype)[:, :, None, None]
    y = F.conv2d(scaled_BIHW, weight_OIKK, padding=weight_OIKK.shape[-1] // 2)
    if squares_BO is None:
        return y if gain == 1.0 else y * gain
    factor_BO = gain * (squares_BO + _TINY).rsqrt()
    return y * factor_BO.to(y.dtype)[:, :, None, None]


class StyledConvolution(nn.Module):
    """a(up(modulated 3x3 convolution) + strength * noise + bias), the style an affine function of w.

    Enlarging comes after the convolution: as many products as the paper's convolution with stride 1/2, and the same
    smooth kernel, but the kernel's points lie on the small picture's grid. (Enlarging first has four times the
    products.)

    Args:
        before: channels of the input.
        after: channels of the output.
        style: length D of w.
        enlarge: double the height and width.
    """

    def __init__(self, before: int, after: int, style: int, enlarge: bool) -> None:
        super().__init__()
        self.enlarge = enlarge
        self.affine = EqualisedLinear(style, before, bias=1.0)
        self.weight = nn.Parameter(torch.randn(after, before, 3, 3))
        self.strength = nn.Parameter(torch.zeros(1))
        self.bias = nn.Parameter(torch.zeros(after))

    def forward(self, x_BCHW: Tensor, w_BD: Tensor, noise_B1HW: Tensor) -> Tensor:
        """`x_BCHW` with `after` channels, of the noise's height and width.

        Args:
            x_BCHW: activations.
            w_BD: style vectors.
            noise_B1HW: standard normal maps at the output's size; one for all samples, or one each.
        """
        with torch.autocast(x_BCHW.device.type, enabled=False):
            style_BI = self.affine(w_BD)
            noise_B1HW = self.strength * noise_B1HW
        y = modulated_convolution(x_BCHW, self.weight, style_BI, gain=ROOT_TWO)
        if self.enlarge:
            y = upsample(y)
        return activate(y.add_(noise_B1HW.to(y.dtype)).add_(self.bias.to(y.dtype)[:, None, None]))


class StyledPicture(nn.Module):
    """Activations to colours: a modulated 1x1 convolution without demodulation, and a bias.

    Args:
        before: channels of the input.
        channels: colours.
        style: length D of w.
    """

    def __init__(self, before: int, channels: int, style: int) -> None:
        super().__init__()
        self.affine = EqualisedLinear(style, before, bias=1.0)
        self.weight = nn.Parameter(torch.randn(channels, before, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x_BCHW: Tensor, w_BD: Tensor) -> Tensor:
        """`[B, channels, H, W]`, in the precision of the weights: pictures of all sizes are added up."""
        with torch.autocast(x_BCHW.device.type, enabled=False):
            style_BI = self.affine(w_BD)
        y = modulated_convolution(x_BCHW, self.weight, style_BI, demodulate=False)
        return y.to(self.weight.dtype) + self.bias[:, None, None]

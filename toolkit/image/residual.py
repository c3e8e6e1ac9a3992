"""The residual pair without normalisation: a modern baseline for relativistic losses with R1 and R2.

Huang, Gokaslan, Kuleshov & Tompkin 2024, "The GAN is dead; long live the GAN! A modern GAN baseline", section 3 and
configuration E: bottleneck-inverted residual blocks with a grouped 3x3 convolution, bilinear resampling, Fixup initial
weights (last convolution of a branch zero), no normalisation, no tanh. Generator and discriminator mirror each other.
The 4x4 stage is computed in the precision of the weights even under autocast, as the authors do.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from toolkit.adversarial.types import DiscriminatorOutput
from toolkit.errors import ConfigError, Problem
from toolkit.image.checks import require_pictures, require_positive, require_resolution
from toolkit.nn.conditioning import LabelEmbedding
from toolkit.nn.init import fan_in_normal_, leaky_relu_gain, residual_gain
from toolkit.nn.resample import downsample, upsample

_SLOPE = 0.2  # of every leaky ReLU


class ResidualBlock(nn.Module):
    """x + W3 a(b2 + W2 a(b1 + W1 x)): 1x1 to the inner width, grouped 3x3, 1x1 back; a = leaky ReLU.

    Args:
        width: channels C of input and output.
        inner: channels between the 1x1 convolutions.
        group_width: channels of one group of the 3x3 convolution; divides `inner`.
        gain: factor on the initial weights of the first two convolutions; the third starts at zero.
    """

    def __init__(self, width: int, inner: int, group_width: int, gain: float) -> None:
        super().__init__()
        self.widen = nn.Conv2d(width, inner, 1)
        self.mix = nn.Conv2d(inner, inner, 3, padding=1, groups=inner // group_width)
        self.narrow = nn.Conv2d(inner, width, 1, bias=False)
        for convolution in (self.widen, self.mix):
            fan_in_normal_(convolution.weight, gain)
            nn.init.zeros_(_bias(convolution))
        nn.init.zeros_(self.narrow.weight)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """`x_BCHW` of the same shape."""
        inner = F.leaky_relu(self.widen(x_BCHW), _SLOPE, inplace=True)
        inner = F.leaky_relu(self.mix(inner), _SLOPE, inplace=True)
        branch: Tensor = self.narrow(inner)
        return branch + x_BCHW  # the first operand decides the memory format, and the weights decided the branch's


class ResidualGenerator(nn.Module):
    """Residual blocks without normalisation and bilinear upsampling (Huang et al. 2024).

    A learned 4x4 picture, its channels scaled by a linear map of the latent vector, then per stage: blocks, and between
    stages a 1x1 convolution where the width changes and upsampling.

    Args:
        resolution: height and width of the pictures: a power of two from 4 to 1024.
        channels: colours of the pictures.
        classes: number of classes; `None` for an unconditional generator. A label's vector stands beside the latent
            one.
        latent: length N of the latent vector.
        width: channels of every stage, when `widths` is not given.
        widths: channels per stage, from 4x4 up to the full resolution.
        blocks: residual blocks per stage.
        expansion: inner channels of a block as a multiple of its width.
        group_width: channels of one group of the 3x3 convolutions.
        patch: the last stage works on pictures this many times smaller than the output: 1 as in the paper; 2 leaves out
            the most expensive stage, and one overlapping (transposed) convolution with this stride stands in for it.
        output: `linear` as in the paper, or `tanh`, with which flat black, white or transparent areas come out exact; a
            linear output leaves a faint pattern there that the discriminator wins by.

    Raises:
        ConfigError: the resolution is not supported, or the widths do not fit it or the groups.
    """

    def __init__(
        self,
        resolution: int = 32,
        channels: int = 3,
        classes: int | None = None,
        latent: int = 64,
        width: int = 96,
        widths: list[int] | None = None,
        blocks: int = 2,
        expansion: int = 2,
        group_width: int = 16,
        patch: Literal[1, 2, 4] = 1,
        output: Literal["linear", "tanh"] = "linear",
    ) -> None:
        super().__init__()
        require_positive("the residual generator", latent=latent)
        self.resolution, self.channels, self.classes, self.latent = resolution, channels, classes, latent
        self.output = output
        stages = _stage_widths(resolution, patch, width, widths, expansion, group_width, "the residual generator")
        self.embedding = None if classes is None else LabelEmbedding(classes, latent, std=classes**-0.5)
        self.scale = _linear(latent if classes is None else 2 * latent, stages[0])
        self.basis = nn.Parameter(torch.randn(stages[0], 4, 4))
        self.stages = _stages(stages, blocks, expansion, group_width)
        self.transitions = nn.ModuleList(_transition(before, after) for before, after in pairwise(stages))
        self.head = _convolution(stages[-1], channels) if patch == 1 else _unpatch(stages[-1], channels, patch)

    def forward(self, z_BN: Tensor, label_B: Tensor | None = None) -> Tensor:
        """Pictures `x_BCHW`, within about [-1, 1].

        Args:
            z_BN: standard normal latent vectors.
            label_B: integer labels, or weights over classes; see `LabelEmbedding`.

        Raises:
            ValueError: the generator is conditional and there is no label.
        """
        with torch.autocast(z_BN.device.type, enabled=False):
            z_BN = z_BN.to(self.basis.dtype)
            if self.embedding is not None:
                z_BN = torch.cat([z_BN, self.embedding(label_B)], dim=1)
            x: Tensor = self.stages[0](self.scale(z_BN)[:, :, None, None] * self.basis)
        for transition, stage in zip(self.transitions, self.stages[1:], strict=True):
            x = stage(upsample(transition(x)))
        x = self.head(x).to(self.basis.dtype)  # the head in half the precision, tanh in the full one: see DCGAN
        return x.tanh() if self.output == "tanh" else x


class ResidualDiscriminator(nn.Module):
    """Residual blocks without normalisation and smooth downsampling (Huang et al. 2024).

    The mirror image of `ResidualGenerator`; at 4x4 a depthwise 4x4 convolution and a linear layer. With classes, that
    layer's output vector is projected on the label's vector, as in Miyato & Koyama 2018.

    Args:
        resolution: height and width of the pictures: a power of two from 4 to 1024.
        channels: colours of the pictures.
        classes: number of classes; `None` for an unconditional discriminator.
        width: channels of every stage, when `widths` is not given.
        widths: channels per stage, from 4x4 up to the full resolution (as in the generator).
        blocks: residual blocks per stage.
        expansion: inner channels of a block as a multiple of its width.
        group_width: channels of one group of the 3x3 convolutions.
        patch: the last stage works on pictures this many times smaller than the output: 1 as in the paper; 2 leaves out
            the most expensive stage, and one overlapping (transposed) convolution with this stride stands in for it.

    Raises:
        ConfigError: the resolution is not supported, or the widths do not fit it or the groups.
    """

    def __init__(
        self,
        resolution: int = 32,
        channels: int = 3,
        classes: int | None = None,
        width: int = 96,
        widths: list[int] | None = None,
        blocks: int = 2,
        expansion: int = 2,
        group_width: int = 16,
        patch: Literal[1, 2, 4] = 1,
    ) -> None:
        super().__init__()
        self.resolution, self.channels, self.classes = resolution, channels, classes
        part = "the residual discriminator"
        stages = _stage_widths(resolution, patch, width, widths, expansion, group_width, part)[::-1]
        last = stages[-1]
        self.stem = _convolution(channels, stages[0]) if patch == 1 else _patch(channels, stages[0], patch)
        self.stages = _stages(stages, blocks, expansion, group_width)
        self.transitions = nn.ModuleList(_transition(before, after) for before, after in pairwise(stages))
        self.pool = nn.Conv2d(last, last, 4, groups=last, bias=False)
        fan_in_normal_(self.pool.weight)
        self.head = _linear(last, 1 if classes is None else last)
        self.projection = None if classes is None else LabelEmbedding(classes, last, std=(last * classes) ** -0.5)

    def forward(self, x_BCHW: Tensor, label_B: Tensor | None = None) -> DiscriminatorOutput:
        """One logit per picture `[B]`, and the activations at the end of every stage as features.

        Raises:
            ValueError: the pictures have another shape, or the discriminator is conditional and there is no label.
        """
        require_pictures(x_BCHW, self.channels, self.resolution)
        features = []
        x = self.stem(x_BCHW)
        for stage, transition in zip(self.stages, self.transitions, strict=False):
            x = stage(x)
            features.append(x)
            x = transition(downsample(x))
        with torch.autocast(x.device.type, enabled=False):
            x = self.stages[-1](x.to(self.head.weight.dtype))
            features.append(x)
            pooled_BN = (x * self.pool.weight[:, 0]).sum((2, 3))  # the depthwise convolution, whose gradients are slow
            answer_BN: Tensor = self.head(pooled_BN)
            if self.projection is not None:
                answer_BN = answer_BN * self.projection(label_B)
            return DiscriminatorOutput((answer_BN.sum(1),), tuple(features))


def _stage_widths(
    resolution: int, patch: int, width: int, widths: list[int] | None, expansion: int, group_width: int, part: str
) -> list[int]:
    """Channels per stage from 4x4 up, checked."""
    require_resolution(resolution, 4 * patch, 1024, part)
    resolution //= patch
    count = resolution.bit_length() - 2
    found = [width] * count if widths is None else list(widths)
    if len(found) != count:
        fault = f"{resolution} pixels have {count} stages, 4x4 to {resolution}x{resolution}; got {len(found)} widths"
        raise ConfigError([Problem("widths", fault)], part)
    for item in found:
        if item < 1 or item * expansion % group_width:
            fault = f"width {item} times expansion {expansion} must be a positive multiple of {group_width}"
            raise ConfigError([Problem("group_width", fault)], part)
    return found


def _stages(widths: list[int], blocks: int, expansion: int, group_width: int) -> nn.ModuleList:
    gain = leaky_relu_gain(_SLOPE) * residual_gain(blocks * len(widths), layers=3)
    return nn.ModuleList(
        nn.Sequential(*(ResidualBlock(width, width * expansion, group_width, gain) for _ in range(blocks)))
        for width in widths
    )


def _transition(before: int, after: int) -> nn.Module:
    return nn.Identity() if before == after else _convolution(before, after)


def _convolution(before: int, after: int) -> nn.Conv2d:
    convolution = nn.Conv2d(before, after, 1, bias=False)
    fan_in_normal_(convolution.weight)
    return convolution


def _patch(before: int, after: int, patch: int) -> nn.Conv2d:
    """Every `patch`-th position of a picture, seen through a window of twice that side."""
    convolution = nn.Conv2d(before, after, 2 * patch, stride=patch, padding=patch // 2, bias=False)
    fan_in_normal_(convolution.weight)
    return convolution


def _unpatch(before: int, after: int, patch: int) -> nn.ConvTranspose2d:
    """The mirror image of `_patch`; each output pixel sums four inputs per channel, hence the scale."""
    convolution = nn.ConvTranspose2d(before, after, 2 * patch, stride=patch, padding=patch // 2, bias=False)
    nn.init.normal_(convolution.weight, 0.0, (4 * before) ** -0.5)
    return convolution


def _linear(before: int, after: int) -> nn.Linear:
    linear = nn.Linear(before, after, bias=False)
    fan_in_normal_(linear.weight)
    return linear


def _bias(convolution: nn.Conv2d) -> Tensor:
    assert convolution.bias is not None
    return convolution.bias

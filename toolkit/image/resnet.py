"""The residual pair of spectral normalisation and projection: SNGAN's ResNet.

Miyato, Kataoka, Koyama & Yoshida 2018, "Spectral normalization for generative adversarial networks", appendix B.4,
tables 4 and 6; for classes Miyato & Koyama 2018, "cGANs with projection discriminator". Pre-activation residual blocks
with ReLU, batch normalisation in the generator, spectral normalisation in the discriminator, Glorot-uniform initial
weights (gain sqrt 2 within a branch), nearest-neighbour doubling, average pooling.

Two rearrangements save work and change nothing but rounding: a doubling or a pooling is one with the 3x3 convolution
beside it (`toolkit.image.fused`), and 1x1 convolutions of a shortcut run on the smaller of the two pictures.

Channels: up to 32x32 every stage has `width` of them, as in table 4 (there 256 and 128); beyond, every doubling of the
picture halves them. `widths` sets each stage: `[1024, 1024, 512, 256, 128, 64]` is table 6 for 128x128, both players.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from toolkit.adversarial.types import DiscriminatorOutput
from toolkit.errors import ConfigError, Problem
from toolkit.image.checks import require_pictures, require_positive, require_resolution
from toolkit.image.fused import doubled_convolution, halved_convolution
from toolkit.nn.conditioning import ConditionalBatchNorm2d, LabelEmbedding
from toolkit.nn.spectral import normalise_spectrally

Norm = Literal["batch", "none"]

_BRANCH = math.sqrt(2.0)  # gain of initial weights that a ReLU follows or precedes
_FULL = 32  # up to this many pixels a stage has the full width


class GeneratorBlock(nn.Module):
    """up(S x) + W2 a(n2(W1 up(a(n1 x)))): normalise, ReLU, double, 3x3; normalise, ReLU, 3x3; the shortcut S is 1x1.

    Args:
        before: channels of the input.
        after: channels of the output, which is twice as high and wide.
        norm: `batch` or `none`.
        classes: number of classes, for class-conditional normalisation.
    """

    def __init__(self, before: int, after: int, norm: Norm, classes: int | None) -> None:
        super().__init__()
        self.norm1 = _normalisation(before, norm, classes)
        self.conv1 = _convolution(before, after, 3, _BRANCH)
        self.norm2 = _normalisation(after, norm, classes)
        self.conv2 = _convolution(after, after, 3, _BRANCH)
        self.shortcut = _convolution(before, after, 1)

    def forward(self, x_BCHW: Tensor, label_B: Tensor | None) -> Tensor:
        """`[B, after, 2H, 2W]`."""
        inner = _active(self.norm1, x_BCHW, label_B)
        inner = doubled_convolution(inner, self.conv1.weight, self.conv1.bias)
        branch: Tensor = self.conv2(_active(self.norm2, inner, label_B))
        return branch + F.interpolate(self.shortcut(x_BCHW), scale_factor=2.0)


class DiscriminatorBlock(nn.Module):
    """pool(S x) + pool(W2 a(W1 a(x))): two 3x3 convolutions with ReLU; the shortcut S is 1x1, or nothing.

    Args:
        before: channels of the input.
        after: channels of the output.
        halve: average 2x2 squares at the end; then, or where the widths differ, there is a convolution in the shortcut.
        first: the block sees pictures, which get no ReLU, and its first convolution widens them.
    """

    def __init__(self, before: int, after: int, halve: bool, first: bool = False) -> None:
        super().__init__()
        inner = after if first else before
        self.halve, self.first = halve, first
        self.conv1 = _convolution(before, inner, 3, _BRANCH)
        self.conv2 = _convolution(inner, after, 3, _BRANCH)
        self.shortcut = _convolution(before, after, 1) if halve or before != after else nn.Identity()

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """`[B, after, H, W]`, or half as high and wide."""
        inner = F.relu(self.conv1(x_BCHW if self.first else F.relu(x_BCHW)), inplace=True)
        if not self.halve:
            same: Tensor = self.conv2(inner) + self.shortcut(x_BCHW)
            return same
        halved: Tensor = self.shortcut(F.avg_pool2d(x_BCHW, 2))
        return halved_convolution(inner, self.conv2.weight, self.conv2.bias) + halved


class ResNetGenerator(nn.Module):
    """Residual blocks with batch normalisation, conditional on the class if there is one (Miyato et al. 2018).

    Args:
        resolution: height and width of the pictures: a power of two from 8 to 256.
        channels: colours of the pictures.
        classes: number of classes; `None` for an unconditional generator. Labels choose the gains and biases of batch
            normalisation; with `norm: none` a learned vector stands beside the latent one instead.
        latent: length N of the latent vector.
        width: channels of the stages up to 32x32, when `widths` is not given; halved with every doubling beyond.
        widths: channels per stage, from 4x4 up to the full resolution.
        norm: `batch`, or `none` for penalties and micro-batches that need samples to be independent.

    Raises:
        ConfigError: the resolution is not supported, or the widths do not fit it.
    """

    def __init__(
        self,
        resolution: int = 32,
        channels: int = 3,
        classes: int | None = None,
        latent: int = 128,
        width: int = 64,
        widths: list[int] | None = None,
        norm: Norm = "batch",
    ) -> None:
        super().__init__()
        require_positive("the resnet generator", latent=latent)
        self.resolution, self.channels, self.classes, self.latent = resolution, channels, classes, latent
        stages = _stage_widths(resolution, width, widths, "the resnet generator")
        beside = classes is not None and norm == "none"
        self.embedding = LabelEmbedding(classes, latent) if classes is not None and beside else None
        self.stem = nn.Linear(2 * latent if beside else latent, 16 * stages[0])
        nn.init.xavier_uniform_(self.stem.weight)
        nn.init.zeros_(self.stem.bias)
        self.blocks = nn.ModuleList(GeneratorBlock(*pair, norm, classes) for pair in pairwise(stages))
        self.norm = _normalisation(stages[-1], norm, None)  # the same for every class, as the authors have it
        self.head = _convolution(stages[-1], channels, 3)

    def forward(self, z_BN: Tensor, label_B: Tensor | None = None) -> Tensor:
        """Pictures `x_BCHW` within [-1, 1].

        Args:
            z_BN: standard normal latent vectors.
            label_B: integer labels, or weights over classes; see `LabelEmbedding`.

        Raises:
            ValueError: the generator is conditional and there is no label.
        """
        if self.embedding is not None:
            z_BN = torch.cat([z_BN, self.embedding(label_B)], dim=1)
        x: Tensor = self.stem(z_BN).unflatten(1, (-1, 4, 4))
        for block in self.blocks:
            x = block(x, label_B)
        x = self.head(_active(self.norm, x, None))
        return x.to(self.head.weight.dtype).tanh()  # in float32 under autocast: eight bits of colour need it near +-1


class ResNetDiscriminator(nn.Module):
    """Residual blocks with spectral normalisation and, for classes, projection (Miyato et al. 2018).

    Pictures are halved down to 8x8 (up to 32x32 pixels) or 4x4 (beyond), then go through blocks that keep their size:
    two of them, or one. Activations are summed over positions: f(x, y) = w^T phi(x) + y^T V phi(x), Miyato & Koyama
    2018, equation 3.

    Args:
        resolution: height and width of the pictures: a power of two from 8 to 256.
        channels: colours of the pictures.
        classes: number of classes; `None` for an unconditional discriminator.
        width: channels of the stages up to 32x32, when `widths` is not given; halved with every doubling beyond.
        widths: channels per stage, from 4x4 up to the full resolution (as in the generator); the blocks use them in
            the reverse order, one each.
        spectral_norm: divide every weight by its largest singular value, as published. Couples micro-batches.

    Raises:
        ConfigError: the resolution is not supported, or the widths do not fit it.
    """

    def __init__(
        self,
        resolution: int = 32,
        channels: int = 3,
        classes: int | None = None,
        width: int = 64,
        widths: list[int] | None = None,
        spectral_norm: bool = True,
    ) -> None:
        super().__init__()
        self.resolution, self.channels, self.classes = resolution, channels, classes
        stages = _stage_widths(resolution, width, widths, "the resnet discriminator")[::-1]
        halvings = len(stages) - 1 if resolution > _FULL else max(len(stages) - 2, 1)
        self.blocks = nn.ModuleList(
            DiscriminatorBlock(*pair, halve=place < halvings, first=place == 0)
            for place, pair in enumerate(pairwise([channels, *stages]))
        )
        self.head = nn.Linear(stages[-1], 1)
        nn.init.xavier_uniform_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.projection = None
        if classes is not None:
            self.projection = LabelEmbedding(classes, stages[-1], std=math.sqrt(2 / (classes + stages[-1])))
        if spectral_norm:
            normalise_spectrally(self)

    def forward(self, x_BCHW: Tensor, label_B: Tensor | None = None) -> DiscriminatorOutput:
        """One logit per picture `[B]`, and the activations at the end of every block as features.

        Raises:
            ValueError: the pictures have another shape, or the discriminator is conditional and there is no label.
        """
        require_pictures(x_BCHW, self.channels, self.resolution)
        features = []
        x = x_BCHW
        for block in self.blocks:
            x = block(x)
            features.append(x)
        with torch.autocast(x.device.type, enabled=False):  # sums over positions lose digits in half precision
            pooled_BN = F.relu(x.to(self.head.bias.dtype)).sum((2, 3))
            logits_B: Tensor = self.head(pooled_BN)[:, 0]
            if self.projection is not None:
                logits_B = logits_B + (self.projection(label_B) * pooled_BN).sum(1)
        return DiscriminatorOutput((logits_B,), tuple(features))


def _stage_widths(resolution: int, width: int, widths: list[int] | None, part: str) -> list[int]:
    """Channels per stage from 4x4 up, checked."""
    require_resolution(resolution, 8, 256, part)
    sizes = [4 * 2**place for place in range(resolution.bit_length() - 2)]
    found = [max(width * _FULL // max(size, _FULL), 1) for size in sizes] if widths is None else list(widths)
    if len(found) != len(sizes):
        fault = f"{resolution} pixels have {len(sizes)} stages, 4x4 to {resolution}x{resolution}; got {len(found)}"
        raise ConfigError([Problem("widths", fault)], part)
    require_positive(part, width=width, **{f"widths.{place}": item for place, item in enumerate(found)})
    return found


def _convolution(before: int, after: int, size: int, gain: float = 1.0) -> nn.Conv2d:
    convolution = nn.Conv2d(before, after, size, padding=size // 2)
    nn.init.xavier_uniform_(convolution.weight, gain)
    assert convolution.bias is not None
    nn.init.zeros_(convolution.bias)
    return convolution


def _normalisation(width: int, norm: Norm, classes: int | None) -> nn.Module:
    if norm == "none":
        return nn.Identity()
    return nn.BatchNorm2d(width) if classes is None else ConditionalBatchNorm2d(width, classes)


def _active(norm: nn.Module, x_BCHW: Tensor, label_B: Tensor | None) -> Tensor:
    """ReLU after normalisation."""
    normed = norm(x_BCHW, label_B) if isinstance(norm, ConditionalBatchNorm2d) else norm(x_BCHW)
    return F.relu(normed, inplace=normed is not x_BCHW)  # the shortcut still needs the input itself

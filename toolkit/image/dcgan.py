"""The convolutional pair of 2015: small, fast, and the baseline that everybody knows.

Radford, Metz & Chintala 2015, "Unsupervised representation learning with deep convolutional generative adversarial
networks", section 3: transposed convolutions 4x4 with stride 2, batch normalisation, ReLU in the generator and leaky
ReLU in the discriminator, tanh at the end, initial weights N(0, 0.02). Without normalisation (an addition of ours) the
initial weights are scaled by fan-in instead. Widths double towards 4x4, up to 8 times the narrowest.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from toolkit.adversarial.types import DiscriminatorOutput
from toolkit.image.checks import require_pictures, require_positive, require_resolution
from toolkit.nn.conditioning import LabelEmbedding
from toolkit.nn.init import leaky_relu_gain

Norm = Literal["batch", "none"]

_STD = 0.02  # of initial weights; section 4 of the paper
_SLOPE = 0.2  # of the leaky ReLU
_LARGEST = 8  # times the width, so that 128 and 256 pixels do not square the number of parameters


class DCGANGenerator(nn.Module):
    """Transposed convolutions with batch normalisation (Radford et al. 2015).

    Labels enter as a learned vector beside the latent one (Mirza & Osindero 2014).

    Args:
        resolution: height and width of the pictures: a power of two from 8 to 256.
        channels: colours of the pictures.
        classes: number of classes; `None` for an unconditional generator.
        latent: length N of the latent vector.
        width: channels of the layer before the last one.
        norm: `batch`, or `none` for penalties and micro-batches that need samples to be independent.

    Raises:
        ConfigError: the resolution is not supported.
    """

    def __init__(
        self,
        resolution: int = 32,
        channels: int = 3,
        classes: int | None = None,
        latent: int = 100,
        width: int = 64,
        norm: Norm = "batch",
    ) -> None:
        super().__init__()
        self.resolution, self.channels, self.classes, self.latent = resolution, channels, classes, latent
        require_positive("the dcgan generator", latent=latent)
        widths = _widths(resolution, width, "the dcgan generator")[::-1]
        self.embedding = None if classes is None else LabelEmbedding(classes, latent)
        inputs = latent if classes is None else 2 * latent
        stem = nn.ConvTranspose2d(inputs, widths[0], 4, stride=1, padding=0, bias=norm == "none")
        self.layers = nn.Sequential(_layer(stem, widths[0], norm, nn.ReLU(inplace=True)))
        for before, after in pairwise(widths):
            up = nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=norm == "none")
            self.layers.append(_layer(up, after, norm, nn.ReLU(inplace=True)))
        self.head = nn.ConvTranspose2d(widths[-1], channels, 4, stride=2, padding=1, bias=norm == "none")
        _initialise(self, norm)

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
        x: Tensor = self.head(self.layers(z_BN[:, :, None, None]))
        return x.to(self.head.weight.dtype).tanh()  # in float32 under autocast: eight bits of colour need it near +-1


class DCGANDiscriminator(nn.Module):
    """Strided convolutions with batch normalisation and leaky ReLU (Radford et al. 2015).

    Labels enter by projection: f(x, y) = psi(phi(x)) + y^T V phi(x), Miyato & Koyama 2018, "cGANs with projection
    discriminator", equation 3, with phi the sum of the last activations over positions.

    Args:
        resolution: height and width of the pictures: a power of two from 8 to 256.
        channels: colours of the pictures.
        classes: number of classes; `None` for an unconditional discriminator.
        width: channels of the first layer.
        norm: `batch`, or `none` for penalties and micro-batches that need samples to be independent.

    Raises:
        ConfigError: the resolution is not supported.
    """

    def __init__(
        self,
        resolution: int = 32,
        channels: int = 3,
        classes: int | None = None,
        width: int = 64,
        norm: Norm = "batch",
    ) -> None:
        super().__init__()
        self.resolution, self.channels, self.classes = resolution, channels, classes
        widths = _widths(resolution, width, "the dcgan discriminator")
        self.layers = nn.ModuleList()
        for place, (before, after) in enumerate(pairwise([channels, *widths])):
            normed: Norm = "none" if place == 0 else norm  # the paper: none on the discriminator's input layer
            down = nn.Conv2d(before, after, 4, stride=2, padding=1, bias=norm == "none")
            self.layers.append(_layer(down, after, normed, nn.LeakyReLU(_SLOPE, inplace=True)))
        self.head = nn.Conv2d(widths[-1], 1, 4, bias=norm == "none")
        self.projection = None if classes is None else LabelEmbedding(classes, widths[-1], std=_STD)
        _initialise(self, norm)

    def forward(self, x_BCHW: Tensor, label_B: Tensor | None = None) -> DiscriminatorOutput:
        """One logit per picture `[B]`, and the activations of every layer as features.

        Raises:
            ValueError: the pictures have another shape, or the discriminator is conditional and there is no label.
        """
        require_pictures(x_BCHW, self.channels, self.resolution)
        features = []
        x = x_BCHW
        for layer in self.layers:
            x = layer(x)
            features.append(x)
        logits_B = self.head(x).flatten().to(self.head.weight.dtype)
        if self.projection is not None:
            pooled_BN = x.to(self.head.weight.dtype).sum((2, 3))
            logits_B = logits_B + (self.projection(label_B) * pooled_BN).sum(1)
        return DiscriminatorOutput((logits_B,), tuple(features))


def _widths(resolution: int, width: int, part: str) -> list[int]:
    """Channels of the hidden pictures, from the largest picture down to 4x4."""
    require_resolution(resolution, 8, 256, part)
    require_positive(part, width=width)
    hidden = resolution.bit_length() - 3  # 4x4 up to half the resolution
    return [width * min(2**place, _LARGEST) for place in range(hidden)]


def _layer(convolution: nn.Module, width: int, norm: Norm, activation: nn.Module) -> nn.Sequential:
    return nn.Sequential(convolution, *([nn.BatchNorm2d(width)] if norm == "batch" else []), activation)


def _initialise(network: nn.Module, norm: Norm) -> None:
    """Initial weights: N(0, 0.02) as in the paper, or scaled by fan-in where no normalisation makes up for the scale.

    Without normalisation, 0.02 lets the signal fade from layer to layer; on dark pictures the generator then learns to
    be black before it learns anything else, where tanh has no gradient, and stays there.
    """
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            std = _STD if norm == "batch" else _fan_in(module) ** -0.5 * leaky_relu_gain(_SLOPE)
            nn.init.normal_(module.weight, 0.0, std)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, _STD)
            nn.init.zeros_(module.bias)


def _fan_in(convolution: nn.Conv2d | nn.ConvTranspose2d) -> int:
    """Products that are summed for one number of the output."""
    taps = convolution.kernel_size[0] * convolution.kernel_size[1]
    if isinstance(convolution, nn.Conv2d):
        return convolution.in_channels * taps
    doubles = convolution.stride == (2, 2)  # then a quarter of the taps meet; the stem's input is a single pixel
    return convolution.in_channels * (taps // 4 if doubles else 1)

"""The discriminator that hears a waveform at several rates (MSD).

Kumar et al. 2019, "MelGAN", section 2.2, in the shape of Kong, Kim & Bae 2020, "HiFi-GAN", section 2.3 and appendix A:
the same network of one-dimensional convolutions on the waveform itself, and on the waveform averaged to a half and to a
quarter of its rate. 29.6 M parameters at the published size.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from toolkit.adversarial.types import DiscriminatorOutput
from toolkit.errors import ConfigError, Problem
from toolkit.speech.waves import SLOPE, joined, normed, require_positive, require_wave


class _Shape(NamedTuple):
    factor: int  # channels, in units of the first layer's
    kernel: int
    stride: int
    groups: int
    channels_last: bool = False


_LAYERS = (
    _Shape(1, 15, 1, 1),
    _Shape(1, 41, 2, 4, channels_last=True),
    _Shape(2, 41, 2, 16, channels_last=True),
    _Shape(4, 41, 4, 16),
    _Shape(8, 41, 4, 16),
    _Shape(8, 41, 1, 16),
    _Shape(8, 5, 1, 1),
)


class ScaleDiscriminator(nn.Module):
    """One sub-discriminator: grouped convolutions of 41 samples between one of 15 and one of 5.

    They are `Conv2d` over pictures of height 1 only to choose the layout in memory: two layers with many positions and
    small groups take two thirds of the processor time with channels last (all but the gradient of their weights), the
    others more.

    Args:
        width: channels of the first two layers; the last have 8 times as many.
        spectral_norm: instead of weight normalisation.
    """

    def __init__(self, width: int, spectral_norm: bool = False) -> None:
        super().__init__()
        before = 1
        self.layers = nn.ModuleList()
        for shape in _LAYERS:
            after = width * shape.factor
            convolution = nn.Conv2d(
                before,
                after,
                (1, shape.kernel),
                (1, shape.stride),
                padding=(0, shape.kernel // 2),
                groups=shape.groups,
            )
            self.layers.append(normed(convolution, spectral_norm))
            before = after
        self.head = normed(nn.Conv2d(before, 1, (1, 3), padding=(0, 1)), spectral_norm)

    def forward(self, wave_B1T: Tensor) -> DiscriminatorOutput:
        """Logits `[B, T / 64]`; features `[B, C, 1, T']` of every layer, the head's included."""
        x = wave_B1T.unsqueeze(2)
        features = []
        for shape, layer in zip(_LAYERS, self.layers, strict=True):
            x = x.contiguous(memory_format=torch.channels_last if shape.channels_last else torch.contiguous_format)
            x = F.leaky_relu(layer(x), SLOPE, inplace=True)
            features.append(x)
        logits = self.head(x)
        features.append(logits)
        return DiscriminatorOutput((logits.flatten(1),), tuple(features))


class MultiScaleDiscriminator(nn.Module):
    """Judges waveforms at their own, half and a quarter of their rate, as HiFi-GAN (Kong et al. 2020, section 2.3).

    Args:
        scales: sub-discriminators; each hears half the rate of the one before.
        width: channels of the first layers, a multiple of 16; the last have 8 times as many. 128 is published (29.6 M
            parameters with three scales); the work grows with its square: 32 is 1/16.
        spectral_norm: normalise the first scale spectrally, as published, and the others by weight normalisation;
            `false`: weight normalisation everywhere, which lets micro-batches be cut.

    Raises:
        ConfigError: the number of scales or the width is out of range.
    """

    def __init__(self, scales: int = 3, width: int = 128, spectral_norm: bool = True) -> None:
        super().__init__()
        part = "the multi-scale discriminator"
        require_positive(part, scales=scales)
        if width < 16 or width % 16:
            raise ConfigError(
                [Problem("width", f"is {width}; it must be a multiple of 16: layers have 16 groups")], part
            )
        self.parts = nn.ModuleList(
            ScaleDiscriminator(width, spectral_norm=spectral_norm and place == 0) for place in range(scales)
        )

    def forward(self, wave_B1T: Tensor, condition: Tensor | None = None) -> DiscriminatorOutput:
        """One block of logits per scale.

        Args:
            wave_B1T: mono waveforms.
            condition: not looked at.

        Raises:
            ValueError: the waveforms have another shape.
        """
        require_wave(wave_B1T)
        outputs = []
        x = wave_B1T
        for place, part in enumerate(self.parts):
            if place:
                x = F.avg_pool1d(x, 4, 2, padding=2)  # zeros beyond the ends count, as published
            outputs.append(part(x))
        return joined(outputs)

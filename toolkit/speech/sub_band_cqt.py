"""The discriminator that sees constant-Q spectra in octaves (MS-SB-CQT).

Gu, Zhang, Xue & Wu 2024, "Multi-scale sub-band constant-Q transform discriminator for high-fidelity vocoder",
section 3; one of the two of BigVGAN-v2 (Lee et al. 2023). Bins at musical intervals resolve the harmonics of low voices
and of singing, where a Fourier transform of fixed length smears them.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from toolkit.adversarial.types import DiscriminatorOutput
from toolkit.errors import ConfigError, Problem
from toolkit.speech.constant_q import ConstantQ
from toolkit.speech.waves import SLOPE, joined, normed, require_positive, require_wave, summable

_DILATIONS = (1, 2, 4)  # along time, of the layers that halve the bins


class ConstantQDiscriminator(nn.Module):
    """One sub-discriminator: every octave through a convolution of its own, then all of them through five.

    Bins come before frames, and channels last in memory, as in `multi_resolution`.

    Args:
        sample_rate: of the waveforms, in Hz.
        hop_length: samples between frames.
        bins_per_octave: bins of the transform.
        octaves: bands with layers of their own, at most.
        channels: of every layer.
        spectral_norm: instead of weight normalisation.
    """

    def __init__(
        self,
        sample_rate: int,
        hop_length: int,
        bins_per_octave: int,
        octaves: int,
        channels: int,
        spectral_norm: bool = False,
    ) -> None:
        super().__init__()
        self.transform = ConstantQ(sample_rate, hop_length, bins_per_octave, octaves)
        self.octaves = nn.ModuleList(nn.Conv2d(2, 2, (9, 3), padding=(4, 1)) for _ in self.transform.frequencies)
        layers: list[nn.Conv2d] = [nn.Conv2d(2, channels, (9, 3), padding=(4, 1))]
        layers += [
            normed(
                nn.Conv2d(channels, channels, (9, 3), (2, 1), padding=(4, dilation), dilation=(1, dilation)),
                spectral_norm,
            )
            for dilation in _DILATIONS
        ]
        layers.append(normed(nn.Conv2d(channels, channels, 3, padding=1), spectral_norm))
        self.layers = nn.ModuleList(layers)
        self.head = normed(nn.Conv2d(channels, 1, 3, padding=1), spectral_norm)

    def forward(self, wave_B1T: Tensor) -> DiscriminatorOutput:
        """Logits `[B, bins / 8 * frames]`; features `[B, C, bins', frames]` of the five layers, without the head's."""
        with torch.autocast(wave_B1T.device.type, enabled=False):
            octaves = self.transform(summable(wave_B1T[:, 0]))
        bands = [layer(band) for layer, band in zip(self.octaves, octaves, strict=True)]
        x = torch.cat(bands, dim=2).contiguous(memory_format=torch.channels_last)
        features = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE, inplace=True)
            features.append(x)
        return DiscriminatorOutput((self.head(x).flatten(1),), tuple(features))


class SubBandCqtDiscriminator(nn.Module):
    """Judges waveforms by constant-Q spectra of several resolutions, in octaves (Gu et al. 2024, section 3).

    Args:
        sample_rate: of the waveforms, in Hz; the data fills it in.
        hops: samples between frames, one sub-discriminator each; published: 512, 256, 256 at twice the sample rate,
            which is 256, 128, 128 here.
        bins_per_octave: bins of each transform.
        octaves: from 32.7 Hz up, at most; what lies above half the sample rate is left out.
        channels: of every layer; published: 32. The work grows with its square; sensible from 8 to 128.
        spectral_norm: normalise spectrally instead of by weight normalisation.

    Raises:
        ConfigError: the lists differ in length, or a member is out of range.
    """

    def __init__(
        self,
        sample_rate: int,
        hops: tuple[int, ...] = (256, 128, 128),
        bins_per_octave: tuple[int, ...] = (24, 36, 48),
        octaves: int = 9,
        channels: int = 32,
        spectral_norm: bool = False,
    ) -> None:
        super().__init__()
        part = "the sub-band constant-Q discriminator"
        require_positive(part, hops=hops, bins_per_octave=bins_per_octave, octaves=octaves, channels=channels)
        if len(hops) != len(bins_per_octave):
            fault = f"has {len(bins_per_octave)} members, but hops has {len(hops)}"
            raise ConfigError([Problem("bins_per_octave", fault)], part)
        self.parts = nn.ModuleList(
            ConstantQDiscriminator(sample_rate, hop, bins, octaves, channels, spectral_norm)
            for hop, bins in zip(hops, bins_per_octave, strict=True)
        )

    def forward(self, wave_B1T: Tensor, condition: Tensor | None = None) -> DiscriminatorOutput:
        """One block of logits per transform.

        Args:
            wave_B1T: mono waveforms.
            condition: not looked at.

        Raises:
            ValueError: the waveforms have another shape.
        """
        require_wave(wave_B1T)
        return joined([part(wave_B1T) for part in self.parts])

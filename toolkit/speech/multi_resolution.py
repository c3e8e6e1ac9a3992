"""The discriminator that sees complex spectrograms in bands (MRD).

Jang et al. 2021, "UnivNet" (several resolutions); Kumar et al. 2023, "High-fidelity audio compression with improved
RVQGAN", section 3.4, and Siuzdak 2023, "Vocos", section 3 (complex spectrograms, cut into bands). Each
sub-discriminator takes a short-time Fourier transform with one window length, a quarter of it as hop, real and
imaginary parts as two channels; cuts the frequencies into five bands with networks of their own; and joins them in a
last convolution.

Cost: grows with `channels` squared; every resolution costs about the same, whatever its window.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from toolkit.adversarial.types import DiscriminatorOutput
from toolkit.errors import ConfigError, Problem
from toolkit.speech.mel import hann
from toolkit.speech.waves import SLOPE, joined, normed, require_positive, require_wave, summable

BANDS = ((0.0, 0.1), (0.1, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1.0))
"""Shares of the spectrum that have networks of their own; narrow at the bottom, where speech has most to tell."""

_PEAK = 0.8  # what a waveform's largest value is brought to before its spectrogram


class ResolutionDiscriminator(nn.Module):
    """One sub-discriminator: five bands of the complex spectrogram, each through five convolutions.

    Bins come before frames, and channels last in memory: on a processor the same sums take up to a quarter less time
    than with frames first, where the short hops of small windows leave rows of few bins.

    Args:
        window: length of the Fourier transform and of its Hann window, in samples; the hop is a quarter.
        channels: of every layer.
        skip_first: leave the activations of the first layer out of the features.
        spectral_norm: instead of weight normalisation.
    """

    def __init__(self, window: int, channels: int, skip_first: bool = False, spectral_norm: bool = False) -> None:
        super().__init__()
        self.window, self.skip_first = window, skip_first
        bins = window // 2 + 1
        self.edges = [(int(low * bins), int(high * bins)) for low, high in BANDS]
        self.bands = nn.ModuleList(_band(channels, spectral_norm) for _ in BANDS)
        self.head = normed(nn.Conv2d(channels, 1, 3, padding=1), spectral_norm)

    def forward(self, wave_B1T: Tensor) -> DiscriminatorOutput:
        """Logits `[B, joined bins * frames]`; features `[B, C, bins, frames]` of every band and layer, and the head."""
        spectrum_B2FT = self.spectrum(wave_B1T)
        features: list[Tensor] = []
        ends = []
        for (low, high), layers in zip(self.edges, self.bands, strict=True):
            assert isinstance(layers, nn.ModuleList)
            x = spectrum_B2FT[:, :, low:high].contiguous(memory_format=torch.channels_last)
            for place, layer in enumerate(layers):
                x = F.leaky_relu(layer(x), SLOPE, inplace=True)
                if place or not self.skip_first:
                    features.append(x)
            ends.append(x)
        logits = self.head(torch.cat(ends, dim=2))
        features.append(logits)
        return DiscriminatorOutput((logits.flatten(1),), tuple(features))

    def spectrum(self, wave_B1T: Tensor) -> Tensor:
        """`[B, 2, bins, frames]`, in float32 even under autocast, of each waveform without its mean and at one peak."""
        with torch.autocast(wave_B1T.device.type, enabled=False):
            wave_BT = summable(wave_B1T[:, 0])
            wave_BT = wave_BT - wave_BT.mean(-1, keepdim=True)
            wave_BT = _PEAK * wave_BT / (wave_BT.abs().amax(-1, keepdim=True) + 1e-9)
            window_N = hann(self.window, self.window, wave_BT.device, wave_BT.dtype)
            found_BFT = torch.stft(wave_BT, self.window, self.window // 4, window=window_N, return_complex=True)
            return torch.view_as_real(found_BFT).permute(0, 3, 1, 2)


class MultiResolutionDiscriminator(nn.Module):
    """Judges waveforms by complex spectrograms of several resolutions, in bands (Kumar et al. 2023; Siuzdak 2023).

    Args:
        resolutions: window lengths in samples, one sub-discriminator each; multiples of 4. Published: 2048, 1024, 512
            at 24 and 44.1 kHz; 1024, 512, 256 costs the same, and reacts faster to short sounds.
        channels: of every layer; published: 32. 16 is about 1/4 of the work, 8 about 1/12; sensible from 8 to 64.
        skip_first: leave the first layers' activations out of feature matching, as in Vocos.
        spectral_norm: normalise spectrally instead of by weight normalisation.

    Raises:
        ConfigError: a resolution or the channels are out of range.
    """

    def __init__(
        self,
        resolutions: tuple[int, ...] = (2048, 1024, 512),
        channels: int = 32,
        skip_first: bool = False,
        spectral_norm: bool = False,
    ) -> None:
        super().__init__()
        part = "the multi-resolution discriminator"
        require_positive(part, resolutions=resolutions, channels=channels)
        wrong = [(place, window) for place, window in enumerate(resolutions) if window < 64 or window % 4]
        if wrong:
            raise ConfigError(
                [
                    Problem(f"resolutions.{place}", f"is {window}; it must be a multiple of 4, and at least 64")
                    for place, window in wrong
                ],
                part,
            )
        self.parts = nn.ModuleList(
            ResolutionDiscriminator(window, channels, skip_first, spectral_norm) for window in resolutions
        )

    def forward(self, wave_B1T: Tensor, condition: Tensor | None = None) -> DiscriminatorOutput:
        """One block of logits per resolution.

        Args:
            wave_B1T: mono waveforms, longer than half of the longest window.
            condition: not looked at.

        Raises:
            ValueError: the waveforms have another shape.
        """
        require_wave(wave_B1T)
        return joined([part(wave_B1T) for part in self.parts])


def _band(channels: int, spectral_norm: bool) -> nn.ModuleList:
    """Kernels of 9 bins x 3 frames, halving the bins three times, then 3 x 3."""
    widths = [2, *[channels] * 5]
    kernels = [(9, 3)] * 4 + [(3, 3)]
    strides = [1, 2, 2, 2, 1]
    return nn.ModuleList(
        normed(nn.Conv2d(*pair, (bins, frames), (stride, 1), padding=(bins // 2, frames // 2)), spectral_norm)
        for pair, (bins, frames), stride in zip(pairwise(widths), kernels, strides, strict=True)
    )

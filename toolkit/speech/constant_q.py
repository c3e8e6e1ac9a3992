"""The constant-Q transform: bins at equal musical intervals, with windows of equal numbers of periods.

Brown 1991, "Calculation of a constant Q spectral transform"; computed octave by octave as in Schörkhuber & Klapuri
2010, "Constant-Q transform toolbox for music processing", section 3: an octave below has the same kernels on a waveform
at half the rate, so no kernel is longer than a few hundred samples.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from toolkit.errors import ConfigError, Problem
from toolkit.speech.waves import require_positive

LOWEST = 32.703195662574829
"""The note C1, in Hz: where the lowest octave begins."""

_TAPS = 51  # of the filter before a rate is halved: 80 dB, from 0.2 to 0.3 of the rate (Kaiser 1974, equation 7.75)
_BETA = 7.857
_PASSED = 0.4  # share of a rate up to which its octaves may reach: what the filter leaves as it is, and free of aliases


class ConstantQ(nn.Module):
    """Complex constant-Q spectrum of a waveform, octave by octave from below.

    Scaled as librosa's `cqt(scale=True)`: a tone of amplitude a in the middle of a bin has the magnitude
    a/2 * sqrt(N), N the bin's window in samples. Frame t is centred at sample `t * hop_length`; silence lies beyond
    both ends. Bins at and above half the sample rate, which hold nothing, are left out; so are octaves without any.

    Args:
        sample_rate: of the waveform, in Hz.
        hop_length: samples between frames; the lower octaves' rates are only halved while they divide it.
        bins_per_octave: bins at equal intervals; Q = 1 / (2^(1/bins) - 1) periods of each under its Hann window.
        octaves: how many, at most.
        lowest: frequency of the lowest bin, in Hz.

    Raises:
        ConfigError: an argument is out of range.
    """

    def __init__(
        self,
        sample_rate: int,
        hop_length: int,
        bins_per_octave: int,
        octaves: int = 9,
        lowest: float = LOWEST,
    ) -> None:
        super().__init__()
        _require(sample_rate, hop_length, bins_per_octave, octaves, lowest)
        self.hop_length = hop_length
        steps = torch.arange(octaves * bins_per_octave, dtype=torch.float64) / bins_per_octave
        frequencies = (lowest * 2**steps).view(octaves, bins_per_octave)
        self.frequencies = [part[part < sample_rate / 2] for part in frequencies if part[0] < sample_rate / 2]
        self.halvings = [
            _halvings(sample_rate, hop_length, lowest * 2.0 ** (o + 1)) for o in range(len(self.frequencies))
        ]
        quality = 1 / (2 ** (1 / bins_per_octave) - 1)
        for place, (part, halved) in enumerate(zip(self.frequencies, self.halvings, strict=True)):
            kernels = _kernels(part, quality, sample_rate, halved)
            self.register_buffer(f"kernels_{place}", kernels.float(), persistent=False)
        positions = torch.arange(_TAPS, dtype=torch.float64) - _TAPS // 2
        taps = torch.sinc(positions / 2) * torch.kaiser_window(_TAPS, False, _BETA, dtype=torch.float64)
        self.register_buffer("taps", (taps / taps.sum()).float().view(1, 1, -1), persistent=False)

    def forward(self, wave_BT: Tensor) -> list[Tensor]:
        """The octaves from below: `[B, 2, bins, frames]` each, real and imaginary parts; frames = T // hop_length + 1.

        In the precision of the waveform, which must be float32 or float64.
        """
        frames = wave_BT.shape[-1] // self.hop_length + 1
        rates = [wave_BT.unsqueeze(1)]
        while len(rates) <= max(self.halvings):
            taps = self.get_buffer("taps").to(wave_BT.dtype)
            rates.append(F.conv1d(rates[-1], taps, stride=2, padding=_TAPS // 2))
        octaves = []
        for place, halved in enumerate(self.halvings):
            kernels = self.get_buffer(f"kernels_{place}").to(wave_BT.dtype)
            found = F.conv1d(
                rates[halved], kernels, stride=self.hop_length // 2**halved, padding=kernels.shape[-1] // 2
            )
            octaves.append(found[..., :frames].view(len(found), 2, -1, frames))
        return octaves


def _kernels(frequencies: Tensor, quality: float, sample_rate: int, halved: int) -> Tensor:
    """`[2 * bins, 1, N]`: cosines and sines under Hann windows, the middle of all at N // 2; N is even."""
    rate = sample_rate / 2**halved
    lengths = quality * rate / frequencies
    size = 2 * math.ceil(lengths.max().item() / 2)
    times = torch.arange(size, dtype=torch.float64) - size // 2
    phases = 2 * math.pi * frequencies[:, None] * times / rate
    windows = (math.pi * times / lengths[:, None]).cos().square() * (times.abs() < lengths[:, None] / 2)
    windows = windows / windows.sum(1, keepdim=True) * (quality * sample_rate / frequencies[:, None]).sqrt()
    return torch.cat([windows * phases.cos(), -windows * phases.sin()]).unsqueeze(1)


def _halvings(sample_rate: int, hop_length: int, top: float) -> int:
    """How often the rate can be halved for an octave that ends at `top`, while the hop stays a whole number."""
    halved = 0
    while top <= _PASSED * sample_rate / 2 ** (halved + 1) and hop_length % 2 ** (halved + 1) == 0:
        halved += 1
    return halved


def _require(sample_rate: int, hop_length: int, bins_per_octave: int, octaves: int, lowest: float) -> None:
    part = "the constant-Q transform"
    require_positive(part, hop_length=hop_length, bins_per_octave=bins_per_octave, octaves=octaves)
    if not 0 < lowest < sample_rate / 2:
        fault = f"is {lowest:g} Hz; it must lie below half the sample rate of {sample_rate} Hz"
        raise ConfigError([Problem("lowest", fault)], part)

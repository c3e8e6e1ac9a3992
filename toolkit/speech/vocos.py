"""Vocos: a vocoder that stays at the rate of the mel frames and leaves the samples to an inverse Fourier transform.

Siuzdak 2024, "Vocos: closing the gap between time-domain and Fourier-based neural vocoders for high-quality audio
synthesis": ConvNeXt blocks (Liu et al. 2022, "A ConvNet for the 2020s", figure 4) on the frames, magnitudes and phases
of a spectrum per frame (section 3.3), one inverse short-time Fourier transform. No layer runs at the rate of samples,
which makes it some twenty times cheaper than a stack of transposed convolutions of the same number of parameters.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from toolkit.errors import ConfigError, Problem
from toolkit.speech.istft import InverseStft
from toolkit.speech.rows import convolve_frames
from toolkit.speech.upsampling import require_bands

_STD = 0.02  # of initial weights, a truncated normal distribution
_EPSILON = 1e-6  # of layer normalisation, as in ConvNeXt
_LOUDEST = 100.0  # magnitude at which the exponential is cut off


class VocosGenerator(nn.Module):
    """ConvNeXt blocks on mel frames, magnitude and phase, inverse short-time Fourier transform (Siuzdak 2024).

    Channels 256, hidden 768 and 6 blocks are 2.8 million parameters with 80 mels and n_fft 1024; the published model
    has 512, 1536 and 8 (13.5 million).

    Args:
        mels: bands of the log-mel spectrogram.
        hop_length: samples per mel frame.
        n_fft: samples of one frame of the inverse transform.
        channels: width of the network.
        hidden: width inside a block.
        blocks: number of ConvNeXt blocks.
        kernel: frames that the first and every depthwise convolution sees; odd.

    Attributes:
        context_frames: mel frames on each side that one frame of output depends on.

    Raises:
        ConfigError: a size is not possible.
    """

    def __init__(
        self,
        mels: int,
        hop_length: int,
        n_fft: int,
        channels: int = 256,
        hidden: int = 768,
        blocks: int = 6,
        kernel: int = 7,
    ) -> None:
        super().__init__()
        sizes = {"mels": mels, "channels": channels, "hidden": hidden, "blocks": blocks}
        problems = [Problem(name, f"is {size}; it must be at least 1") for name, size in sizes.items() if size < 1]
        if kernel < 1 or kernel % 2 == 0:
            problems.append(Problem("kernel", f"is {kernel}; it must be odd, so that a frame stays where it is"))
        if problems:
            raise ConfigError(problems, "the vocos generator")
        self.mels, self.hop_length = mels, hop_length
        self.embed = nn.Conv1d(mels, channels, kernel, padding=kernel // 2)
        self.first_norm = nn.LayerNorm(channels, eps=_EPSILON)
        self.blocks = nn.ModuleList(ConvNeXtBlock(channels, hidden, kernel, 1 / blocks) for _ in range(blocks))
        self.last_norm = nn.LayerNorm(channels, eps=_EPSILON)
        self.head = nn.Linear(channels, n_fft + 2)
        self.inverse = InverseStft(n_fft, hop_length)
        self.context_frames = (blocks + 1) * (kernel // 2) + self.inverse.context_frames
        for module in self.modules():
            if isinstance(module, (nn.Conv1d, nn.Linear)):
                nn.init.trunc_normal_(module.weight, std=_STD)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, mel_BMT: Tensor) -> Tensor:
        """The signal `wave_B1T`, `hop_length` samples per mel frame; within [-1, 1] in evaluation mode.

        Raises:
            ValueError: the spectrogram has another number of bands.
        """
        require_bands(mel_BMT, self.mels)
        x_BTC = self.first_norm(self.embed(mel_BMT).transpose(1, 2))
        for block in self.blocks:
            x_BTC = block(x_BTC)
        x_BTC = self.last_norm(x_BTC)
        with torch.autocast(x_BTC.device.type, enabled=False):  # a phase of eight bits would be heard
            log_magnitude, phase = self.head(x_BTC.to(self.head.weight.dtype)).to(self.inverse.window.dtype).chunk(2, 2)
            magnitude = log_magnitude.exp().clamp(max=_LOUDEST)
            real, imaginary = magnitude * phase.cos(), magnitude * phase.sin()
        wave_BT = self.inverse(real.transpose(1, 2), imaginary.transpose(1, 2))
        if not self.training:  # in training a limit would take the gradient from what is too loud
            wave_BT = wave_BT.clamp(-1.0, 1.0)
        wave_B1T: Tensor = wave_BT[:, None]
        return wave_B1T

    def fold(self) -> VocosGenerator:
        """Nothing to fold: there is no weight normalisation."""
        return self


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution over frames, layer normalisation, two linear layers with GELU, scaled, plus the input."""

    def __init__(self, channels: int, hidden: int, kernel: int, scale: float) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(channels, channels, kernel, padding=kernel // 2, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=_EPSILON)
        self.up = nn.Linear(channels, hidden)
        self.down = nn.Linear(hidden, channels)
        self.scale = nn.Parameter(torch.full((channels,), scale))

    def forward(self, x_BTC: Tensor) -> Tensor:
        """Frames of the same shape."""
        mixed_BTC = convolve_frames(self.depthwise, x_BTC)
        mixed_BTC = self.down(functional.gelu(self.up(self.norm(mixed_BTC))))
        return torch.addcmul(x_BTC, mixed_BTC, self.scale)

"""Published vocoders in plain PyTorch, as their code runs them: what a user who vocodes with the originals gets.

HiFi-GAN (Kong et al. 2020; `published_hifigan.py`) with weight normalisation removed, iSTFTNet C8C8I (Kaneko et al.
2022) likewise, Vocos (Siuzdak 2024), and, where transformers is installed, its SpeechT5HifiGan. Float32, eager, default
memory layout, the whole mel spectrogram at once. Written from the papers' and configurations' facts.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from published_hifigan import FFT, HOP, MELS, SIZES, Generator, weighted
from torch import Tensor, nn

from toolkit.engine.torchaudio_part import torchaudio_functional


class IstftNet(nn.Module):
    """The stack of HiFi-GAN V1 up to 64 steps per frame, then an inverse transform of 16 samples with hops of 4."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = Generator(SIZES["v1"]._replace(rates=(8, 8), kernels=(16, 16)))
        self.stack.last = weighted(nn.Conv1d(128, 18, 7, 1, padding=3))
        self.register_buffer("window", torch.hann_window(16))

    def forward(self, mel: Tensor) -> Tensor:
        """Waves `[B, 1, T]`."""
        stack = self.stack
        x = stack.first(mel)
        count = len(stack.blocks) // len(stack.ups)
        for place, up in enumerate(stack.ups):
            x = up(F.leaky_relu(x, 0.1))
            total = None
            for block in stack.blocks[place * count : (place + 1) * count]:
                total = block(x) if total is None else total + block(x)
            assert total is not None
            x = total / count
        x = stack.last(F.pad(F.leaky_relu(x), (1, 0), mode="reflect"))
        magnitude, phase = torch.exp(x[:, :9]), torch.sin(x[:, 9:])
        spectrum = magnitude * torch.exp(1j * phase)
        return torch.istft(spectrum, 16, 4, 16, window=self.window)[:, None]


class _ConvNeXt(nn.Module):
    def __init__(self, width: int, hidden: int, scale: float) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.scale = nn.Parameter(torch.full((width,), scale))

    def forward(self, x: Tensor) -> Tensor:
        change = self.norm(self.depthwise(x).transpose(1, 2))
        change = self.scale * self.down(F.gelu(self.up(change)))
        return x + change.transpose(1, 2)


class Vocos(nn.Module):
    """ConvNeXt blocks on frames, magnitude and phase, `torch.istft`."""

    def __init__(self, width: int, hidden: int, blocks: int) -> None:
        super().__init__()
        self.embed = nn.Conv1d(MELS, width, 7, padding=3)
        self.first_norm, self.last_norm = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.blocks = nn.ModuleList(_ConvNeXt(width, hidden, 1 / blocks) for _ in range(blocks))
        self.head = nn.Linear(width, FFT + 2)
        self.register_buffer("window", torch.hann_window(FFT))

    def forward(self, mel: Tensor) -> Tensor:
        """Waves `[B, 1, T]`."""
        x = self.first_norm(self.embed(mel).transpose(1, 2)).transpose(1, 2)
        for block in self.blocks:
            x = block(x)
        x = self.head(self.last_norm(x.transpose(1, 2))).transpose(1, 2)
        magnitude, phase = x.chunk(2, dim=1)
        magnitude = torch.clip(torch.exp(magnitude), max=1e2)
        spectrum = magnitude * (torch.cos(phase) + 1j * torch.sin(phase))
        return torch.istft(spectrum, FFT, HOP, FFT, self.window, center=True)[:, None]


def _speecht5() -> nn.Module:
    torchaudio_functional()  # transformers imports torchaudio, whose extension may not load beside this torch
    from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

    network = SpeechT5HifiGan(SpeechT5HifiGanConfig())  # as it comes: without weight normalisation

    class BandsFirst(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, mel: Tensor) -> Tensor:
            waves: Tensor = self.network(mel.transpose(1, 2))
            return waves.unsqueeze(1)

    return BandsFirst()


_NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "vocos-small": lambda: Vocos(256, 768, 6),
    "vocos": lambda: Vocos(512, 1536, 8),
    "hifigan-v1": lambda: Generator(SIZES["v1"]),
    "hifigan-v2": lambda: Generator(SIZES["v2"]),
    "hifigan-v3": lambda: Generator(SIZES["v3"]),
    "istftnet": IstftNet,
    "speecht5": _speecht5,
}


def published_vocoder(name: str) -> nn.Module:
    """A vocoder with random weights, ready for inference: weight normalisation removed, no gradients."""
    network = _NETWORKS[name]().eval().requires_grad_(False)
    for module in network.modules():
        if hasattr(module, "weight_g"):
            nn.utils.remove_weight_norm(module)
    return network

"""The published training step of HiFi-GAN, transcribed into plain PyTorch: what a user of the original code runs.

Kong, Kim & Bae 2020, V1, V2 and V3 with their own discriminators (41.1 M and 29.6 M parameters): same layers, same
order of operations, float32, default memory layout, AdamW as it comes, weight normalisation by hooks. Its own habits
too: real and generated waves go through the discriminators one after the other, every loss of a sub-discriminator is
read with `.item()`, and the generator's turn computes gradients for the discriminators' weights and for the real
features, which nothing uses. Two things are left out, in the original's favour: it rebuilds its mel filters at every
call, and its loader's processes compute the mel spectrograms of real waves on the same processor.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from toolkit.speech.mel import mel_filters

RATE, FFT, HOP, MELS = 22050, 1024, 256, 80
PERIODS = (2, 3, 5, 7, 11)


class Sizes(NamedTuple):
    """Of a generator."""

    channels: int
    rates: tuple[int, ...]
    kernels: tuple[int, ...]
    paired: bool
    block_kernels: tuple[int, ...]
    dilations: tuple[tuple[int, ...], ...]


SIZES = {
    "v1": Sizes(512, (8, 8, 2, 2), (16, 16, 4, 4), True, (3, 7, 11), ((1, 3, 5),) * 3),
    "v2": Sizes(128, (8, 8, 2, 2), (16, 16, 4, 4), True, (3, 7, 11), ((1, 3, 5),) * 3),
    "v3": Sizes(256, (8, 8, 4), (16, 16, 8), False, (3, 5, 7), ((1, 2), (2, 6), (3, 12))),
}


def weighted(layer: nn.Module, spectral: bool = False) -> nn.Module:
    """With weight or spectral normalisation, in the form of the original."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # "use parametrizations": the original does not
        return nn.utils.spectral_norm(layer) if spectral else nn.utils.weight_norm(layer)


class _Block(nn.Module):
    def __init__(self, channels: int, kernel: int, dilations: Sequence[int], paired: bool) -> None:
        super().__init__()

        def layers(several: Sequence[int]) -> nn.ModuleList:
            return nn.ModuleList(
                weighted(nn.Conv1d(channels, channels, kernel, 1, padding=(kernel * d - d) // 2, dilation=d))
                for d in several
            )

        self.dilated = layers(dilations)
        self.plain = layers([1] * len(dilations)) if paired else None

    def forward(self, x: Tensor) -> Tensor:
        for place, dilated in enumerate(self.dilated):
            change = dilated(F.leaky_relu(x, 0.1))
            if self.plain is not None:
                change = self.plain[place](F.leaky_relu(change, 0.1))
            x = change + x
        return x


class Generator(nn.Module):
    """From mel frames to samples."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        width = sizes.channels
        self.first = weighted(nn.Conv1d(MELS, width, 7, 1, padding=3))
        self.ups, self.blocks = nn.ModuleList(), nn.ModuleList()
        for rate, kernel in zip(sizes.rates, sizes.kernels, strict=True):
            layer = nn.ConvTranspose1d(width, width // 2, kernel, rate, padding=(kernel - rate) // 2)
            self.ups.append(weighted(layer))
            width //= 2
            for size, dilations in zip(sizes.block_kernels, sizes.dilations, strict=True):
                self.blocks.append(_Block(width, size, dilations, sizes.paired))
        self.last = weighted(nn.Conv1d(width, 1, 7, 1, padding=3))

    def forward(self, mel: Tensor) -> Tensor:
        """Waves `[B, 1, T]` of mel spectrograms `[B, M, frames]`."""
        x = self.first(mel)
        count = len(self.blocks) // len(self.ups)
        for place, up in enumerate(self.ups):
            x = up(F.leaky_relu(x, 0.1))
            total = None
            for block in self.blocks[place * count : (place + 1) * count]:
                total = block(x) if total is None else total + block(x)
            assert total is not None
            x = total / count
        return torch.tanh(self.last(F.leaky_relu(x)))


class _Judge(nn.Module):
    """Convolutions with leaky ReLUs; logits, and everything on the way."""

    def __init__(self, layers: Sequence[nn.Module], head: nn.Module) -> None:
        super().__init__()
        self.layers, self.head = nn.ModuleList(layers), head

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        features = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.1)
            features.append(x)
        x = self.head(x)
        features.append(x)
        return torch.flatten(x, 1, -1), features


class _Period(_Judge):
    def __init__(self, period: int) -> None:
        widths = (1, 32, 128, 512, 1024)
        layers = [
            weighted(nn.Conv2d(before, after, (5, 1), (3, 1), padding=(2, 0)))
            for before, after in itertools.pairwise(widths)
        ]
        layers.append(weighted(nn.Conv2d(1024, 1024, (5, 1), 1, padding=(2, 0))))
        super().__init__(layers, weighted(nn.Conv2d(1024, 1, (3, 1), 1, padding=(1, 0))))
        self.period = period

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        batch, channels, length = x.shape
        if length % self.period:
            missing = self.period - length % self.period
            x = F.pad(x, (0, missing), "reflect")
            length += missing
        return super().forward(x.view(batch, channels, length // self.period, self.period))


class _Scale(_Judge):
    def __init__(self, spectral: bool) -> None:
        layers = [
            nn.Conv1d(1, 128, 15, 1, padding=7),
            nn.Conv1d(128, 128, 41, 2, groups=4, padding=20),
            nn.Conv1d(128, 256, 41, 2, groups=16, padding=20),
            nn.Conv1d(256, 512, 41, 4, groups=16, padding=20),
            nn.Conv1d(512, 1024, 41, 4, groups=16, padding=20),
            nn.Conv1d(1024, 1024, 41, 1, groups=16, padding=20),
            nn.Conv1d(1024, 1024, 5, 1, padding=2),
        ]
        head = weighted(nn.Conv1d(1024, 1, 3, 1, padding=1), spectral)
        super().__init__([weighted(layer, spectral) for layer in layers], head)


class Discriminator(nn.Module):
    """Several judges, each on real waves and then on generated ones."""

    def __init__(self, judges: Sequence[_Judge], halve: bool) -> None:
        super().__init__()
        self.judges = nn.ModuleList(judges)
        self.pool = nn.AvgPool1d(4, 2, padding=2) if halve else None

    def forward(self, real: Tensor, fake: Tensor) -> tuple[list[Tensor], list[Tensor], list[Tensor], list[Tensor]]:
        """Logits of both sides, by judge; features of both, one after the other."""
        real_logits, fake_logits, real_features, fake_features = [], [], [], []
        for place, judge in enumerate(self.judges):
            if place and self.pool is not None:
                real, fake = self.pool(real), self.pool(fake)
            logits, features = judge(real)
            real_logits.append(logits)
            real_features += features
            logits, features = judge(fake)
            fake_logits.append(logits)
            fake_features += features
        return real_logits, fake_logits, real_features, fake_features


class Mel(nn.Module):
    """The log-mel spectrogram, by `torch.stft`."""

    def __init__(self, fmax: float | None) -> None:
        super().__init__()
        self.register_buffer("filters", mel_filters(RATE, FFT, MELS, 0.0, fmax))
        self.register_buffer("window", torch.hann_window(FFT))

    def forward(self, wave: Tensor) -> Tensor:
        """`[B, M, frames]` of waves `[B, T]`."""
        margin = (FFT - HOP) // 2
        wave = F.pad(wave.unsqueeze(1), (margin, margin), mode="reflect").squeeze(1)
        found = torch.stft(wave, FFT, HOP, FFT, self.window, center=False, return_complex=True)
        magnitude = torch.sqrt(torch.view_as_real(found).pow(2).sum(-1) + 1e-9)
        return torch.log(torch.clamp(torch.matmul(self.filters, magnitude), min=1e-5))


class PublishedStep:
    """One training step: the discriminators' turn, then the generator's.

    Args:
        shape: `v1`, `v2` or `v3`.
        waves_BT: real waves, cut into minibatches and met over and over.
        batch: waves in a minibatch.
        dtype: of everything.
    """

    def __init__(self, shape: str, waves_BT: Tensor, batch: int, dtype: torch.dtype = torch.float32) -> None:
        device = waves_BT.device
        self.generator = Generator(SIZES[shape]).to(device, dtype)
        self.periods = Discriminator([_Period(period) for period in PERIODS], halve=False).to(device, dtype)
        self.scales = Discriminator([_Scale(spectral) for spectral in (True, False, False)], halve=True).to(
            device, dtype
        )
        self.loss_mel = Mel(None).to(device, dtype)
        waves_BT = waves_BT.to(dtype)
        held = (Mel(8000.0).to(device, dtype)(waves_BT), waves_BT, self.loss_mel(waves_BT))
        self.stream: Iterator[tuple[Tensor, ...]] = itertools.cycle(
            list(zip(*(item.split(batch) for item in held), strict=True))
        )
        judges = itertools.chain(self.scales.parameters(), self.periods.parameters())
        self.optimizers = [
            torch.optim.AdamW(parameters, 2e-4, betas=(0.8, 0.99))
            for parameters in (self.generator.parameters(), judges)
        ]

    def __call__(self) -> None:
        """Both turns."""
        self.generator_turn(*self.discriminator_turn())

    def discriminator_turn(self) -> tuple[Tensor, Tensor, Tensor]:
        """Update the discriminators; real waves, generated ones, and the mel term's value."""
        mel, wave, wanted = next(self.stream)
        real = wave.unsqueeze(1)
        fake = self.generator(mel)
        distance = F.l1_loss(wanted, self.loss_mel(fake.squeeze(1))) * 45
        self.optimizers[1].zero_grad()
        total: Tensor | float = 0.0
        for discriminator in (self.periods, self.scales):
            real_logits, fake_logits, _, _ = discriminator(real, fake.detach())
            for on_real, on_fake in zip(real_logits, fake_logits, strict=True):
                parts = torch.mean((1 - on_real) ** 2), torch.mean(on_fake**2)
                total = total + (parts[0] + parts[1])
                parts[0].item(), parts[1].item()
        assert isinstance(total, Tensor)
        total.backward()
        self.optimizers[1].step()
        return real, fake, distance

    def generator_turn(self, real: Tensor, fake: Tensor, distance: Tensor) -> None:
        """Update the generator."""
        self.optimizers[0].zero_grad()
        total = distance
        for discriminator in (self.periods, self.scales):
            _, fake_logits, real_features, fake_features = discriminator(real, fake)
            for theirs, mine in zip(real_features, fake_features, strict=True):
                total = total + 2 * torch.mean(torch.abs(theirs - mine))
            for logits in fake_logits:
                total = total + torch.mean((1 - logits) ** 2)
        total.backward()
        self.optimizers[0].step()

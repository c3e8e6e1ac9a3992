"""The published training steps, transcribed into plain PyTorch: what a user of the original code runs.

Same layers, same order of operations, float32, default memory layout, Adam as it comes, and each step's own habits:

* DCGAN, 64x64: the networks and inner loop of pytorch/examples `dcgan` (Radford et al. 2015), including its three reads
  of a loss with `.item()`.
* SNGAN, 32x32: the ResNet pair of Miyato et al. 2018 as in kwotsin/mimicry: hinge loss, one discriminator step per
  generator step, fresh fakes for each, spectral normalisation of every layer of the discriminator.
* Residual ("R3GAN"), 32x32: Huang et al. 2024, width 192 at every resolution, two blocks each, groups of 16;
  relativistic pairing with R1 + R2, resampling as a depthwise convolution with the kernel [1, 3, 3, 1], EMA.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

Step = Callable[[], None]


def published(case: str, batch: int) -> tuple[nn.Module, nn.Module, Step]:
    """Generator, discriminator and one training step of a case: `dcgan-64`, `sngan-32` or `residual-192`."""
    return {"dcgan-64": dcgan_step, "sngan-32": sngan_step, "residual-192": residual_step}[case](batch)


def real_pictures(resolution: int, batch: int) -> Iterator[Tensor]:
    """Random pictures, over and over; what is in them does not change the time."""
    held = torch.rand(4 * batch, 3, resolution, resolution) * 2 - 1
    return itertools.cycle(held.split(batch))


# -- DCGAN ----------------------------------------------------------------------------------------------------------


def dcgan_step(batch: int, width: int = 64, latent: int = 100) -> tuple[nn.Module, nn.Module, Step]:
    def up(before: int, after: int, stride: int = 2, padding: int = 1) -> list[nn.Module]:
        convolution = nn.ConvTranspose2d(before, after, 4, stride, padding, bias=False)
        return [convolution, nn.BatchNorm2d(after), nn.ReLU(True)]

    def down(before: int, after: int) -> list[nn.Module]:
        return [nn.Conv2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.LeakyReLU(0.2, True)]

    generator = nn.Sequential(
        *up(latent, 8 * width, 1, 0),
        *up(8 * width, 4 * width),
        *up(4 * width, 2 * width),
        *up(2 * width, width),
        nn.ConvTranspose2d(width, 3, 4, 2, 1, bias=False),
        nn.Tanh(),
    )
    discriminator = nn.Sequential(
        nn.Conv2d(3, width, 4, 2, 1, bias=False),
        nn.LeakyReLU(0.2, True),
        *down(width, 2 * width),
        *down(2 * width, 4 * width),
        *down(4 * width, 8 * width),
        nn.Conv2d(8 * width, 1, 4, 1, 0, bias=False),
        nn.Sigmoid(),
    )
    criterion = nn.BCELoss()
    optimizers = _adam(generator, discriminator, 2e-4, (0.5, 0.999))
    stream = real_pictures(64, batch)

    def step() -> None:
        discriminator.zero_grad()
        output = discriminator(next(stream)).view(-1)
        label = torch.full((batch,), 1.0)
        criterion(output, label).backward()
        output.mean().item()
        fake = generator(torch.randn(batch, latent, 1, 1))
        output = discriminator(fake.detach()).view(-1)
        criterion(output, label.fill_(0.0)).backward()
        output.mean().item()
        optimizers[1].step()
        generator.zero_grad()
        output = discriminator(fake).view(-1)
        criterion(output, label.fill_(1.0)).backward()
        output.mean().item()
        optimizers[0].step()

    return generator, discriminator, step


# -- SNGAN ----------------------------------------------------------------------------------------------------------


class _UpBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm2d(width), nn.BatchNorm2d(width)
        self.conv1, self.conv2 = nn.Conv2d(width, width, 3, 1, 1), nn.Conv2d(width, width, 3, 1, 1)
        self.shortcut = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        def doubled(y: Tensor) -> Tensor:
            return F.interpolate(y, scale_factor=2, mode="bilinear", align_corners=False)

        inner = self.conv1(doubled(F.relu(self.norm1(x))))
        inner = self.conv2(F.relu(self.norm2(inner)))
        return inner + self.shortcut(doubled(x))


class _DownBlock(nn.Module):
    def __init__(self, before: int, after: int, halve: bool, first: bool = False) -> None:
        super().__init__()
        self.halve, self.first = halve, first
        self.conv1 = spectral_norm(nn.Conv2d(before, after, 3, 1, 1))
        self.conv2 = spectral_norm(nn.Conv2d(after, after, 3, 1, 1))
        self.shortcut = spectral_norm(nn.Conv2d(before, after, 1)) if halve else None

    def forward(self, x: Tensor) -> Tensor:
        inner = self.conv2(F.relu(self.conv1(x if self.first else F.relu(x))))
        if not self.halve:
            return inner + x
        assert self.shortcut is not None
        if self.first:
            return F.avg_pool2d(inner, 2) + self.shortcut(F.avg_pool2d(x, 2))
        return F.avg_pool2d(inner, 2) + F.avg_pool2d(self.shortcut(x), 2)


class _SNGANGenerator(nn.Module):
    def __init__(self, width: int = 256, latent: int = 128) -> None:
        super().__init__()
        self.width = width
        self.stem = nn.Linear(latent, 16 * width)
        self.blocks = nn.Sequential(*(_UpBlock(width) for _ in range(3)))
        self.norm, self.head = nn.BatchNorm2d(width), nn.Conv2d(width, 3, 3, 1, 1)

    def forward(self, z: Tensor) -> Tensor:
        x = self.blocks(self.stem(z).view(-1, self.width, 4, 4))
        return torch.tanh(self.head(F.relu(self.norm(x))))


class _SNGANDiscriminator(nn.Module):
    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.blocks = nn.Sequential(
            _DownBlock(3, width, halve=True, first=True),
            _DownBlock(width, width, halve=True),
            _DownBlock(width, width, halve=False),
            _DownBlock(width, width, halve=False),
        )
        self.head = spectral_norm(nn.Linear(width, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.blocks(x)).sum((2, 3)))


def sngan_step(batch: int, latent: int = 128) -> tuple[nn.Module, nn.Module, Step]:
    generator, discriminator = _SNGANGenerator(latent=latent), _SNGANDiscriminator()
    optimizers = _adam(generator, discriminator, 2e-4, (0.0, 0.9))
    stream = real_pictures(32, batch)

    def step() -> None:
        discriminator.zero_grad()
        real = discriminator(next(stream))
        fake = discriminator(generator(torch.randn(batch, latent)).detach())
        loss = F.relu(1 - real).mean() + F.relu(1 + fake).mean()
        loss.backward()
        optimizers[1].step()
        loss.item()
        generator.zero_grad()
        loss = -discriminator(generator(torch.randn(batch, latent))).mean()
        loss.backward()
        optimizers[0].step()
        loss.item()

    return generator, discriminator, step


# -- residual -------------------------------------------------------------------------------------------------------


def _resample(x: Tensor, up: bool) -> Tensor:
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    kernel = torch.outer(taps, taps) / (16 if up else 64)
    kernel = kernel.expand(x.shape[1], 1, 4, 4)
    convolve = F.conv_transpose2d if up else F.conv2d
    return convolve(x, kernel, stride=2, padding=1, groups=x.shape[1])


class _Block(nn.Module):
    def __init__(self, width: int, gain: float) -> None:
        super().__init__()
        inner = 2 * width
        self.layers = nn.ModuleList(
            [
                nn.Conv2d(width, inner, 1, bias=False),
                nn.Conv2d(inner, inner, 3, 1, 1, groups=inner // 16, bias=False),
                nn.Conv2d(inner, width, 1, bias=False),
            ]
        )
        self.biases = nn.ParameterList([nn.Parameter(torch.zeros(inner)) for _ in range(2)])
        for layer in self.layers[:2]:
            nn.init.normal_(layer.weight, 0.0, gain / math.sqrt(layer.weight[0].numel()))
        nn.init.zeros_(self.layers[2].weight)

    def forward(self, x: Tensor) -> Tensor:
        inner = x
        for layer, bias in zip(self.layers[:2], self.biases, strict=True):
            inner = F.leaky_relu(layer(inner) + bias.view(1, -1, 1, 1), 0.2)
        return x + self.layers[2](inner)


class _ResidualGenerator(nn.Module):
    def __init__(self, width: int, blocks: int, latent: int) -> None:
        super().__init__()
        gain = math.sqrt(2 / 1.04) * (4 * blocks) ** -0.25
        self.basis = nn.Parameter(torch.randn(width, 4, 4))
        self.stem = nn.Linear(latent, width, bias=False)
        self.stages = nn.ModuleList(nn.Sequential(*(_Block(width, gain) for _ in range(blocks))) for _ in range(4))
        self.head = nn.Conv2d(width, 3, 1, bias=False)

    def forward(self, z: Tensor) -> Tensor:
        x = self.stages[0](self.basis * self.stem(z)[:, :, None, None])
        for stage in self.stages[1:]:
            x = stage(_resample(x, up=True))
        return self.head(x)


class _ResidualDiscriminator(nn.Module):
    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        gain = math.sqrt(2 / 1.04) * (4 * blocks) ** -0.25
        self.stem = nn.Conv2d(3, width, 1, bias=False)
        self.stages = nn.ModuleList(nn.Sequential(*(_Block(width, gain) for _ in range(blocks))) for _ in range(4))
        self.pool = nn.Conv2d(width, width, 4, groups=width, bias=False)
        self.head = nn.Linear(width, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for stage in self.stages[:-1]:
            x = _resample(stage(x), up=False)
        return self.head(self.pool(self.stages[-1](x)).flatten(1)).flatten()


def residual_step(
    batch: int, width: int = 192, blocks: int = 2, latent: int = 64, gamma: float = 1.0
) -> tuple[nn.Module, nn.Module, Step]:
    generator, discriminator = _ResidualGenerator(width, blocks, latent), _ResidualDiscriminator(width, blocks)
    average = copy.deepcopy(generator)
    optimizers = _adam(generator, discriminator, 2e-4, (0.0, 0.99))
    stream = real_pictures(32, batch)

    def step() -> None:
        discriminator.zero_grad()
        real = next(stream).requires_grad_(True)
        fake = generator(torch.randn(batch, latent)).detach().requires_grad_(True)
        on_real, on_fake = discriminator(real), discriminator(fake)
        penalty = sum(
            torch.autograd.grad(logits.sum(), data, create_graph=True)[0].square().sum((1, 2, 3))
            for logits, data in ((on_real, real), (on_fake, fake))
        )
        (F.softplus(on_fake - on_real) + gamma / 2 * penalty).mean().backward()
        optimizers[1].step()
        generator.zero_grad()
        fake = generator(torch.randn(batch, latent))
        F.softplus(discriminator(next(stream).detach()) - discriminator(fake)).mean().backward()
        optimizers[0].step()
        with torch.no_grad():
            for mine, theirs in zip(average.parameters(), generator.parameters(), strict=True):
                mine.lerp_(theirs, 0.005)

    return generator, discriminator, step


def _adam(
    generator: nn.Module, discriminator: nn.Module, lr: float, betas: tuple[float, float]
) -> tuple[torch.optim.Optimizer, torch.optim.Optimizer]:
    return (
        torch.optim.Adam(generator.parameters(), lr=lr, betas=betas),
        torch.optim.Adam(discriminator.parameters(), lr=lr, betas=betas),
    )

"""What the tests of several vocoder generators ask alike."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def mel(batch: int, bands: int, frames: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    """Numbers in the range of log-mels."""
    generator = torch.Generator().manual_seed(seed)
    return (2 * torch.randn(batch, bands, frames, generator=generator, dtype=torch.float64) - 4).to(dtype)


def reached_frames(network: Any, frames: int) -> tuple[int, int]:
    """How many mel frames before and after a frame in the middle its samples depend on, from the gradient.

    In float64, with weights all alike: no path then cancels another, and the faintest is not lost to rounding.
    """
    network = network.double().eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if parameter.dim() > 1:
                parameter.copy_(torch.rand(parameter.shape, generator=torch.Generator().manual_seed(1)) / 4)
            elif "norm" not in name:
                parameter.fill_(0.01)
    middle = frames // 2
    given = (0.1 * mel(1, network.mels, frames, dtype=torch.float64)).requires_grad_()
    wave = network(given)[0, 0]
    assert len(wave) == frames * network.hop_length
    hop = network.hop_length
    (gradient,) = torch.autograd.grad(wave[middle * hop : (middle + 1) * hop].square().sum(), given)
    reached = gradient.abs().amax((0, 1)).nonzero().flatten()
    return middle - int(reached.min()), int(reached.max()) - middle


def count(network: torch.nn.Module) -> int:
    """Its parameters."""
    return sum(parameter.numel() for parameter in network.parameters())

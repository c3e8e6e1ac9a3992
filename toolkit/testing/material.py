"""What the suites test with: keyed noise, small pictures, a smooth discriminator, a data set in memory.

Everything is a function of fixed seeds, so a suite gives the same answer every time.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from toolkit.adversarial.types import DiscriminatorOutput
from toolkit.data.memory import ArraySource
from toolkit.engine.randomness import Noise

BATCH = 4
RESOLUTION = 16
CHANNELS = 3
CLASSES = 3


@contextmanager
def seeded(seed: int = 0) -> Iterator[None]:
    """Torch's global generator seeded inside the block, and given back as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def noise(batch: int = BATCH, seed: int = 0, step: int = 0) -> Noise:
    """A keyed source for samples 0 to `batch`."""
    return Noise(seed, step, torch.arange(batch), "testing")


def uniform(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    """Uniform in [-1, 1)."""
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(shape, generator=generator, dtype=torch.float64) * 2 - 1).to(dtype)


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    """Standard normal."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)


def labels(batch: int = BATCH, classes: int = CLASSES) -> Tensor:
    """`B`: every class in turn."""
    return torch.arange(batch) % classes


class SmoothCritic(nn.Module):
    """A small discriminator without kinks, so that finite differences are exact: two logits and one feature.

    Args:
        inputs: values in one sample.
        scale: of the weights; the larger, the steeper.
    """

    def __init__(self, inputs: int, scale: float = 2.0) -> None:
        super().__init__()
        self.first = nn.Parameter(scale * normal(inputs, 5, seed=1))
        self.second = nn.Parameter(scale * normal(5, 2, seed=2))

    def forward(self, data: Tensor, condition: Tensor | None = None) -> DiscriminatorOutput:
        """One `[B, 2]` block of logits."""
        hidden = torch.tanh(data.flatten(1) @ self.first / data[0].numel() ** 0.5)
        return DiscriminatorOutput((hidden @ self.second,), (hidden,))


def picture_source(
    count: int = 24, resolution: int = RESOLUTION, channels: int = CHANNELS, classes: int = CLASSES
) -> ArraySource:
    """Random pictures in memory, labelled in turn; unlabelled with `classes=0`."""
    random = np.random.default_rng(0)
    fields: dict[str, Any] = {"image": random.integers(0, 256, (count, resolution, resolution, channels), np.uint8)}
    if classes:
        fields["label"] = np.arange(count, dtype=np.int64) % classes
    return ArraySource(fields, [f"made/{place}" for place in range(count)], [str(name) for name in range(classes)])


def stored(state: Mapping[str, Any]) -> Any:
    """A state as it comes back from a checkpoint: written and read with `weights_only=True`, as checkpoints are."""
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=True)


def same(first: Tensor, second: Tensor, tolerance: float = 1e-5) -> bool:
    """Whether two tensors have one shape and nearly the same values."""
    return first.shape == second.shape and torch.allclose(first, second, rtol=tolerance, atol=tolerance)

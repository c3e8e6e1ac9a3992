"""Randomness as a function of (seed, step, sample, role), never of workers, ranks or where a run was resumed.

A counter-based generator: the key of a sample is a hash of seed, step, role and the sample's place in the global batch;
value number i of that sample is a hash of key and i. The hash is SplitMix64's output function (Steele, Lea & Flood
2014,
"Fast splittable pseudorandom number generators", figure 16) in 64-bit integer tensor arithmetic, so that every device
gives the same integers.
"""

from __future__ import annotations

import hashlib
import math

import torch
from torch import Tensor

_GOLDEN = 0x9E3779B97F4A7C15 - 2**64  # as a signed 64-bit number; arithmetic wraps
_FIRST = 0xBF58476D1CE4E5B9 - 2**64
_SECOND = 0x94D049BB133111EB - 2**64


def fold(*parts: int | str) -> int:
    """A signed 64-bit number that depends on every part and on their order.

    >>> fold(1, "z") == fold(1, "z") != fold("z", 1)
    True
    """
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little", signed=True)


def _shift_right(value: Tensor, bits: int) -> Tensor:
    """Logical shift (torch shifts arithmetically)."""
    shifted: Tensor = (value >> bits) & (2 ** (64 - bits) - 1)
    return shifted


def _mix(value: Tensor) -> Tensor:
    value = (value ^ _shift_right(value, 30)) * _FIRST
    value = (value ^ _shift_right(value, 27)) * _SECOND
    return value ^ _shift_right(value, 31)


class Noise:
    """Random tensors for one batch at one step; the same call twice gives the same numbers.

    Args:
        seed: the run's seed.
        step: the training step (or any counter: a page of generated pictures).
        samples: `B` int64, each sample's place in the global batch; the device of this tensor is where noise is made.
        scope: a prefix of every role, so that independent users cannot collide.
    """

    def __init__(self, seed: int, step: int, samples: Tensor, scope: str = "") -> None:
        self.seed = seed
        self.step = step
        self.samples = samples
        self.path = scope

    def __len__(self) -> int:
        return int(self.samples.shape[0])

    def scope(self, name: str) -> Noise:
        """An independent source for the same samples."""
        return Noise(self.seed, self.step, self.samples, f"{self.path}/{name}")

    def part(self, start: int, stop: int) -> Noise:
        """The source of a micro-batch: samples `start:stop` keep their numbers."""
        return Noise(self.seed, self.step, self.samples[start:stop], self.path)

    def bits(self, role: str, count: int) -> Tensor:
        """`[B, count]` uniform 64-bit integers."""
        key = _mix(self.samples * _GOLDEN + fold(self.seed, self.step, f"{self.path}/{role}"))
        counter = torch.arange(1, count + 1, device=self.samples.device) * _GOLDEN
        return _mix(key[:, None] + counter[None, :])

    def uniform(self, role: str, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        """`[B, *shape]` uniform in [0, 1)."""
        bits = _shift_right(self.bits(role, math.prod(shape)), 40)  # 24 bits: exact in float32, never 1
        return bits.to(dtype).mul_(2.0**-24).view(len(self), *shape)

    def normal(self, role: str, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        """`[B, *shape]` standard normal, by Box and Muller's transform."""
        count = math.prod(shape)
        half = (count + 1) // 2
        bits = self.bits(role, 2 * half)
        work = torch.float64 if dtype == torch.float64 else torch.float32
        first = (_shift_right(bits[:, :half], 40).to(work) + 0.5) * 2.0**-24  # (0, 1): the logarithm stays finite
        angle = _shift_right(bits[:, half:], 40).to(work) * (2.0**-24 * 2 * math.pi)
        radius = first.log().mul_(-2).sqrt_()
        values = torch.cat([radius * angle.cos(), radius * angle.sin()], dim=1)
        return values[:, :count].reshape(len(self), *shape).to(dtype)

    def integers(self, role: str, low: int, high: int, *shape: int) -> Tensor:
        """`[B, *shape]` int64 uniform in [low, high)."""
        bits = _shift_right(self.bits(role, math.prod(shape)), 32)  # the spread may be up to 2**31
        return ((bits * (high - low)) >> 32).view(len(self), *shape) + low

    def seed_global(self, role: str) -> None:
        """Seed torch's global generators, for randomness inside networks that takes no source (dropout)."""
        torch.manual_seed(fold(self.seed, self.step, f"{self.path}/{role}") % 2**63)

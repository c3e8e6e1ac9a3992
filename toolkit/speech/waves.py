"""What the networks that judge waveforms have in common: the check of their input, normed layers, STFTs in float32."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from toolkit.adversarial.types import DiscriminatorOutput
from toolkit.errors import ConfigError, Problem

Convolution = TypeVar("Convolution", nn.Conv1d, nn.Conv2d)

SLOPE = 0.1
"""Of the leaky ReLUs in every discriminator of waveforms (Kong et al. 2020 and all that follow it)."""


def require_wave(wave_B1T: Tensor) -> None:
    """Check that a batch holds mono waveforms; another shape could pass through and mean nothing.

    Raises:
        ValueError: it has another shape.
    """
    if wave_B1T.dim() != 3 or wave_B1T.shape[1] != 1:
        raise ValueError(f"this network judges waveforms of shape [B, 1, T], got {list(wave_B1T.shape)}")


def require_positive(part: str, **sizes: int | Sequence[int]) -> None:
    """Refuse a size below 1, and an empty list of sizes.

    Args:
        part: what is being built, for the message.
        sizes: numbers, or lists of them, by the name of the parameter.

    Raises:
        ConfigError: naming every parameter, or member of a list, that is out of range.
    """
    problems = []
    for name, given in sizes.items():
        members = {name: given} if isinstance(given, int) else {f"{name}.{n}": size for n, size in enumerate(given)}
        problems += [Problem(path, f"is {size}; it must be at least 1") for path, size in members.items() if size < 1]
        if not members:
            problems.append(Problem(name, "is empty; give at least one"))
    if problems:
        raise ConfigError(problems, part)


def normed(convolution: Convolution, spectral: bool = False) -> Convolution:
    """The convolution with a normalised weight, in place.

    Args:
        convolution: any.
        spectral: divide the weight by its largest singular value (Miyato et al. 2018, algorithm 1: one power iteration
            whenever it is used in training, which couples micro-batches), rather than weight normalisation (Salimans &
            Kingma 2016, equation 2: a learned length for every output channel).
    """
    (spectral_norm if spectral else weight_norm)(convolution)
    return convolution


def summable(wave: Tensor) -> Tensor:
    """At least float32: a short-time transform adds a thousand products, and half precision has no FFT."""
    return wave.float() if wave.dtype in (torch.bfloat16, torch.float16) else wave


def joined(outputs: Sequence[DiscriminatorOutput]) -> DiscriminatorOutput:
    """What several sub-discriminators say, as one answer: a block of logits each, features one after the other."""
    logits = tuple(item for output in outputs for item in output.logits)
    return DiscriminatorOutput(logits, tuple(item for output in outputs for item in output.features))

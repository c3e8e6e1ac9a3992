"""Exponential moving average of a player's weights, by half-life in samples."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from toolkit.adversarial.schedules import Schedule, as_schedule


class Ema:
    """Averaged copy of a module; generators are evaluated, saved and shipped in this form (Karras et al. 2018).

    Args:
        module: the module that trains.
        half_life: samples after which a weight's influence is halved (a schedule, or a number).
        warm_up: the half-life is at most this share of the samples seen, so that the start is forgotten quickly
            (Karras et al. 2020 use 0.05); 0 turns the limit off.
    """

    def __init__(self, module: nn.Module, half_life: Schedule | float = 10_000.0, warm_up: float = 0.05) -> None:
        self.module = copy.deepcopy(module).eval().requires_grad_(False)
        self.half_life = as_schedule(half_life)
        self.warm_up = warm_up

    def decay(self, batch: int, samples: float) -> float:
        """Weight of the old average after `batch` more samples: 0.5 ** (batch / half-life)."""
        half_life = self.half_life(samples)
        if self.warm_up > 0:
            half_life = min(half_life, samples * self.warm_up)
        return 0.5 ** (batch / half_life) if half_life > 0 else 0.0

    @torch.no_grad()
    def update(self, module: nn.Module, batch: int, samples: float) -> None:
        """Move towards the module's weights; buffers (batch statistics) are copied."""
        mine_all: list[Tensor] = list(self.module.parameters())
        theirs_all: list[Tensor] = list(module.parameters())
        torch._foreach_lerp_(mine_all, theirs_all, 1.0 - self.decay(batch, samples))
        for mine, theirs in zip(self.module.buffers(), module.buffers(), strict=True):
            mine.copy_(theirs)

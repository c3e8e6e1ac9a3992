"""Optimisers whose settings are schedules over samples seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import torch
from torch import nn

from toolkit.adversarial.schedules import Scheduled, as_schedule


class OptimizerRule(Protocol):
    """Makes an optimiser for a player, and sets its hyper-parameters before every step."""

    def create(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """A new optimiser over these parameters."""
        ...

    def schedule(self, optimizer: torch.optim.Optimizer, samples: float) -> None:
        """Set the hyper-parameters that belong to this many samples seen."""
        ...


class Adam:
    """Adam (Kingma & Ba 2015), fused; GANs want beta1 = 0 or 0.5. Weight decay, if any, is decoupled (AdamW)."""

    def __init__(
        self,
        lr: Scheduled = 2e-4,
        beta1: float = 0.0,
        beta2: Scheduled = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        self.lr = as_schedule(lr)
        self.beta1 = beta1
        self.beta2 = as_schedule(beta2)
        self.eps = eps
        self.weight_decay = weight_decay

    def create(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """The fused form: one pass over the weights instead of one per operation."""
        betas = (self.beta1, self.beta2(0.0))
        return torch.optim.AdamW(  # Adam where weight_decay is 0
            list(parameters), lr=self.lr(0.0), betas=betas, eps=self.eps, weight_decay=self.weight_decay, fused=True
        )

    def schedule(self, optimizer: torch.optim.Optimizer, samples: float) -> None:
        """Set every hyper-parameter: those of a checkpoint may be others than the recipe's now."""
        for group in optimizer.param_groups:
            group["lr"] = self.lr(samples)
            group["betas"] = (self.beta1, self.beta2(samples))
            group["eps"] = self.eps
            group["weight_decay"] = self.weight_decay


class Sgd:
    """Stochastic gradient descent with optional momentum."""

    def __init__(self, lr: Scheduled = 1e-2, momentum: float = 0.0, weight_decay: float = 0.0) -> None:
        self.lr = as_schedule(lr)
        self.momentum = momentum
        self.weight_decay = weight_decay

    def create(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """A new optimiser over these parameters."""
        return torch.optim.SGD(
            list(parameters), lr=self.lr(0.0), momentum=self.momentum, weight_decay=self.weight_decay
        )

    def schedule(self, optimizer: torch.optim.Optimizer, samples: float) -> None:
        """Set every hyper-parameter."""
        for group in optimizer.param_groups:
            group["lr"] = self.lr(samples)
            group["momentum"] = self.momentum
            group["weight_decay"] = self.weight_decay

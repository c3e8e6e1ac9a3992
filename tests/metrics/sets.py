"""Small generated sets of features for these tests."""

from __future__ import annotations

import torch
from torch import Tensor

from toolkit.metrics.bank import FeatureBank


def normal(seed: int, count: int, dimension: int, shift: float = 0.0) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.randn(count, dimension, generator=random) + shift


def bank_of(features: Tensor, extractor: str = "identity", **columns: Tensor) -> FeatureBank:
    bank = FeatureBank(extractor, capacity=None)
    bank.add(features, **columns)
    return bank


def labelled(seed: int, count: int, dimension: int = 4, classes: int = 3, shift: float = 0.0) -> FeatureBank:
    """Features with labels, probabilities and indices."""
    features = normal(seed, count, dimension, shift)
    return bank_of(
        features,
        labels=torch.arange(count) % classes,
        probabilities=normal(seed + 1000, count, classes).softmax(1),
        index=torch.arange(count),
    )

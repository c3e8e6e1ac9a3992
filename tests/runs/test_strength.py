from __future__ import annotations

import torch
from torch import Tensor

from toolkit.adversarial.rejection import DEFAULT_ACCEPTANCE
from toolkit.metrics.moments import Moments
from toolkit.runs.strength import SHARES, choose_strength

COUNT = 600


def normal(count: int, seed: int, mean: float = 0.0) -> Tensor:
    """Rows of two features; the first has the mean."""
    rows = torch.randn(count, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return rows + torch.tensor([mean, 0.0], dtype=torch.float64)


def real() -> Moments:
    moments = Moments(2)
    moments.add(normal(4000, 0))
    return moments


def test_a_judge_that_knows_the_ratio_is_used_and_brings_samples_nearer() -> None:
    fake = normal(COUNT, 1, 0.8)
    found = choose_strength(real(), fake, 0.32 - 0.8 * fake[:, 0])
    assert found.acceptance in SHARES
    assert found.change is not None
    assert found.change < -0.3
    assert not found.doubt


def test_a_judge_that_prefers_the_wrong_samples_is_doubted() -> None:
    fake = normal(COUNT, 1, 0.8)
    found = choose_strength(real(), fake, 2 * fake[:, 0])
    assert found.acceptance == 1
    assert "further from real data" in found.doubt
    assert found.change is not None
    assert found.change > 0


def test_a_judge_that_looks_at_something_else_chooses_by_the_default() -> None:
    fake = normal(COUNT, 1, 0.8)
    other = torch.randn(COUNT, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    found = choose_strength(real(), fake, other)
    assert found.acceptance == DEFAULT_ACCEPTANCE
    assert not found.doubt


def test_classes_keep_their_shares() -> None:
    """Preferring the class that happens to lie nearer to the data is no merit: there will be as many of each class."""
    label = torch.arange(COUNT) % 2
    fake = normal(COUNT, 1, 0.8) + 2.0 * label[:, None]
    by_class = -3.0 * label.double() + 0.01 * torch.randn(COUNT, generator=torch.Generator().manual_seed(5)).double()
    blind = choose_strength(real(), fake, by_class)
    aware = choose_strength(real(), fake, by_class, label, 2)
    assert blind.change is not None
    assert aware.change is not None
    assert blind.change < -0.3
    assert abs(aware.change) < 0.15

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from toolkit.nn.init import fan_in_normal_, leaky_relu_gain, residual_gain


@pytest.mark.parametrize(
    ("layer", "fan_in"),
    [(nn.Linear(64, 1000), 64), (nn.Conv2d(32, 128, 3), 288), (nn.Conv2d(64, 512, 3, groups=4), 144)],
)
def test_deviation_is_gain_over_root_of_fan_in(layer: nn.Linear | nn.Conv2d, fan_in: int) -> None:
    fan_in_normal_(layer.weight, gain=3.0)
    assert layer.weight.requires_grad
    assert layer.weight.std().item() == pytest.approx(3.0 / fan_in**0.5, rel=0.02)
    assert abs(layer.weight.mean().item()) < 0.02


def test_variance_passes_through_layers_with_leaky_relu() -> None:
    torch.manual_seed(0)
    x = torch.randn(256, 512)
    for _ in range(6):
        layer = nn.Linear(512, 512, bias=False)
        fan_in_normal_(layer.weight, leaky_relu_gain(0.2))
        x = layer(F.leaky_relu(x, 0.2))
    assert x.square().mean().item() == pytest.approx(1.0, rel=0.2)


def test_gains_in_closed_form() -> None:
    assert leaky_relu_gain(0.0) == pytest.approx(2**0.5)
    assert leaky_relu_gain(0.2) == pytest.approx((2 / 1.04) ** 0.5)
    assert residual_gain(blocks=1, layers=3) == 1.0
    assert residual_gain(blocks=16, layers=2) == pytest.approx(0.25)
    assert residual_gain(blocks=8, layers=3) == pytest.approx(8**-0.25)

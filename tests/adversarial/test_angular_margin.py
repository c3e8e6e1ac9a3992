from __future__ import annotations

import math

import pytest
import torch

from toolkit.adversarial.angular_margin import AngularMargin
from toolkit.adversarial.terms import Offer
from toolkit.adversarial.types import GeneratorOutput
from toolkit.errors import ConfigError, ToolkitError


def offer(cosines: torch.Tensor, labels: list[int]) -> Offer:
    return Offer({"label": torch.tensor(labels)}, GeneratorOutput(cosines), None)


def test_without_a_margin_it_is_scaled_cross_entropy() -> None:
    cosines = torch.tensor([[0.3, -0.2, 0.9], [0.1, 0.5, 0.2]], dtype=torch.float64)
    expected = torch.nn.functional.cross_entropy(7 * cosines, torch.tensor([2, 0]), reduction="none")
    torch.testing.assert_close(AngularMargin(margin=0.0, scale=7.0)(offer(cosines, [2, 0])), expected)


def test_the_own_class_competes_with_a_larger_angle() -> None:
    angle, other = 0.7, 0.2
    cosines = torch.tensor([[math.cos(angle), other]], dtype=torch.float64)
    found = AngularMargin(margin=0.4, scale=5.0)(offer(cosines, [0]))
    own = math.exp(5 * math.cos(angle + 0.4))
    assert found.item() == pytest.approx(-math.log(own / (own + math.exp(5 * other))))


def test_it_falls_with_the_own_cosine_everywhere() -> None:
    """Beyond pi the cosine of the larger angle would rise again."""
    own = torch.linspace(-0.999, 0.999, 400, dtype=torch.float64)
    cosines = torch.stack([own, torch.zeros_like(own)], 1)
    values = AngularMargin(margin=0.5)(offer(cosines, [0] * 400))
    assert (values.diff() < 0).all()


def test_what_does_not_fit_is_explained() -> None:
    with pytest.raises(ConfigError, match="scale"):
        AngularMargin(scale=0.0)
    with pytest.raises(ConfigError, match="margin"):
        AngularMargin(margin=2.0)
    with pytest.raises(ToolkitError, match="'person' is not in the batch"):
        AngularMargin(target="person")(offer(torch.zeros(2, 3), [0, 1]))

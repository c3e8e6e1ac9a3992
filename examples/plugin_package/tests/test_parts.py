"""What the contracts cannot know: what these parts are for."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from toolkit_example_plugin.alpha import AlphaLoss
from toolkit_example_plugin.coordinate import CoordinateGenerator
from toolkit_example_plugin.shapes import Shapes

from toolkit.adversarial.losses import NonSaturating
from toolkit.errors import ConfigError

LOGITS = torch.linspace(-8, 8, 33, dtype=torch.float64)


def test_alpha_1_is_the_logistic_loss_and_its_neighbourhood_is_smooth() -> None:
    logistic = NonSaturating()
    for alpha, tolerance in ((1.0, 1e-12), (1.0 + 1e-9, 1e-6)):
        loss = AlphaLoss(alpha)
        torch.testing.assert_close(
            loss.generator(None, LOGITS), logistic.generator(None, LOGITS), rtol=0, atol=tolerance
        )
        found = loss.discriminator(LOGITS, LOGITS.flip(0))
        torch.testing.assert_close(found, logistic.discriminator(LOGITS, LOGITS.flip(0)), rtol=0, atol=tolerance)


def test_a_large_alpha_is_the_probability_of_being_wrong() -> None:
    torch.testing.assert_close(AlphaLoss(1e12).generator(None, LOGITS), 1 - LOGITS.sigmoid())


def test_an_alpha_below_1_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"alpha: must be at least 1, got 0\.5"):
        AlphaLoss(0.5)


def test_a_larger_set_of_shapes_begins_with_the_smaller_one() -> None:
    few, many = Shapes(count=6, resolution=16), Shapes(count=9, resolution=16)
    for place in range(6):
        assert many.key(place) == few.key(place)
        assert np.array_equal(many[place]["image"], few[place]["image"])
    assert not np.array_equal(Shapes(count=2, seed=1)[0]["image"], Shapes(count=2)[0]["image"])


def test_a_pixel_depends_on_its_place_and_not_on_the_grid() -> None:
    torch.manual_seed(0)
    coarse = CoordinateGenerator(resolution=5, width=8)
    fine = CoordinateGenerator(resolution=15, width=8)
    fine.load_state_dict(coarse.state_dict())  # the grid of places is no weight
    z = torch.randn(2, coarse.latent)
    torch.testing.assert_close(fine(z)[:, :, 1::3, 1::3], coarse(z), rtol=0, atol=1e-5)

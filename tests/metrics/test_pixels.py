from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.errors import ConfigError, DataError
from toolkit.metrics.pixels import Pixels


def test_features_are_means_of_squares() -> None:
    x = torch.arange(16.0).view(1, 1, 4, 4)
    pixels = Pixels(2)
    assert pixels(x).tolist() == [[2.5, 4.5, 10.5, 12.5]]
    assert pixels.dimension == 4


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 6), st.integers(6, 17), st.integers(6, 17), st.integers(1, 4), st.floats(-1, 1, width=32))
def test_any_shape_and_a_flat_colour_stays_itself(
    size: int, height: int, width: int, channels: int, value: float
) -> None:
    features = Pixels(size)(torch.full((2, channels, height, width), value))
    assert features.shape == (2, channels * size**2)
    torch.testing.assert_close(features, torch.full_like(features, value))


def test_a_fine_chequerboard_does_not_alias() -> None:
    board = (torch.arange(32)[:, None] + torch.arange(32)) % 2 * 2.0 - 1
    assert Pixels(8)(board[None, None]).abs().max() == 0


def test_no_graph_and_float32_from_any_precision() -> None:
    features = Pixels(4)(torch.zeros(2, 3, 8, 8, dtype=torch.float64, requires_grad=True))
    assert features.dtype == torch.float32
    assert not features.requires_grad


def test_the_name_tells_the_size() -> None:
    assert Pixels().name == "pixels-8x8"
    assert Pixels(4).name == "pixels-4x4"


def test_wrong_data_are_refused() -> None:
    pixels = Pixels(8)
    with pytest.raises(DataError, match=r"pictures \[B, C, H, W\], not \[2, 64\]"):
        pixels(torch.zeros(2, 64))
    with pytest.raises(DataError, match=r"at least 8 x 8 pixels, not 9 x 7(.|\n)*extractor.size to 7"):
        pixels(torch.zeros(2, 3, 9, 7))
    with pytest.raises(DataError, match=r"not torch\.uint8"):
        pixels(torch.zeros(2, 3, 8, 8, dtype=torch.uint8))
    pixels(torch.zeros(2, 3, 8, 8))
    with pytest.raises(DataError, match="3 channels before, now with 1"):
        pixels(torch.zeros(2, 1, 8, 8))
    with pytest.raises(ConfigError, match="size: is 0"):
        Pixels(0)

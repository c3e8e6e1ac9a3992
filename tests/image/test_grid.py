from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from toolkit.image.grid import make_grid, on_chequers, save_picture


def test_opacity_shows_the_chequered_ground() -> None:
    pictures = np.zeros((2, 16, 16, 4), dtype=np.uint8)
    pictures[0, ..., 0] = pictures[0, ..., 3] = 255  # opaque red
    pictures[1, ..., 0] = 255  # red, and invisible
    laid = on_chequers(pictures)
    assert laid.shape == (2, 16, 16, 3)
    assert (laid[0] == (255, 0, 0)).all()
    assert {tuple(colour) for colour in laid[1].reshape(-1, 3).tolist()} == {(255, 255, 255), (216, 216, 216)}
    pictures[1, ..., 3] = 128
    half = on_chequers(pictures)[1].reshape(-1, 3).tolist()
    assert {tuple(colour) for colour in half} == {(255, 127, 127), (236, 108, 108)}


@pytest.mark.parametrize(("channels", "shown"), [(1, 1), (3, 3), (4, 3)])
def test_a_grid_is_opaque_with_white_between_the_pictures(channels: int, shown: int) -> None:
    grid = make_grid(np.zeros((3, 8, 8, channels), dtype=np.uint8), columns=2)
    assert grid.shape == (22, 22, shown)
    assert (grid[:2] == 255).all()
    assert (grid[10:12] == 255).all()
    if channels < 4:
        assert (grid[2:10, 2:10] == 0).all()


def test_a_single_picture_keeps_its_opacity(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 4), dtype=np.uint8)
    save_picture(tmp_path / "a.png", pixels)
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "RGBA"
        assert np.array_equal(np.asarray(image), pixels)

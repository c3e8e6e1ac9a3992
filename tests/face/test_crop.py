from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.face.making import rendered
from toolkit.errors import DataError
from toolkit.face.crop import aligned_crop, warp
from toolkit.face.geometry import Similarity, alignment, nme


def plain(scale: float = 1.0, x: float = 0.0, y: float = 0.0) -> Similarity:
    return Similarity(np.array([[scale, 0.0, x], [0.0, scale, y]]))


def test_no_change_gives_the_picture_itself() -> None:
    picture, _ = rendered()
    assert np.abs(warp(picture, plain(), 128).astype(int) - picture).max() <= 1


def test_a_part_is_cut_out_where_it_is() -> None:
    picture, _ = rendered()
    shown = warp(picture, plain(1, -20, -30), 64)
    assert np.abs(shown.astype(int) - picture[30:94, 20:84]).max() <= 1


def test_a_quarter_turn_is_that_of_numpy() -> None:
    picture, _ = rendered()
    turn = Similarity(np.array([[0.0, -1.0, 128.0], [1.0, 0.0, 0.0]]))  # clockwise
    assert np.abs(warp(picture, turn, 128).astype(int) - np.rot90(picture, -1)).max() <= 1


def test_shrinking_averages_what_is_finer_than_the_crop() -> None:
    stripes = np.zeros((256, 256, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    shown = warp(stripes, plain(1 / 8), 32)
    assert np.abs(shown[4:-4, 4:-4].astype(int) - 127).max() <= 4


def test_shrinking_is_that_of_pillow() -> None:
    picture, _ = rendered()
    small = np.asarray(Image.fromarray(picture).resize((32, 32), Image.Resampling.LANCZOS))
    shown = warp(picture, plain(0.25), 32)
    assert np.abs(shown[4:-4, 4:-4].astype(int) - small[4:-4, 4:-4]).mean() < 2


def test_beyond_the_edge_the_edge_is_repeated() -> None:
    picture = np.full((40, 40, 3), 200, dtype=np.uint8)
    assert (warp(picture, plain(1, 30, 30), 64) >= 198).all()


@pytest.mark.parametrize("name", ["id0000_0", "id0000_4", "id0001_0"])
@pytest.mark.parametrize("size", [64, 128])
def test_a_crop_and_its_landmarks_belong_together(name: str, size: int) -> None:
    picture, landmarks = rendered(name)
    crop, moved = aligned_crop(picture, landmarks, size)
    assert crop.shape == (size, size, 3)
    assert crop.dtype == np.uint8
    assert moved == pytest.approx(alignment(landmarks, size)(landmarks))
    assert (moved > 0).all()
    assert (moved < 1.05 * size).all()


def test_the_crop_does_not_depend_on_how_the_photo_was_held() -> None:
    picture, landmarks = rendered()
    crop, moved = aligned_crop(picture, landmarks, 64)
    lying = np.ascontiguousarray(np.rot90(picture))  # counter-clockwise: (x, y) -> (y, 128 - x)
    other, other_moved = aligned_crop(lying, np.column_stack([landmarks[:, 1], 128 - landmarks[:, 0]]), 64)
    assert nme(moved, other_moved) < 1e-6
    assert np.abs(crop.astype(int) - other).mean() < 1.5


def test_what_shows_nothing_is_refused() -> None:
    picture, landmarks = rendered()
    with pytest.raises(DataError, match="wholly outside"):
        aligned_crop(picture, landmarks + 5000, 64)
    with pytest.raises(DataError, match="at a scale"):
        aligned_crop(picture, landmarks * 1e-6, 64)

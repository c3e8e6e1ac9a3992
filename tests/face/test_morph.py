from __future__ import annotations

import numpy as np
import pytest

from tests.face.making import rendered
from toolkit.errors import DataError
from toolkit.face.crop import aligned_crop
from toolkit.face.geometry import Points
from toolkit.face.morph import MorphDriver

NAMES = ("id0000_0", "id0001_0", "id0002_0")


def sources(size: int = 64) -> tuple[list[np.ndarray], list[Points]]:
    crops = [aligned_crop(*rendered(name), size) for name in NAMES]
    return [crop for crop, _ in crops], [points for _, points in crops]


def test_a_single_face_at_its_own_landmarks_comes_back() -> None:
    crops, points = sources()
    made = MorphDriver(64)(crops[:1], points[:1], [2.0], points[0])
    assert np.abs(made.crop.astype(int) - crops[0]).mean() < 1
    assert made.shares == (1.0,)
    assert np.array_equal(made.landmarks, points[0])


def test_crops_of_any_side_are_warped() -> None:
    """The same face at twice the size gives nearly the same picture."""
    small, large = sources(64), sources(128)
    first, second = (MorphDriver(64)(*each, [1, 1, 1], small[1][0]) for each in (small, large))
    assert np.abs(first.crop.astype(int) - second.crop).mean() < 6


def test_weights_decide_what_is_mixed() -> None:
    crops, points = sources()
    driver = MorphDriver(64)
    alone = [driver(crops[k : k + 1], points[k : k + 1], [1], points[0]).crop.astype(float) for k in range(3)]
    mixed = driver(crops, points, [6, 3, 0], points[0])
    assert np.abs(mixed.crop - (2 * alone[0] + alone[1]) / 3).max() <= 1
    assert mixed.shares == pytest.approx((2 / 3, 1 / 3, 0))


def test_a_seed_gives_another_face_and_always_the_same() -> None:
    crops, points = sources()
    faces = [MorphDriver(64)(crops, points, [1, 1, 1], points[0], seed).crop for seed in (0, 4, 4, 5)]
    assert np.array_equal(faces[1], faces[2])
    assert not np.array_equal(faces[0], faces[1])
    assert not np.array_equal(faces[1], faces[3])


def test_a_source_of_weight_0_stays_out_whatever_the_seed() -> None:
    crops, points = sources()
    assert MorphDriver(64)(crops, points, [1, 0, 1], points[0], 9).shares[1] == 0


def test_what_does_not_fit_is_explained() -> None:
    crops, points = sources()
    driver = MorphDriver(64)
    for arguments, words in (
        ((crops, points[:2], [1, 1, 1], points[0]), "3, 2, 3"),
        (([], [], [], points[0]), "0, 0, 0"),
        ((crops, points, [0, 0, 0], points[0]), "not all 0"),
        ((crops, points, [1, -1, 1], points[0]), "numbers from 0"),
        (([crops[0][:32]], points[:1], [1], points[0]), r"uint8 \[S, S, 3\]"),
        ((crops, points, [1, 1, 1], points[0][:5]), "68 points"),
    ):
        with pytest.raises(DataError, match=words):
            driver(*arguments)

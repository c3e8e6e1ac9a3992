from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.face.making import rendered
from toolkit.data.images import Pixels
from toolkit.errors import ConfigError, DataError
from toolkit.face.detection import Face, NoFaceError, choose_face, find_faces, in_order, resized

SMALL, LARGE, OTHER = (
    Face((0.0, 0.0, 10.0, 10.0), 3.0),
    Face((0.0, 0.0, 40.0, 30.0), 1.0),
    Face((50.0, 0.0, 60.0, 10.0), 2.0),
)


class Fixed:
    def __init__(self, *faces: Face) -> None:
        self.faces = list(faces)

    def detect(self, picture: Pixels) -> list[Face]:
        return self.faces


class RejectsLarge:
    def verify(self, picture: Pixels, face: Face) -> bool:
        return face.area < 1000


# -- choosing -----------------------------------------------------------------------------------------------------


def test_the_largest_face_is_chosen_by_default_and_others_by_number() -> None:
    faces = in_order([SMALL, OTHER, LARGE])
    assert faces == [LARGE, SMALL, OTHER]
    assert choose_face(faces) is LARGE
    assert choose_face([SMALL, LARGE]) is LARGE
    assert choose_face(faces, 2) is OTHER


def test_no_face_and_no_such_face_are_said_clearly() -> None:
    with pytest.raises(NoFaceError, match=r"no face was found in cat.jpg") as caught:
        choose_face([], name="cat.jpg")
    assert "from the front" in caught.value.way_out
    with pytest.raises(NoFaceError, match="no face number 2 in the picture: 2 faces were found"):
        choose_face([SMALL, LARGE], 2)
    with pytest.raises(NoFaceError, match="no face number -1 in the picture: 1 face was found"):
        choose_face([SMALL], -1)


def test_a_verifier_may_reject_what_a_detector_took_for_a_face() -> None:
    picture = np.zeros((64, 64, 3), dtype=np.uint8)
    assert find_faces(picture, Fixed(SMALL, LARGE)) == [LARGE, SMALL]
    assert find_faces(picture, Fixed(SMALL, LARGE), RejectsLarge()) == [SMALL]


def test_a_face_is_described_in_plain_values() -> None:
    assert Face((1.23456, 2.0, 3.0, 4.0), 0.5).to_json() == {"box": [1.23, 2.0, 3.0, 4.0], "score": 0.5}


def test_the_working_size_keeps_the_shape() -> None:
    picture = np.zeros((100, 200, 3), dtype=np.uint8)
    small, scale = resized(picture, 50)
    assert (small.shape, scale) == ((25, 50, 3), 0.25)
    assert resized(picture, 400)[0] is picture
    large, scale = resized(picture, 400, enlarge=True)
    assert (large.shape, scale) == ((200, 400, 3), 2.0)


# -- dlib ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dlib() -> object:
    pytest.importorskip("dlib", reason="the package 'dlib-bin' (extra 'face') is not installed")
    from toolkit.face.dlib_detector import DlibDetector

    return DlibDetector()


@pytest.mark.parametrize("name", ["id0000_0", "id0000_4", "id0001_0", "id0002_0"])
def test_dlib_puts_its_box_around_the_landmarks(dlib: object, name: str) -> None:
    picture, landmarks = rendered(name)
    [face] = dlib.detect(picture)  # type: ignore[attr-defined]
    left, top, right, bottom = face.box
    inner = landmarks[17:]  # without the contour
    inside = (inner[:, 0] > left) & (inner[:, 0] < right) & (inner[:, 1] > top) & (inner[:, 1] < bottom)
    assert inside.mean() > 0.9
    assert 0.5 < (right - left) / np.ptp(landmarks[:, 0]) < 1.6


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Area that two boxes share, over the area that they cover."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return shared / (areas - shared)


@pytest.mark.parametrize("scale", [0.5, 4, 16])
def test_dlib_finds_a_face_at_any_size_and_gives_the_box_in_the_given_pixels(dlib: object, scale: float) -> None:
    picture, _ = rendered()
    [before] = dlib.detect(picture)  # type: ignore[attr-defined]
    side = round(128 * scale)
    [after] = dlib.detect(np.asarray(Image.fromarray(picture).resize((side, side))))  # type: ignore[attr-defined]
    assert overlap(after.box, tuple(scale * side for side in before.box)) > 0.5  # sizes of boxes come in steps


def test_dlib_takes_noise_and_a_drawing_for_no_face(dlib: object) -> None:
    random = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    rings = (np.hypot(*np.mgrid[-100:100, -100:100]) // 10 % 2 * 255).astype(np.uint8)
    assert dlib.detect(random) == []  # type: ignore[attr-defined]
    assert dlib.detect(np.repeat(rings[..., None], 3, axis=2)) == []  # type: ignore[attr-defined]


def test_settings_out_of_range_are_refused() -> None:
    from toolkit.face.dlib_detector import DlibDetector

    with pytest.raises(ConfigError, match=r"(?s)threshold: is 5.*shortest: is 50"):
        DlibDetector(threshold=5.0, shortest=50)


def test_a_detector_refuses_what_is_no_picture(dlib: object) -> None:
    with pytest.raises(DataError, match=r"uint8 \[H, W, 3\], not float64 \[4, 4\]"):
        dlib.detect(np.zeros((4, 4)))  # type: ignore[attr-defined]

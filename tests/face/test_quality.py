from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from tests.face.making import rendered
from toolkit.face.detection import Face
from toolkit.face.quality import rate

PICTURE = np.asarray(Image.fromarray(rendered()[0]).resize((512, 512)))
FACE = Face((100.0, 100.0, 420.0, 420.0), 1.0)


def blurred(radius: float) -> np.ndarray:
    return np.asarray(Image.fromarray(PICTURE).filter(ImageFilter.GaussianBlur(radius)))


def test_sharpness_falls_with_blur_and_a_strong_one_is_named() -> None:
    values = [rate(blurred(radius), FACE).sharpness for radius in (0, 2, 4, 8)]
    assert values == sorted(values, reverse=True)
    assert rate(PICTURE, FACE).notes == ()
    assert "blurred" in rate(blurred(12), FACE).notes[0]


def test_sharpness_does_not_depend_on_the_number_of_pixels() -> None:
    double = np.asarray(Image.fromarray(PICTURE).resize((1024, 1024), Image.Resampling.BICUBIC))
    twice = Face((200.0, 200.0, 840.0, 840.0), 1.0)
    assert rate(double, twice).sharpness == pytest.approx(rate(PICTURE, FACE).sharpness, rel=0.1)


def test_what_lies_outside_is_measured() -> None:
    half = rate(PICTURE, Face((-100.0, 0.0, 100.0, 200.0), 1.0))
    assert half.outside == pytest.approx(0.5)
    assert "50% of the face lies outside the picture" in half.notes
    assert rate(PICTURE, FACE).outside == 0
    assert rate(PICTURE, Face((600.0, 0.0, 700.0, 100.0), 1.0)).notes == ("the face lies outside the picture",)


def test_light_and_size_are_named() -> None:
    dark = rate(PICTURE // 10, FACE)
    assert "the face is very dark" in dark.notes
    assert dark.brightness < rate(PICTURE, FACE).brightness
    small = rate(PICTURE, Face((100.0, 100.0, 130.0, 130.0), 1.0))
    assert small.side == pytest.approx(30)
    assert "the face is small (30 pixels)" in small.notes
    assert "contrast" in " ".join(rate(np.full_like(PICTURE, 128), FACE).notes)
    assert "very bright" in " ".join(rate(np.full_like(PICTURE, 250), FACE).notes)


def test_a_rating_is_plain_values() -> None:
    plain = rate(PICTURE, FACE).to_json()
    assert plain["side"] == 320.0
    assert plain["notes"] == []

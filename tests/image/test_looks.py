from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.image.pictures import blobs, digits, with_opacity
from toolkit.data.images import Pixels
from toolkit.image.looks import Looks, look_at


def thumbnails(pictures: list[Image.Image]) -> list[Pixels]:
    return [np.asarray(picture.convert("RGBA").resize((32, 32), Image.Resampling.BOX)) for picture in pictures]


def test_nothing_looked_at_shows_nothing() -> None:
    assert look_at([]) == Looks(0)


def test_grey_pictures_are_told_from_coloured_ones() -> None:
    grey = [picture.convert("L") for picture in blobs(6)]
    looks = look_at(thumbnails([*grey, *blobs(4, seed=1)]))
    assert (looks.sampled, looks.grey) == (10, 6)


def test_invisible_colours_do_not_count() -> None:
    hidden = Image.fromarray(np.full((32, 32, 4), (255, 0, 0, 0), dtype=np.uint8))
    looks = look_at(thumbnails([hidden, hidden.copy()]))
    assert (looks.grey, looks.transparent, looks.one_colour, looks.copies) == (2, 2, 2, 1)


def test_transparent_means_more_than_a_smoothed_edge() -> None:
    clear, solid = with_opacity(blobs(1)[0]), blobs(1)[0].convert("RGBA")
    nearly = Image.fromarray(np.asarray(solid).copy())
    nearly.putpixel((0, 0), (0, 0, 0, 252))
    assert look_at(thumbnails([clear, solid, nearly])).transparent == 1


def test_pictures_of_one_colour_and_copies_are_counted() -> None:
    red, blue = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    looks = look_at(thumbnails([red, blue, red.copy(), *blobs(3)]))
    assert (looks.one_colour, looks.copies) == (3, 1)


def test_what_has_a_left_and_a_right_is_told_from_what_has_none() -> None:
    sided, plain = look_at(thumbnails(digits(200))), look_at(thumbnails(blobs(200)))
    assert sided.mirrored_farther > 0.8
    assert sided.mirrored_distance > 1.2
    assert plain.mirrored_farther == pytest.approx(0.5, abs=0.15)
    assert plain.mirrored_distance == pytest.approx(1.0, abs=0.1)


def test_the_mirror_image_of_a_symmetric_picture_is_as_near_as_itself() -> None:
    halves = [np.asarray(picture) for picture in blobs(40, side=16)]
    whole = [Image.fromarray(np.concatenate([half, half[:, ::-1]], axis=1)) for half in halves]
    looks = look_at(thumbnails(whole))
    assert looks.mirrored_farther == pytest.approx(0.5)
    assert looks.mirrored_distance == pytest.approx(1.0, abs=1e-3)

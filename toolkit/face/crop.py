"""Cutting faces out of pictures: aligned, antialiased, without black corners."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PIL import Image

from toolkit.data.images import Pixels
from toolkit.errors import DataError
from toolkit.face.geometry import Points, Similarity, alignment

_MARGIN = 3  # pixels that bicubic interpolation may look at beyond the crop


def aligned_crop(picture: Pixels, landmarks: npt.ArrayLike, size: int) -> tuple[Pixels, Points]:
    """The canonical crop of a face, and its landmarks in the crop.

    Args:
        picture: uint8 [H, W, 3].
        landmarks: [68, 2] in the picture.
        size: side of the crop in pixels.

    Returns:
        uint8 [size, size, 3] and float64 [68, 2].

    Raises:
        DataError: the landmarks are no face.
    """
    transform = alignment(landmarks, size)
    return warp(picture, transform, size), transform(np.asarray(landmarks, dtype=np.float64))


def warp(picture: Pixels, transform: Similarity, size: int) -> Pixels:
    """What a similarity transform shows of a picture.

    A picture that shrinks is first resized with Lanczos' filter, which removes what the crop cannot show, then turned
    with bicubic interpolation. Beyond the edge the picture's outermost pixels are repeated.

    Args:
        picture: uint8 [H, W, 3].
        transform: from the picture to the crop.
        size: side of the crop in pixels.

    Returns:
        uint8 [size, size, 3].

    Raises:
        DataError: the transform shows less than a thousandth of a pixel, or far more than the picture.
    """
    scale = transform.scale
    if not (math.isfinite(scale) and 1e-3 < scale < 1e3):
        raise DataError(f"a face cannot be cut out at a scale of {scale:.3g}", "its landmarks are no face")
    shrunk = min(1.0, scale)
    seen = transform.inverse()(np.array([(0, 0), (size, 0), (size, size), (0, size)]))
    margin = _MARGIN / shrunk
    left, top = (math.floor(value - margin) for value in seen.min(0))
    right, bottom = (math.ceil(value + margin) for value in seen.max(0))
    region = _region(picture, left, top, right, bottom)
    if region is None:
        raise DataError("the face lies wholly outside the picture", "its landmarks belong to another picture")
    if shrunk < 1:
        across = max(1, round((right - left) * shrunk))
        down = max(1, round((bottom - top) * shrunk))
        region = region.resize((across, down), Image.Resampling.LANCZOS)
    ratio = np.array([region.width / (right - left), region.height / (bottom - top)])
    back = transform.inverse().matrix
    steps = np.column_stack([back[:, :2], back[:, 2] - np.array([left, top])]) * ratio[:, None]
    shown = region.transform((size, size), Image.Transform.AFFINE, tuple(steps.ravel()), Image.Resampling.BICUBIC)
    return np.asarray(shown).copy()


def _region(picture: Pixels, left: int, top: int, right: int, bottom: int) -> Image.Image | None:
    """A rectangle of a picture; what lies outside repeats the edge. `None` where all of it lies outside."""
    height, width = picture.shape[:2]
    if right <= 0 or bottom <= 0 or left >= width or top >= height:
        return None
    inside = picture[max(0, top) : min(height, bottom), max(0, left) : min(width, right)]
    before_y, after_y = max(0, -top), max(0, bottom - height)
    before_x, after_x = max(0, -left), max(0, right - width)
    if before_y or after_y or before_x or after_x:
        inside = np.pad(inside, ((before_y, after_y), (before_x, after_x), (0, 0)), mode="edge")
    return Image.fromarray(np.ascontiguousarray(inside))

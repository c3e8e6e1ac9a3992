"""How fit the picture of a face is: sharpness, size, what is cut off, light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from toolkit.data.images import Pixels
from toolkit.face.detection import Face, as_picture

_SEEN = 128  # the side at which sharpness is measured, so that it means the same for every picture
_LEAST_SHARPNESS = 40.0
_LEAST_SIDE = 48.0
_MOST_OUTSIDE = 0.25
_GREY = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


@dataclass(frozen=True, slots=True)
class Quality:
    """What can be said about the picture of a face without knowing the face.

    Attributes:
        side: square root of the area of the box, in pixels.
        sharpness: variance of the Laplacian of the grey box at 128 x 128; below about 40 it is blurred.
        brightness: mean grey value, 0 to 255.
        contrast: standard deviation of the grey values.
        outside: share of the box that lies outside the picture, 0 to 1.
        notes: sentences about what speaks against the picture; empty for a good one.
    """

    side: float
    sharpness: float
    brightness: float
    contrast: float
    outside: float
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The numbers rounded, and the notes."""
        numbers = {
            name: round(getattr(self, name), 3) for name in ("side", "sharpness", "brightness", "contrast", "outside")
        }
        return {**numbers, "notes": list(self.notes)}


def rate(picture: Pixels, face: Face) -> Quality:
    """Rate the picture of a face.

    Sharpness is the variance of the Laplacian: J. L. Pech-Pacheco et al., "Diatom autofocusing in brightfield
    microscopy: a comparative study", ICPR 2000, equation 6. A face smaller than 128 pixels is enlarged for it and has
    therefore little.

    Args:
        picture: uint8 [H, W, 3].
        face: where it is.

    Raises:
        DataError: it is no such array.
    """
    picture = as_picture(picture)
    height, width = picture.shape[:2]
    left, top, right, bottom = face.box
    inside = (max(0.0, left), max(0.0, top), min(float(width), right), min(float(height), bottom))
    seen = max(0.0, inside[2] - inside[0]) * max(0.0, inside[3] - inside[1])
    outside = 1.0 - seen / face.area if face.area > 0 else 1.0
    side = face.area**0.5
    if seen < 1:
        return Quality(side, 0.0, 0.0, 0.0, 1.0, ("the face lies outside the picture",))
    box = Image.fromarray(picture).resize((_SEEN, _SEEN), Image.Resampling.BICUBIC, box=inside)
    grey = np.asarray(box, dtype=np.float64) @ _GREY
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * grey[1:-1, 1:-1]
    sharpness, brightness, contrast = float(laplacian.var()), float(grey.mean()), float(grey.std())
    notes = [
        words
        for wrong, words in (
            (side < _LEAST_SIDE, f"the face is small ({side:.0f} pixels)"),
            (sharpness < _LEAST_SHARPNESS, "the face is blurred, or was enlarged"),
            (outside > _MOST_OUTSIDE, f"{outside:.0%} of the face lies outside the picture"),
            (brightness < 40, "the face is very dark"),
            (brightness > 230, "the face is very bright"),
            (contrast < 12, "the face has almost no contrast"),
        )
        if wrong
    ]
    return Quality(side, sharpness, brightness, contrast, max(0.0, outside), tuple(notes))

"""The digits that come with scikit-learn: a data set that needs no download."""

from __future__ import annotations

from typing import Literal

import numpy as np
from PIL import Image

from toolkit.data.images import Pixels, resize_square
from toolkit.data.memory import ArraySource
from toolkit.data.source import Array
from toolkit.errors import ConfigError, Problem

_TOP = 16


class Digits(ArraySource):
    """1,797 handwritten digits, grey, bundled with scikit-learn.

    Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository,
    1998; 8 x 8 counts from 0 to 16, here scaled to 0..255.

    Args:
        resolution: 8 as stored, 16 or 32 by bicubic interpolation of the unrounded values.

    Raises:
        ConfigError: another resolution.
    """

    def __init__(self, resolution: Literal[8, 16, 32] = 16) -> None:
        if resolution not in (8, 16, 32):
            raise ConfigError([Problem("resolution", f"is {resolution}; the digits come in 8, 16 or 32 pixels")])
        from sklearn.datasets import load_digits  # takes a second to import

        bunch = load_digits()
        fields: dict[str, Array] = {
            "image": _enlarge(bunch.images.astype(np.float32), resolution),
            "label": bunch.target.astype(np.int64),
        }
        keys = [f"digits/{row}" for row in range(len(bunch.target))]
        super().__init__(fields, keys, [str(digit) for digit in range(10)])


def _enlarge(counts: Array, resolution: int) -> Pixels:
    """Float pictures [N, 8, 8] from 0 to 16 as uint8 [N, R, R, 1]; rounded only once, at the end."""
    sized = [np.asarray(resize_square(Image.fromarray(picture), resolution)) for picture in counts]
    return np.rint(np.stack(sized) * (255 / _TOP)).clip(0, 255).astype(np.uint8)[..., None]

"""Stored pictures with another number of channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # images.py imports this module
    from toolkit.data.images import Pixels

_LUMA = (19595, 38470, 7471)  # ITU-R 601 in 65536ths, as Pillow has them
_HALF = 0x8000


def with_channels(pictures: Pixels, channels: int) -> Pixels:
    """Pictures `[N, H, W, C]` as grey (1), colour (3), or colour with alpha (4), as `decode_image` would give them.

    Colours become grey by ITU-R 601 luma; what loses its alpha is laid on white.

    >>> with_channels(np.full((1, 1, 1, 1), 7, np.uint8), 4).tolist()
    [[[[7, 7, 7, 255]]]]
    """
    present = pictures.shape[-1]
    if present == channels:
        return hide(pictures) if channels == 4 else pictures
    if present == 4:
        alpha = pictures[..., 3:].astype(np.uint16)
        laid = (pictures[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255
        return with_channels(laid.astype(np.uint8), channels)
    if channels == 1:
        grey = (pictures @ np.array(_LUMA, dtype=np.uint32) + _HALF) >> 16
        return grey.astype(np.uint8)[..., None]
    colours: Pixels = pictures.repeat(3, axis=-1) if present == 1 else pictures
    return colours if channels == 3 else np.concatenate([colours, np.full_like(colours[..., :1], 255)], axis=-1)


def hide(pictures: Pixels) -> Pixels:
    """A copy of pictures `[..., 4]` with white where nothing shows.

    What a file stores there is whatever the drawing program left: nothing to learn, and no reason for two pictures that
    look alike to have different features.

    >>> hide(np.array([[9, 9, 9, 1], [9, 9, 9, 0]], np.uint8)).tolist()
    [[9, 9, 9, 1], [255, 255, 255, 0]]
    """
    hidden = pictures.copy()
    hidden[pictures[..., 3] == 0, :3] = 255
    return hidden

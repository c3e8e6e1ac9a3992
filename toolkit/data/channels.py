"""Stored pictures with another number of channels."""

from __future__ import annotations

import numpy as np

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
        return pictures
    if present == 4:
        alpha = pictures[..., 3:].astype(np.uint16)
        laid = (pictures[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255
        return with_channels(laid.astype(np.uint8), channels)
    if channels == 1:
        grey = (pictures @ np.array(_LUMA, dtype=np.uint32) + _HALF) >> 16
        return grey.astype(np.uint8)[..., None]
    colours: Pixels = pictures.repeat(3, axis=-1) if present == 1 else pictures
    return colours if channels == 3 else np.concatenate([colours, np.full_like(colours[..., :1], 255)], axis=-1)

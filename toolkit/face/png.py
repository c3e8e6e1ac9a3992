"""Pictures as PNG files in memory."""

from __future__ import annotations

import io

from PIL import Image

from toolkit.data.images import Pixels


def as_png(picture: Pixels) -> bytes:
    """A picture, uint8 [H, W, 3], as a PNG file without metadata."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    return stream.getvalue()

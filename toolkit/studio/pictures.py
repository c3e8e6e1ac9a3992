"""Pictures on their way to a page."""

from __future__ import annotations

import base64
import io

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]


def png(pixels: Pixels) -> bytes:
    """A picture `[H, W, C]` of 1, 3 or 4 channels as a PNG file."""
    stream = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(stream, "PNG")
    return stream.getvalue()


def data_url(content: bytes, kind: str = "image/png") -> str:
    """A file as an address that holds it; the page's policy allows such pictures."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"

"""Decoding pictures of any common format into equal arrays."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from toolkit.data.channels import hide
from toolkit.data.listing import readable_formats
from toolkit.data.source import SampleError
from toolkit.errors import ConfigError, Problem

Mode: TypeAlias = Literal["L", "RGB", "RGBA"]
Pixels: TypeAlias = npt.NDArray[np.uint8]

MAX_PIXELS = 80_000_000
"""Larger pictures are refused: a file of a few kilobytes can unpack to gigabytes. Pillow warns a little later."""

_ORIENTATION = 0x0112  # the EXIF tag; its values say how the camera was held
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode_image(
    picture: str | Path | bytes, mode: Mode = "RGB", resolution: int | None = None, *, name: str = ""
) -> Pixels:
    """One picture as an array.

    Photographs are turned upright, animations give their first frame, and 16-bit values are scaled to 8 bits.
    Transparent pixels lie on white when alpha is dropped; when it is kept, what does not show at all is white. With a
    resolution the centre square is cut out and resized: Lanczos (antialiased) downwards, bicubic upwards, in
    premultiplied alpha.

    Args:
        picture: a file, or the content of one.
        mode: `L` (grey), `RGB` or `RGBA`.
        resolution: side of the result in pixels; `None` keeps the size and the shape.
        name: what to call it in an error message; the path by default.

    Returns:
        uint8 HWC, with 1, 3 or 4 channels.

    Raises:
        SampleError: the file is missing, empty, truncated, too large or not a picture.
    """
    called = name or ("a picture in memory" if isinstance(picture, bytes) else str(picture))
    try:
        with _stream(picture) as stream, _open(stream) as image:
            if resolution is not None:
                image.draft(None, (2 * resolution, 2 * resolution))  # JPEG decodes smaller, which is faster
            upright = _UPRIGHT.get(_orientation(image))
            plain = _plain(image)
            if upright is not None:
                plain = plain.transpose(upright)
            if resolution is not None:
                plain = resize_square(plain, resolution)
            array: Pixels = np.array(_with_channels(plain, mode), dtype=np.uint8)
    except MemoryError:
        raise
    except Exception as error:  # decoders raise almost anything for damaged files
        raise SampleError(called, _reason(error)) from error
    if array.ndim == 2:
        return array[..., None]
    return hide(array) if mode == "RGBA" else array


@dataclass(frozen=True, slots=True)
class Head:
    """What the beginning of a picture's file says: width and height as it is shown, and whether it is animated."""

    width: int
    height: int
    animated: bool


def read_head(path: Path, name: str = "") -> Head:
    """Read the beginning of a picture's file, without decoding it.

    Args:
        path: the file.
        name: what to call it in an error message; the path by default.

    Raises:
        SampleError: the file is missing, empty, too large or not a picture.
    """
    try:
        with _stream(path) as stream, _open(stream) as image:
            width, height = image.size
            if _orientation(image) >= 5:  # lies on its side
                width, height = height, width
            return Head(width, height, bool(getattr(image, "is_animated", False)))
    except Exception as error:  # as in decode_image
        raise SampleError(name or str(path), _reason(error)) from error


def mode_of(channels: int) -> Mode:
    """The mode for 1, 3 or 4 channels.

    Raises:
        ConfigError: another number.
    """
    modes: dict[int, Mode] = {1: "L", 3: "RGB", 4: "RGBA"}
    if channels not in modes:
        message = f"is {channels}; pictures have 1 (grey), 3 (colour) or 4 (colour and alpha)"
        raise ConfigError([Problem("channels", message)])
    return modes[channels]


def resize_square(picture: Image.Image, resolution: int) -> Image.Image:
    """The centre square of a picture (L, RGB, RGBA or F) at another size.

    Pillow itself resizes RGBA in premultiplied alpha, so invisible colours do not bleed into visible ones.
    """
    width, height = picture.size
    side = min(width, height)
    if width != height:
        left, top = (width - side) // 2, (height - side) // 2
        picture = picture.crop((left, top, left + side, top + side))
    if side == resolution:
        return picture
    method = Image.Resampling.LANCZOS if side > resolution else Image.Resampling.BICUBIC
    return picture.resize((resolution, resolution), method)


def _stream(picture: str | Path | bytes) -> BinaryIO:
    return io.BytesIO(picture) if isinstance(picture, bytes) else open(picture, "rb")


def _open(stream: BinaryIO) -> Image.Image:
    if stream.seek(0, os.SEEK_END) == 0:
        raise ValueError("the file is empty")
    stream.seek(0)
    image = Image.open(stream, formats=readable_formats())
    if image.width * image.height > MAX_PIXELS:
        raise ValueError(
            f"{image.width} x {image.height} pixels are too many (the limit is {MAX_PIXELS // 10**6} million)"
        )
    return image


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # a damaged EXIF block says nothing about the pixels, which may be fine
        return 1


def _plain(image: Image.Image) -> Image.Image:
    """The picture in L, RGB or RGBA, 8 bits per channel. Integers count as 16-bit, floats as 0..1 or else 0..255."""
    if image.mode.startswith("I"):
        wide = np.asarray(image).astype(np.int64).clip(0, 65535)
        return Image.fromarray(((wide * 255 + 32767) // 65535).astype(np.uint8))
    if image.mode == "F":
        values = np.asarray(image)
        if not np.isfinite(values).all():
            raise ValueError("it holds values that are not finite")
        scale = 255 if values.max() <= 1 else 1
        return Image.fromarray((values * scale).round().clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _with_channels(picture: Image.Image, mode: Mode) -> Image.Image:
    if picture.mode == "RGBA" and mode != "RGBA":
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture if picture.mode == mode else picture.convert(mode)


def _reason(error: Exception) -> str:
    """What is wrong with the file, in a user's words."""
    text = str(error)
    if isinstance(error, UnidentifiedImageError):
        return "not a picture in a format that can be read"
    if isinstance(error, Image.DecompressionBombError):
        return f"too many pixels (the limit is {MAX_PIXELS // 10**6} million)"
    if isinstance(error, OSError) and error.errno is not None:
        return f"cannot be opened: {os.strerror(error.errno)}"
    if "truncated" in text.lower() or isinstance(error, EOFError):
        return "the picture is truncated"
    return text if isinstance(error, ValueError) and text else f"damaged ({type(error).__name__}: {text})"

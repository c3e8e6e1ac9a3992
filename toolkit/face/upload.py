"""Opening what a user uploads: any common picture, upright, without its metadata, within limits."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from toolkit.data.images import MAX_PIXELS, Pixels, decode_image
from toolkit.data.listing import readable_formats
from toolkit.data.source import SampleError
from toolkit.errors import DataError

MAX_BYTES = 20_000_000
"""Larger files are refused before they are read."""
MIN_SIDE = 32
"""A face in a smaller picture has too few pixels to be found."""
MAX_SIDE = 4096
"""Larger pictures are made smaller after decoding: nothing looks at more detail, and several users share the memory."""

_WAY_OUT = "upload a JPEG, PNG or WebP picture of a face"
_ORIENTATION = 0x0112
_TURNED = {2: "mirrored", 3: "turned", 4: "mirrored", 5: "turned", 6: "turned", 7: "turned", 8: "turned"}
_SIGNATURES = (
    (b"%PDF", "is a PDF document", "save the picture that it holds as JPEG or PNG, and upload that"),
    (b"<svg", "is an SVG drawing", "save it as PNG, and upload that"),
    (b"<!DOCTYPE svg", "is an SVG drawing", "save it as PNG, and upload that"),
    (b"<!DOCTYPE html", "is a web page", _WAY_OUT),
    (b"<html", "is a web page", _WAY_OUT),
    (b"PK\x03\x04", "is an archive or an office document", "unpack it, and upload a picture of it"),
)


class UploadError(DataError):
    """What was uploaded cannot be used, and what to upload instead."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture as it was uploaded, ready to be looked at.

    Attributes:
        picture: uint8 [H, W, 3], upright; nothing of the file's metadata is kept.
        name: what to call it in messages; never a path.
        format: as Pillow names it, e.g. `JPEG`.
        notes: sentences about what was done to it (turned, first frame, made smaller, ...).
        sha256: of the file's content, in hexadecimal digits: the same upload is known again by it.
    """

    picture: Pixels
    name: str
    format: str
    notes: tuple[str, ...]
    sha256: str

    @property
    def note(self) -> str:
        """The notes as one text; may be empty."""
        return "; ".join(self.notes)


def open_upload(
    source: str | Path | bytes,
    name: str = "",
    *,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
    max_side: int = MAX_SIDE,
) -> Upload:
    """Read an uploaded picture.

    Sizes are looked at before anything is decoded, so that neither a huge file nor a small file that unpacks to a huge
    picture costs memory. The EXIF orientation is applied, then all metadata is dropped (only pixels leave this
    function). Animations give their first frame, transparent pixels lie on white, 16 bits a channel are scaled to 8,
    CMYK is converted to RGB without a colour profile.

    Args:
        source: a file, or the content of one.
        name: what to call it in messages; the file's name by default.
        max_bytes: larger files are refused.
        max_pixels: larger pictures are refused; more than `toolkit.data.images.MAX_PIXELS` are never read.
        max_side: pictures with a longer side are made smaller to it.

    Raises:
        UploadError: not a picture of a format that is read, damaged, empty, too large or too small.
    """
    called = os.path.basename(name) or ("the upload" if isinstance(source, bytes) else Path(source).name)
    content = source if isinstance(source, bytes) else _read(Path(source).expanduser(), called, max_bytes)
    if len(content) > max_bytes:
        raise _too_large(called, len(content), max_bytes)
    _refuse_others(content, called)
    format_, notes = _look(content, called, min(max_pixels, MAX_PIXELS))
    try:
        picture = decode_image(content, "RGB", name=called)
    except SampleError as error:
        raise UploadError(f"{called}: {error.reason}", _WAY_OUT) from error
    height, width = picture.shape[:2]
    if min(height, width) < MIN_SIDE:
        raise UploadError(
            f"{called} has {width} x {height} pixels; a face cannot be found in less than {MIN_SIDE} x {MIN_SIDE}",
            "upload a larger picture",
        )
    if max(height, width) > max_side:
        picture = _within(picture, max_side)
        notes.append(f"made smaller, from {width} x {height} to {picture.shape[1]} x {picture.shape[0]} pixels")
    return Upload(picture, called, format_, tuple(notes), hashlib.sha256(content).hexdigest())


def _read(path: Path, called: str, max_bytes: int) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for ever
            raise UploadError(f"{called} is not a file", "give the path of a picture")
        if status.st_size > max_bytes:
            raise _too_large(called, status.st_size, max_bytes)
        with path.open("rb") as stream:
            return stream.read(max_bytes + 1)  # it may have grown meanwhile
    except OSError as error:
        raise UploadError(f"{called} cannot be opened: {error.strerror}", "give the path of a picture") from error


def _too_large(called: str, size: int, limit: int) -> UploadError:
    return UploadError(
        f"{called} has {size / 1e6:.1f} MB; the limit is {limit / 1e6:g} MB", "upload a smaller copy of the picture"
    )


def _refuse_others(content: bytes, called: str) -> None:
    """Say what a file is that is often taken for a picture, whatever its name says."""
    start = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:5].lower() == b"<?xml" and b"<svg" in start.lower():
        start = b"<svg"
    for signature, words, way_out in _SIGNATURES:
        if start[: len(signature)].lower() == signature.lower():
            raise UploadError(f"{called} {words}, not a picture", way_out)
    if content[4:8] == b"ftyp" and content[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"hevc"):
        raise UploadError(f"{called} is a HEIC picture, which is not read", "save it as JPEG, and upload that")


def _look(content: bytes, called: str, max_pixels: int) -> tuple[str, list[str]]:
    """Format of a picture and what will be done to it, from the beginning of its file."""
    if not content:
        raise UploadError(f"{called} is empty", _WAY_OUT)
    try:
        with Image.open(io.BytesIO(content), formats=readable_formats()) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise _too_many(called, f"{width} x {height}", max_pixels)
            return image.format or "", _notes(image)
    except UploadError:
        raise
    except Image.DecompressionBombError as error:  # Pillow's own limit, far above ours
        raise _too_many(called, "far too many", max_pixels) from error
    except MemoryError:
        raise
    except Exception as error:  # decoders raise almost anything for what they do not know
        raise UploadError(f"{called} is not a picture in a format that can be read", _WAY_OUT) from error


def _too_many(called: str, size: str, limit: int) -> UploadError:
    return UploadError(
        f"{called} has {size} pixels; the limit is {limit / 1e6:g} million", "upload a smaller copy of the picture"
    )


def _notes(image: Image.Image) -> list[str]:
    notes = []
    try:
        turned = _TURNED.get(int(image.getexif().get(_ORIENTATION, 1)))
    except Exception:  # a damaged EXIF block says nothing about the pixels, which may be fine
        turned = None
    if turned:
        notes.append(f"{turned} as its EXIF orientation says")
    if getattr(image, "is_animated", False) and image.format != "MPO":  # MPO: a photo and a second one beside it
        notes.append("only the first frame of the animation is used")
    if image.has_transparency_data:
        notes.append("transparent parts lie on white")
    if image.mode.startswith("I") or image.mode == "F":
        notes.append(f"scaled from {'16' if image.mode.startswith('I') else '32'} to 8 bits")
    if image.mode == "CMYK":
        notes.append("converted from CMYK")
    return notes


def _within(picture: Pixels, side: int) -> Pixels:
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)).copy()

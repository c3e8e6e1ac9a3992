from __future__ import annotations

import io
import os
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.face.making import jpeg
from toolkit.face.upload import MIN_SIDE, UploadError, open_upload


def corner(width: int = 60, height: int = 40) -> Image.Image:
    """A picture that is red in its top left quarter, and blue elsewhere."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[..., 2] = 255
    pixels[: height // 2, : width // 2] = (255, 0, 0)
    return Image.fromarray(pixels)


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def is_red(pixel: np.ndarray) -> bool:
    return bool(pixel[0] > 200 and pixel[2] < 60)


# -- what is taken ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"])
def test_common_formats_are_read(format: str) -> None:
    upload = open_upload(encoded(corner(), format))
    assert upload.picture.shape == (40, 60, 3)
    assert upload.picture.dtype == np.uint8
    assert is_red(upload.picture[5, 5])
    assert not is_red(upload.picture[30, 50])
    assert upload.format == format
    assert upload.note == ""


@pytest.mark.parametrize(
    ("orientation", "where", "shape"),
    [(2, (5, -5), (40, 60)), (3, (-5, -5), (40, 60)), (6, (5, -5), (60, 40)), (8, (-5, 5), (60, 40))],
)
def test_a_photo_is_turned_upright(orientation: int, where: tuple[int, int], shape: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    upload = open_upload(encoded(corner(), "JPEG", exif=exif, quality=95))
    assert upload.picture.shape[:2] == shape
    assert is_red(upload.picture[where])
    assert "EXIF orientation" in upload.note


def test_nothing_of_the_metadata_is_kept() -> None:
    exif = Image.Exif()
    exif[0x010E] = "a secret place"
    content = encoded(corner(), "JPEG", exif=exif, comment=b"a secret comment")
    upload = open_upload(content, name="/home/somebody/holiday.jpg")
    kept = [getattr(upload, name) for name in ("name", "format", "notes", "sha256")]
    assert "secret" not in repr(kept)
    assert upload.name == "holiday.jpg"


def test_an_animation_gives_its_first_frame() -> None:
    frames = [corner(), Image.new("RGB", (60, 40), "white")]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50)
    upload = open_upload(content)
    assert is_red(upload.picture[5, 5])
    assert "first frame" in upload.note


def test_transparent_parts_lie_on_white() -> None:
    image = corner().convert("RGBA")
    image.putalpha(Image.new("L", image.size, 0))
    upload = open_upload(encoded(image, "PNG"))
    assert (upload.picture == 255).all()
    assert "white" in upload.note


def test_sixteen_bits_are_scaled_to_eight() -> None:
    wide = Image.fromarray(np.full((40, 60), 0x8000, dtype=np.uint16))
    upload = open_upload(encoded(wide, "PNG"))
    assert (upload.picture == 128).all()
    assert "16 to 8 bits" in upload.note


def test_cmyk_is_converted() -> None:
    upload = open_upload(encoded(corner().convert("CMYK"), "JPEG", quality=95))
    assert is_red(upload.picture[5, 5])
    assert "CMYK" in upload.note


def test_a_large_picture_is_made_smaller() -> None:
    upload = open_upload(encoded(corner(600, 200), "PNG"), max_side=150)
    assert upload.picture.shape == (50, 150, 3)
    assert is_red(upload.picture[5, 5])
    assert "600 x 200 to 150 x 50" in upload.note


def test_the_same_file_has_the_same_checksum(tmp_path: Path) -> None:
    content = jpeg(np.asarray(corner()))
    (tmp_path / "a.jpg").write_bytes(content)
    from_file, from_memory = open_upload(tmp_path / "a.jpg"), open_upload(content)
    assert from_file.sha256 == from_memory.sha256
    assert from_file.name == "a.jpg"
    assert np.array_equal(from_file.picture, from_memory.picture)


# -- what is refused ----------------------------------------------------------------------------------------------


def bomb(width: int, height: int) -> bytes:
    """The head of a PNG file of that size; decoding it would need width x height x 3 bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


REFUSED = {
    "empty": (b"", "is empty"),
    "text": (b"hello, this is no picture", "not a picture"),
    "pdf": (b"%PDF-1.7\n%...", "is a PDF document"),
    "svg": (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "is an SVG drawing"),
    "bare svg": (b"<svg></svg>", "is an SVG drawing"),
    "web page": (b"<!doctype html><html></html>", "is a web page"),
    "zip": (b"PK\x03\x04" + bytes(50), "is an archive"),
    "heic": (b"\0\0\0\x18ftypheic" + bytes(50), "HEIC"),
    "one pixel": (encoded(Image.new("RGB", (1, 1)), "PNG"), "1 x 1 pixels"),
    "truncated": (jpeg(np.asarray(corner(200, 200)))[:-300], "truncated"),
    "20,000 x 20,000": (bomb(20_000, 20_000), "far too many pixels; the limit is 80 million"),
    "12,000 x 8,000": (bomb(12_000, 8_000), "12000 x 8000 pixels; the limit is 80 million"),
    "more than a format can": (bomb(2**31 - 1, 2**31 - 1), "pixels"),
}


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_usable_picture_is_refused_whatever_its_name(case: str, tmp_path: Path) -> None:
    content, words = REFUSED[case]
    file = tmp_path / "picture.png"
    file.write_bytes(content)
    for source in (content, file):
        with pytest.raises(UploadError, match=words) as caught:
            open_upload(source, "picture.png")
        assert caught.value.message.startswith("picture.png")
        assert caught.value.way_out


def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "large.jpg"
    with file.open("wb") as stream:
        stream.truncate(200_000_000)
    with pytest.raises(UploadError, match=r"large.jpg has 200.0 MB; the limit is 20 MB"):
        open_upload(file)
    with pytest.raises(UploadError, match="the limit is 1 MB"):
        open_upload(bytes(1_000_001), max_bytes=1_000_000)


def test_too_many_pixels_are_refused_before_anything_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(self: Image.Image) -> None:
        raise AssertionError("a bomb was decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", never)
    with pytest.raises(UploadError, match="the limit is"):
        open_upload(bomb(20_000, 20_000))


def test_the_limit_of_pixels_can_be_lower() -> None:
    with pytest.raises(UploadError, match=r"60 x 40 pixels; the limit is 0\.001 million"):
        open_upload(encoded(corner(), "PNG"), max_pixels=1000)


def test_a_picture_needs_enough_pixels_for_a_face() -> None:
    assert open_upload(encoded(corner(MIN_SIDE, MIN_SIDE), "PNG")).picture.shape[0] == MIN_SIDE
    with pytest.raises(UploadError, match="31 x 32"):
        open_upload(encoded(corner(31, 32), "PNG"))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UploadError, match="is not a file"):
        open_upload(tmp_path)
    with pytest.raises(UploadError, match=r"nothing.jpg cannot be opened: No such file"):
        open_upload(tmp_path / "nothing.jpg")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(UploadError, match="is not a file"):
            open_upload(tmp_path / "pipe")


@given(st.binary(max_size=300), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF"]))
@settings(deadline=None)
def test_any_bytes_give_a_picture_or_an_error_with_words(content: bytes, start: bytes) -> None:
    with suppress(UploadError):  # any other kind of error fails the test
        assert open_upload(start + content).picture.shape[2] == 3


@given(st.integers(0, 10**6))
@settings(deadline=None)
def test_a_damaged_photo_gives_a_picture_or_an_error_with_words(place: int) -> None:
    content = bytearray(jpeg(np.asarray(corner(64, 64))))
    content[place % len(content)] ^= 0xFF
    with suppress(UploadError):
        assert open_upload(bytes(content)).picture.shape[2] == 3

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.data.making import encoded, photo
from toolkit.data.images import MAX_PIXELS, decode_image, mode_of, resize_square
from toolkit.data.source import SampleError
from toolkit.errors import ConfigError

RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "PPM", "JPEG", "WEBP", "GIF", "JPEG2000", "ICO"])
def test_common_formats_give_the_same_picture(format: str) -> None:
    image = photo(32, 32)
    decoded = decode_image(encoded(image, format), "RGB")
    assert decoded.shape == (32, 32, 3)
    assert decoded.dtype == np.uint8
    tolerance = 0 if format in ("PNG", "BMP", "TIFF", "PPM", "ICO", "JPEG2000") else 12
    assert abs(decoded.astype(int) - np.asarray(image)).mean() <= tolerance


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "I", "F"])
@pytest.mark.parametrize(("wanted", "channels"), [("L", 1), ("RGB", 3), ("RGBA", 4)])
def test_every_mode_becomes_every_number_of_channels(mode: str, wanted: str, channels: int) -> None:
    image = Image.new(mode, (10, 6))
    decoded = decode_image(encoded(image, "TIFF"), wanted, resolution=4)  # type: ignore[arg-type]
    assert decoded.shape == (4, 4, channels)
    assert decoded.flags.c_contiguous
    assert decoded.flags.writeable


def test_sixteen_bits_are_scaled_and_not_cut_off() -> None:
    values = np.array([[0, 257, 32896, 65535]], dtype=np.uint16)
    decoded = decode_image(encoded(Image.fromarray(values), "PNG"), "L")
    assert decoded[0, :, 0].tolist() == [0, 1, 128, 255]


def test_floats_are_read_as_shares_or_as_bytes_but_not_when_infinite() -> None:
    for values, expected in (([[0.0, 0.5, 1.0]], [0, 128, 255]), ([[0.0, 100.4, 300.0]], [0, 100, 255])):
        image = Image.fromarray(np.array(values, dtype=np.float32))
        assert decode_image(encoded(image, "TIFF"), "L")[0, :, 0].tolist() == expected
    with pytest.raises(SampleError, match="not finite"):
        decode_image(encoded(Image.fromarray(np.array([[np.nan]], dtype=np.float32)), "TIFF"))


def test_a_palette_with_a_transparent_colour_is_flattened_on_white() -> None:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((0, 0), 1)
    content = encoded(image, "PNG", transparency=1)
    assert decode_image(content, "RGB")[0, :2].tolist() == [[255, 255, 255], list(RED)]
    assert decode_image(content, "RGBA")[0, :2, 3].tolist() == [0, 255]
    assert decode_image(content, "L")[0, 0].tolist() == [255]


def test_half_transparent_pixels_are_mixed_with_white() -> None:
    assert decode_image(encoded(Image.new("RGBA", (2, 2), (255, 0, 0, 128)), "PNG"))[0, 0].tolist() == [255, 127, 127]


def test_invisible_colours_do_not_bleed_when_resizing() -> None:
    image = Image.new("RGBA", (64, 64), (*BLUE, 0))  # blue, but invisible
    image.paste((*RED, 255), (0, 0, 32, 64))
    decoded = decode_image(encoded(image, "PNG"), "RGBA", resolution=5)
    visible = decoded[decoded[..., 3] > 20]
    assert (visible[:, 2] <= 8).all()
    assert (visible[:, 0] >= 247).all()


def test_cmyk_photographs_keep_their_colours() -> None:
    decoded = decode_image(encoded(Image.new("RGB", (16, 16), (200, 40, 40)).convert("CMYK"), "JPEG", quality=95))
    assert abs(decoded.reshape(-1, 3).mean(0) - (200, 40, 40)).max() < 12


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "TIFF"])
def test_animations_give_their_first_frame(format: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE)]
    content = encoded(frames[0], format, save_all=True, append_images=frames[1:])
    decoded = decode_image(content)
    assert decoded.shape == (8, 8, 3)
    assert abs(decoded[4, 4].astype(int) - RED).max() < 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_are_turned_upright(orientation: int) -> None:
    """Turning back what the camera turned gives the scene again."""
    scene = photo(24, 16)
    inverse = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = scene.transpose(inverse[orientation]) if orientation in inverse else scene
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = decode_image(encoded(stored, "PNG", exif=exif))
    assert np.array_equal(decoded, np.asarray(scene))


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # Pillow remarks on what it skips
def test_a_damaged_exif_block_does_not_spoil_the_picture() -> None:
    content = encoded(photo(16, 16), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff\xff\xff\xff\xff")
    assert decode_image(content).shape == (16, 16, 3)


def test_the_centre_square_is_cut_out() -> None:
    image = Image.new("RGB", (30, 10), BLUE)
    image.paste(RED, (10, 0, 20, 10))
    assert (decode_image(encoded(image, "PNG"), resolution=10) == RED).all()
    assert (decode_image(encoded(image.transpose(Image.Transpose.ROTATE_90), "PNG"), resolution=10) == RED).all()


def test_without_a_resolution_the_shape_stays() -> None:
    assert decode_image(encoded(photo(40, 30), "PNG")).shape == (30, 40, 3)


def test_downscaling_is_antialiased() -> None:
    """Stripes of one pixel must become grey, not a moire of black and white."""
    stripes = np.zeros((64, 64), dtype=np.uint8)
    stripes[:, ::2] = 255
    decoded = decode_image(encoded(Image.fromarray(stripes), "PNG"), "L", resolution=12)
    assert decoded.min() > 110
    assert decoded.max() < 145


@settings(deadline=None)  # the machine may be busy
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40))
def test_a_constant_picture_stays_constant_at_any_size(width: int, height: int, resolution: int) -> None:
    resized = np.asarray(resize_square(Image.new("RGB", (width, height), (10, 200, 90)), resolution))
    assert resized.shape == (resolution, resolution, 3)
    assert (resized == (10, 200, 90)).all()


def test_reading_a_large_jpeg_smaller_keeps_the_detail() -> None:
    """The picture has detail down to one pixel of the result, which a too small decoding would lose."""
    cells = np.random.default_rng(0).integers(60, 200, (32, 32, 3), dtype=np.uint8)
    image = Image.fromarray(cells).resize((128, 128), Image.Resampling.BICUBIC)
    whole = decode_image(encoded(image, "PNG"), resolution=32).astype(int)
    assert abs(decode_image(encoded(image, "JPEG", quality=95), resolution=32) - whole).mean() < 4


def broken(folder: Path) -> dict[str, tuple[bytes, str]]:
    jpeg, png = encoded(photo(200, 200), "JPEG"), encoded(photo(200, 200), "PNG")
    return {
        "empty.png": (b"", "the file is empty"),
        "text.png": (b"this is no picture\n", "not a picture in a format that can be read"),
        "cut.jpg": (jpeg[: len(jpeg) // 2], "truncated"),
        "cut.png": (png[: len(png) // 2], "truncated"),
        "header.jpg": (jpeg[:20], "truncated|not a picture|damaged"),
        "page.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture in a format"),
    }


@pytest.mark.parametrize("name", list(broken(Path())))
def test_damaged_files_are_named_with_the_reason(tmp_path: Path, name: str) -> None:
    content, reason = broken(tmp_path)[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SampleError, match=reason) as caught:
        decode_image(tmp_path / name)
    assert str(tmp_path / name) in caught.value.message
    assert str(tmp_path) not in caught.value.reason


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # Pillow remarks on what it skips
@settings(deadline=None)  # the machine may be busy
@given(st.integers(0, 600), st.binary(min_size=1, max_size=8), st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "TIFF"]))
def test_damage_anywhere_gives_a_picture_or_an_explained_error(place: int, junk: bytes, format: str) -> None:
    content = bytearray(encoded(photo(20, 20), format))
    place %= len(content)
    content[place : place + len(junk)] = junk
    try:
        shape, message = decode_image(bytes(content), "RGB", 8, name="x").shape, ""
    except SampleError as error:
        shape, message = None, error.message
    assert shape == (8, 8, 3) or message.startswith("x: ")


def test_a_decompression_bomb_is_refused_before_it_unpacks() -> None:
    side = int(MAX_PIXELS**0.5) + 1
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    with pytest.raises(SampleError, match="too many"):
        decode_image(bomb)


def test_missing_files_folders_and_link_loops_are_explained(tmp_path: Path) -> None:
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    for name in ("gone.png", ".", "loop.png"):
        with pytest.raises(SampleError, match="cannot be opened"):
            decode_image(tmp_path / name)


def test_a_picture_in_memory_can_be_given_a_name() -> None:
    with pytest.raises(SampleError, match=r"^shard/7: the file is empty"):
        decode_image(b"", name="shard/7")


def test_channels_have_modes_and_other_numbers_are_refused() -> None:
    assert [mode_of(channels) for channels in (1, 3, 4)] == ["L", "RGB", "RGBA"]
    with pytest.raises(ConfigError, match="channels: is 2"):
        mode_of(2)

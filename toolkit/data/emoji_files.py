"""Noto Emoji as files: the two that the data set reads, and how they are made of the published pictures."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from toolkit.data.channels import hide
from toolkit.data.images import Pixels, decode_image
from toolkit.data.npz import as_pictures, content_keys, read_npz
from toolkit.data.prepare import written
from toolkit.errors import DataError

FILES = ("noto-emoji-64.npz", "metadata.csv")
"""Pictures [N, 64, 64, 4], and one line per picture with `row`, `name`, `base`, `skin_tones` and `unicode_name`."""
PUBLISHED = Path("png") / "128"
"""Where googlefonts/noto-emoji keeps its pictures."""

_SIDE = 64
_TONES = {f"1f3f{digit}": str(place) for place, digit in enumerate("bcdef", start=1)}
_JOINER = "200d"
_COLUMNS = ("row", "name", "base", "skin_tones", "unicode_name")


def convert_emoji(repository: Path, destination: Path) -> Path:
    """Make the two files of a copy of googlefonts/noto-emoji.

    The pictures, 128 x 128, are halved (see `area_average`). One that looks like an earlier one is left out: the
    repository keeps some under several names.

    Args:
        repository: the folder that holds `png/128/emoji_u*.png`.
        destination: the folder to fill.

    Raises:
        DataError: there are no such pictures, one is damaged or of another size, or the files cannot be written.
    """
    found = sorted((repository / PUBLISHED).glob("emoji_u*.png"))
    pictures: list[Pixels] = []
    for file in found:
        picture = decode_image(file, "RGBA")
        if picture.shape[:2] != (2 * _SIDE, 2 * _SIDE):
            height, width = picture.shape[:2]
            raise DataError(f"{file} has {width} x {height} pixels; expected {2 * _SIDE} x {2 * _SIDE}")
        pictures.append(area_average(picture[None], _SIDE)[0])
    if len(pictures) < 2:
        raise DataError(f"{repository / PUBLISHED} holds {len(pictures)} pictures named emoji_u*.png")
    stacked = np.stack(pictures)
    first: dict[str, int] = {}
    for place, key in enumerate(content_keys(hide(stacked))):
        first.setdefault(key, place)
    kept = sorted(first.values())
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row, place in enumerate(kept):
        writer.writerow([row, found[place].stem, *describe(found[place].stem)])
    with written(destination / FILES[0]) as stream:
        np.savez_compressed(stream, images=stacked[kept])
    with written(destination / FILES[1]) as stream:
        stream.write(table.getvalue().encode())
    return destination


def describe(name: str) -> tuple[str, str, str]:
    """Code points without skin tones, the tones as digits from 1 to 5, and the Unicode name.

    >>> describe("emoji_u1f385_1f3fb")
    ('1f385', '1', 'FATHER CHRISTMAS + EMOJI MODIFIER FITZPATRICK TYPE-1-2')
    """
    points = name.removeprefix("emoji_u").split("_")
    modifiers = [point for point in points[1:] if point in _TONES]  # alone, a tone is an emoji of its own
    base = "_".join(point for point in points if point not in modifiers)
    tones = "".join(_TONES[point] for point in modifiers)
    return base, tones, " + ".join(_named(point) for point in points if point != _JOINER)


def _named(point: str) -> str:
    try:
        return unicodedata.name(chr(int(point, 16)), point)
    except ValueError:  # not a code point
        return point


def area_average(pictures: Pixels, resolution: int) -> Pixels:
    """Smaller pictures: the mean of whole squares of pixels, each colour weighted by its opacity.

    Args:
        pictures: uint8 [N, H, H, 4], colours not multiplied by opacity.
        resolution: the new side, a divisor of H.
    """
    count, side = pictures.shape[:2]
    if side == resolution:
        return pictures
    step = side // resolution
    smaller = np.empty((count, resolution, resolution, 4), dtype=np.uint8)
    for place, picture in enumerate(pictures):
        squares = picture.reshape(resolution, step, resolution, step, 4).astype(np.float64)
        opacity = squares[..., 3:]
        total = opacity.sum((1, 3))
        colours = (squares[..., :3] * opacity).sum((1, 3)) / np.maximum(total, 1)
        smaller[place] = np.rint(np.concatenate([colours, total / step**2], axis=-1))
    return smaller


def read_emoji(folder: Path) -> tuple[Pixels, list[Mapping[str, str]]]:
    """The pictures and their lines, in the same order.

    Raises:
        DataError: they do not fit each other.
    """
    images = as_pictures(read_npz(folder / FILES[0], ("images",))["images"], f"'images' in {folder / FILES[0]}")
    if images.shape[1:] != (_SIDE, _SIDE, 4):
        raise DataError(f"{folder / FILES[0]} holds pictures {images.shape}; expected [N, 64, 64, 4]")
    try:
        with (folder / FILES[1]).open(encoding="utf-8", newline="") as file:
            lines: list[Mapping[str, str]] = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{folder / FILES[1]} cannot be read: {error}") from error
    complete = all(line.get("name") and line.get("base") for line in lines)
    numbered = [line.get("row") for line in lines] == [str(row) for row in range(len(images))]
    if not complete or not numbered or len({line["name"] for line in lines}) < len(lines):
        raise DataError(
            f"{folder / FILES[1]} does not describe the {len(images)} pictures beside it",
            "it needs one line per picture, in order: row (from 0), name (all different) and base",
        )
    return images, lines

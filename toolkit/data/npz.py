"""NumPy archives of pictures as a data set."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from toolkit.data.channels import hide
from toolkit.data.images import Pixels, resize_square
from toolkit.data.memory import ArraySource
from toolkit.data.source import Array, standard_split
from toolkit.errors import DataError

_PADDED = 1.25
"""Up to this factor a larger resolution is reached with a black border (28 -> 32), beyond it by resizing."""


class ArrayFile(ArraySource):
    """Pictures, and perhaps labels, in `.npz` files.

    Pictures are uint8, or floats from 0 to 1, of the shape [N, H, W] or [N, H, W, C] with 1, 3 or 4 channels. A folder
    holds one file, or files with `train`, `test` or `val` in their names, which fix the splits. A sample's key is a
    hash of its pixels, so equal pictures fall into the same split. Where opacity is 0 the colour is set to white.

    Args:
        path: the file or folder.
        images: name of the pictures in the archive.
        labels: name of the labels, whole numbers from 0; `null` for an unlabelled set.
        class_names: name of each label; the numbers themselves by default.
        resolution: side of the pictures: up to 1.25 times the stored side they get a black border, otherwise their
            centre square is resized. `null` keeps what is stored.

    Raises:
        DataError: a file is missing, damaged, or holds something else.
    """

    def __init__(
        self,
        path: str,
        images: str = "images",
        labels: str | None = "labels",
        class_names: list[str] | None = None,
        resolution: int | None = None,
    ) -> None:
        pictures: list[Pixels] = []
        numbers: list[Array] = []
        keys: list[str] = []
        splits: list[str | None] = []
        for file, split in _files(Path(path).expanduser()):
            arrays = read_npz(file, [images] if labels is None else [images, labels])
            stored = as_pictures(arrays[images], f"'{images}' in {file}")
            keys.extend(content_keys(stored))
            splits.extend([split] * len(stored))
            sized = stored if resolution is None else fit(stored, resolution)
            pictures.append(hide(sized) if sized.shape[-1] == 4 else sized)
            if labels is not None:
                numbers.append(as_labels(arrays[labels], len(stored), f"'{labels}' in {file}"))
        shapes = {stored.shape[1:] for stored in pictures}
        if len(shapes) > 1:
            raise DataError(
                f"the files in {path} hold pictures of different shapes: {sorted(shapes)}", "set a resolution"
            )
        fields: dict[str, Array] = {"image": np.concatenate(pictures)}
        classes: Sequence[str] = ()
        if labels is not None:
            fields["label"] = np.concatenate(numbers)
            classes = _classes(fields["label"], class_names, path)
        if len(keys) < 2:
            raise DataError(f"{path} holds {len(keys)} pictures; training needs at least two")
        super().__init__(fields, keys, classes, splits)


def read_npz(file: Path, names: Iterable[str]) -> dict[str, Array]:
    """Some arrays of an archive.

    Raises:
        DataError: the file is missing or damaged, holds no such array, or holds pickled objects.
    """
    try:
        with file.open("rb") as stream:  # NumPy leaves a damaged file open that it opened itself
            archive = np.load(stream, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                raise DataError(f"{file} holds a single array", "save it under a name: np.savez(file, images=array)")
            missing = [name for name in names if name not in archive]
            if missing:
                raise DataError(
                    f"{file} has no array named '{missing[0]}'; it holds {', '.join(archive.files) or 'nothing'}",
                    "name the arrays with images: and labels: (labels: null for an unlabelled set)",
                )
            return {name: archive[name] for name in names}
    except FileNotFoundError:
        raise DataError(f"the file {file} does not exist") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        way_out = "write it again with np.savez; arrays of Python objects are not read, as unpickling can run any code"
        raise DataError(f"{file} is damaged, or not a .npz file of plain arrays ({error})", way_out) from error


def array_names(path: Path) -> tuple[str, ...]:
    """Names of the arrays in an archive, or in the first one of a folder that `ArrayFile` takes.

    Raises:
        DataError: there is no archive, or it is damaged.
    """
    file = _files(path)[0][0]
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return tuple(archive.files)
    except (OSError, ValueError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise DataError(f"{file} is damaged, or not a .npz file of plain arrays ({error})") from error


def as_pictures(array: Array, where: str) -> Pixels:
    """Check stored pictures and bring them to uint8 [N, H, W, C].

    Raises:
        DataError: the values or the shape are not those of pictures.
    """
    if array.ndim not in (3, 4):
        raise DataError(f"{where} has the shape {array.shape}; expected [N, H, W] or [N, H, W, C]")
    pictures = array if array.ndim == 4 else array[..., None]
    if pictures.shape[-1] not in (1, 3, 4):
        first = pictures.shape[1] in (1, 3, 4)
        way_out = "the channels come last: array.transpose(0, 2, 3, 1)" if first else "keep 1, 3 or 4 channels"
        raise DataError(f"{where} has the shape {array.shape}; expected [N, H, W, C] with 1, 3 or 4 channels", way_out)
    if pictures.dtype == np.uint8:
        return pictures
    if pictures.dtype == np.bool_:
        return pictures.astype(np.uint8) * np.uint8(255)
    if not np.issubdtype(pictures.dtype, np.floating):
        raise DataError(
            f"{where} has the type {pictures.dtype}; expected uint8, or floats from 0 to 1",
            "convert values from 0 to 255 with array.astype(np.uint8)",
        )
    if not np.isfinite(pictures).all():
        raise DataError(
            f"{where} holds values that are not finite (NaN or infinity)", "remove or repair those pictures"
        )
    if pictures.size and (pictures.min() < 0 or pictures.max() > 1):
        raise DataError(
            f"{where} holds floats from {pictures.min():g} to {pictures.max():g}; expected 0 to 1",
            "scale them to 0..1, or store uint8",
        )
    scaled: Pixels = np.rint(pictures * 255).astype(np.uint8)
    return scaled


def as_labels(array: Array, count: int, where: str) -> Array:
    """Check stored labels and bring them to int64 [N].

    Raises:
        DataError: they are not whole numbers from 0, or not one per picture.
    """
    if array.shape != (count,):
        raise DataError(f"{where} has the shape {array.shape}; expected one label for each of the {count} pictures")
    if not np.issubdtype(array.dtype, np.integer):
        raise DataError(f"{where} has the type {array.dtype}; expected whole numbers from 0")
    if count and array.min() < 0:
        raise DataError(f"{where} holds the label {array.min()}; labels count from 0")
    return array.astype(np.int64)


def content_keys(pictures: Pixels) -> list[str]:
    """A hash of each picture's shape and pixels."""
    shape = str(pictures.shape[1:]).encode()
    return [hashlib.blake2b(picture.tobytes(), digest_size=12, key=shape).hexdigest() for picture in pictures]


def fit(pictures: Pixels, resolution: int) -> Pixels:
    """Square pictures of another size: a black border up to 1.25 times the side, else `resize_square`.

    Args:
        pictures: [N, H, W, C] with 1, 3 or 4 channels.
        resolution: the new side.
    """
    height, width = pictures.shape[1:3]
    if height == width == resolution:
        return pictures
    if bordered((height, width), resolution):
        before = (resolution - height) // 2
        border = (before, resolution - height - before)
        return np.pad(pictures, ((0, 0), border, border, (0, 0)))
    flat = pictures[..., 0] if pictures.shape[-1] == 1 else pictures
    resized = np.empty((len(pictures), resolution, resolution, *flat.shape[3:]), dtype=np.uint8)
    for place, picture in enumerate(flat):
        resized[place] = np.asarray(resize_square(Image.fromarray(picture), resolution))
    return resized.reshape(len(pictures), resolution, resolution, pictures.shape[-1])


def bordered(size: tuple[int, ...], resolution: int) -> bool:
    """Whether `fit` gives pictures of this height and width a black border, rather than resizing them."""
    height, width = size
    return height == width and resolution / _PADDED <= height < resolution


def _files(path: Path) -> list[tuple[Path, str | None]]:
    """The files to read, each with the split that its name fixes."""
    if path.is_file():
        return [(path, None)]
    if not path.is_dir():
        raise DataError(f"{path} does not exist", "give an .npz file, or a folder with *train*.npz and *test*.npz")
    found = sorted(path.glob("*.npz"))
    named: list[tuple[Path, str | None]] = [
        (file, split) for file in found if (split := _split_in(file.stem)) is not None
    ]
    if named:
        return named
    if len(found) == 1:
        return [(found[0], None)]
    present = ", ".join(file.name for file in found) or "no .npz file"
    raise DataError(
        f"{path} holds {present}; expected *train*.npz and *test*.npz", "rename the files, or name one of them"
    )


def _split_in(stem: str) -> str | None:
    lower = stem.lower()
    return next((standard_split(word) for word in ("train", "test", "val") if word in lower), None)


def _classes(labels: Array, names: Sequence[str] | None, path: str) -> Sequence[str]:
    needed = int(labels.max()) + 1 if labels.size else 0
    if names is None:
        return [str(number) for number in range(needed)]
    if len(names) < needed:
        raise DataError(
            f"{path} holds the label {needed - 1}, but class_names has {len(names)} names", "name every label"
        )
    return names

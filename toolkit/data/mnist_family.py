"""What MNIST and the sets made in its image share: four files in the IDX format, 28 x 28 grey, a fixed test set."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from toolkit.data.idx import read_idx
from toolkit.data.memory import ArraySource
from toolkit.data.npz import as_labels, as_pictures, fit, read_npz
from toolkit.data.prepare import Progress, data_folder, fetch, written
from toolkit.data.source import Array
from toolkit.errors import DataError

_PARTS = (("train", "train"), ("test", "t10k"))
"""Splits, and what the original files call them."""


@dataclass(frozen=True, slots=True)
class Release:
    """How one of these sets is published.

    Attributes:
        title: its name in a sentence.
        name: its folder, and the beginning of its `.npz` files.
        recipe: a recipe that uses it, for the way out of an error.
        address: where the original files are downloaded from.
        md5: the original files with their checksums.
    """

    title: str
    name: str
    recipe: str
    address: str
    md5: Mapping[str, str]

    @property
    def files(self) -> tuple[str, str]:
        """The training and the test file that the toolkit reads."""
        return f"{self.name}-train.npz", f"{self.name}-test.npz"


class MNISTFamily(ArraySource):
    """A set of this family in memory; a sample's key is its split and its row in the official file.

    Args:
        path: folder with the two `.npz` files; by default the set's folder in `$TOOLKIT_DATA` or in the user's cache
            folder.
        resolution: side of the pictures; 32 adds a black border of two pixels.

    Raises:
        DataError: the files are absent or damaged.
    """

    release: ClassVar[Release]
    class_names: ClassVar[tuple[str, ...]]

    def __init__(self, path: str | None = None, resolution: int = 32) -> None:
        release = self.release
        folder = data_folder(release.name, release.files) if path is None else Path(path).expanduser()
        absent = [name for name in release.files if not (folder / name).is_file()]
        if absent:
            raise DataError(
                f"{release.title} is not in {folder}: {' and '.join(absent)} missing",
                f"toolkit prepare {release.recipe}   (with --from DIR to take the files from a folder)",
            )
        images, labels = [], []
        keys: list[str] = []
        splits: list[str] = []
        for name, (split, _) in zip(release.files, _PARTS, strict=True):
            arrays = read_npz(folder / name, ("images", "labels", "index"))
            stored = as_pictures(arrays["images"], f"'images' in {folder / name}")
            images.append(fit(stored, resolution))
            labels.append(as_labels(arrays["labels"], len(stored), f"'labels' in {folder / name}"))
            rows = as_labels(arrays["index"], len(stored), f"'index' in {folder / name}")
            keys.extend(f"{split}/{row}" for row in rows.tolist())
            splits.extend([split] * len(stored))
        fields: dict[str, Array] = {"image": np.concatenate(images), "label": np.concatenate(labels)}
        super().__init__(fields, keys, self.class_names, splits)

    @classmethod
    def prepare(
        cls, source: Path | None = None, destination: Path | None = None, progress: Progress | None = None
    ) -> Path:
        """Bring the files to this machine: from a folder, or by downloading them.

        Args:
            source: a folder with the files; `None` downloads them.
            destination: where to put them; the place where the data set is looked for by default.
            progress: called with the bytes of a file so far and in total, while it is downloaded.

        Returns:
            The folder that was filled.

        Raises:
            DataError: see `prepare_release`.
        """
        folder = data_folder(cls.release.name) if destination is None else destination
        return prepare_release(cls.release, folder, source, progress=progress)


def prepare_release(
    release: Release,
    destination: Path,
    source: Path | None = None,
    *,
    progress: Progress | None = None,
) -> Path:
    """Put a set into a folder as two `.npz` files with `images` [N, 28, 28], `labels` and `index`.

    Args:
        release: the set.
        destination: the folder to fill.
        source: a folder that holds the two `.npz` files or the four original `.gz` files; `None` downloads the latter
            and compares their checksums.
        progress: called while a file is downloaded.

    Raises:
        DataError: the source is incomplete or damaged, or see `fetch`.
    """
    if source is None:
        with tempfile.TemporaryDirectory(prefix=f"{release.name}-") as folder:
            for name, md5 in release.md5.items():
                fetch(release.address + name, Path(folder) / name, md5=md5, progress=progress)
            return _convert(release, Path(folder), destination)
    source = source.expanduser()
    if all((source / name).is_file() for name in release.files):
        for name in release.files:
            arrays = read_npz(source / name, ("images", "labels"))
            _check(arrays["images"], arrays["labels"], source / name)
            if (source / name).resolve() != (destination / name).resolve():
                with written(destination / name) as file, (source / name).open("rb") as original:
                    shutil.copyfileobj(original, file)
        return destination
    missing = [name for name in release.md5 if not (source / name).is_file()]
    if missing:
        raise DataError(
            f"{source} holds neither {' and '.join(release.files)} nor all four original files; "
            f"{', '.join(missing)} missing",
            "give the folder that holds them, or leave --from out to download",
        )
    return _convert(release, source, destination)


def _convert(release: Release, source: Path, destination: Path) -> Path:
    for (_, part), target in zip(_PARTS, release.files, strict=True):
        images = read_idx(source / f"{part}-images-idx3-ubyte.gz")
        labels = read_idx(source / f"{part}-labels-idx1-ubyte.gz")
        _check(images, labels, source / f"{part}-*-ubyte.gz")
        with written(destination / target) as file:
            np.savez_compressed(file, images=images, labels=labels, index=np.arange(len(images), dtype=np.int32))
    return destination


def _check(images: Array, labels: Array, where: Path) -> None:
    right = images.dtype == np.uint8 and images.ndim == 3 and images.shape[1:] == (28, 28) and len(images) > 0
    if not right or labels.shape != images.shape[:1] or labels.max() > 9:
        raise DataError(
            f"{where} holds pictures {images.dtype} {images.shape} and labels {labels.shape}; "
            "expected uint8 [N, 28, 28] and as many labels from 0 to 9"
        )

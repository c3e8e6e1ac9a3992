"""A folder of pictures as a data set."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.data.background import default_threads
from toolkit.data.images import Pixels, decode_image, mode_of
from toolkit.data.labels import by_folder, by_table, find_table, keep_known
from toolkit.data.layout import Layout
from toolkit.data.listing import list_pictures
from toolkit.data.memory import ArraySource
from toolkit.data.source import Array, SampleError, Skipped, Take
from toolkit.errors import ConfigError, DataError, Problem

_log = logging.getLogger(__name__)

_SHOWN = 5


class ImageFolder:
    """Pictures of any common format in a folder and its sub folders.

    Each picture's centre square is resized to the resolution. If all fit into the cache they are decoded once, at
    opening; otherwise on the way into each batch. Damaged files are left out and listed in `problems`; hidden files and
    files that are not pictures are only counted, in `note`. When the first sub folders are called `train` and `test`
    (or `validation`, `val`, ...) and nothing else, they fix the splits, and classes are the folders inside them
    (`toolkit.data.layout.Layout`).

    Args:
        path: the folder.
        resolution: side of the pictures in pixels.
        channels: 1 (grey), 3 (colour) or 4 (colour and alpha).
        labels: `none`; `folders`, where the sub folder is the class; or a CSV file below the folder, or elsewhere, with
            the columns `file` and `label` (see `toolkit.data.labels.by_table`). With labels, pictures without one are
            left out.
        class_names: the classes, in the order of their numbers; pictures of others are left out. All that there are,
            in alphabetical order, when it is not given.
        cache_gib: memory for decoded pictures in GiB; 0 for none.

    Raises:
        DataError: no such folder or table, or fewer than two usable pictures.
        ConfigError: there is no such number of channels, or a class is named twice.
    """

    def __init__(
        self,
        path: str,
        resolution: int = 64,
        channels: int = 3,
        labels: str = "none",
        class_names: list[str] | None = None,
        cache_gib: float = 2.0,
    ) -> None:
        self.mode = mode_of(channels)
        if class_names is not None and len(set(class_names)) < len(class_names):
            raise ConfigError([Problem("class_names", "names a class twice")])
        self.resolution = resolution
        listing = list_pictures(path)
        self.note = listing.note
        self.problems: list[Skipped] = list(listing.problems)
        self._pictures = listing.pictures
        self._layout = Layout(key for key, _ in self._pictures)
        self._names: list[str] = []
        if labels != "none":
            self._label(listing.root, labels, class_names)
        self._check(listing.root)
        self._cached: ArraySource | None = None
        fits = len(self._pictures) * resolution**2 * channels <= cache_gib * 2**30
        images = self._decode_all(channels) if fits else None
        self.classes: tuple[str, ...] = tuple(class_names or ()) if self._names else ()
        if not self.classes:
            self.classes = tuple(sorted(set(self._names)))
        numbers = {name: number for number, name in enumerate(self.classes)}
        self._labels = [numbers[name] for name in self._names]
        self._check(listing.root)
        if images is not None:
            self._keep(images)

    def __len__(self) -> int:
        return len(self._pictures)

    def key(self, index: int) -> str:
        """The path below the folder."""
        return self._pictures[index][0]

    def split_of(self, index: int) -> str | None:
        """The split that the folder's name fixes, if the folders are splits."""
        return self._layout.split_of(self.key(index))

    def __getitem__(self, index: int) -> dict[str, Any]:
        if self._cached is not None:
            return self._cached[index]
        item: dict[str, Any] = {"image": self._decode(*self._pictures[index])}
        if self._labels:
            item["label"] = self._labels[index]
        return item

    @property
    def take(self) -> Take | None:
        """Many samples at once, when they are in memory."""
        return None if self._cached is None else self._cached.take

    def _decode(self, key: str, path: Path) -> Pixels:
        return decode_image(path, self.mode, self.resolution, name=key)

    def _label(self, root: Path, labels: str, class_names: list[str] | None) -> None:
        """Find the class of each picture; those without one leave the set."""
        if labels == "folders":
            found = by_folder(self._pictures, self._layout, root)
        else:
            found = by_table(self._pictures, find_table(labels, root), root)
        if class_names is not None:
            found = keep_known(found, class_names)
        self._pictures, self._names = found.pictures, found.names
        self.problems.extend(found.problems)

    def _decode_all(self, channels: int) -> Pixels:
        """All pictures as one array; unreadable ones leave the set, and so do classes that have no others."""
        count = len(self._pictures)
        _log.info("decoding %d pictures", count)
        images = np.empty((count, self.resolution, self.resolution, channels), dtype=np.uint8)

        def decode(place: int) -> Skipped | None:
            key, path = self._pictures[place]
            try:
                images[place] = self._decode(key, path)
            except SampleError as error:
                return Skipped(key, error.reason)
            return None

        with ThreadPoolExecutor(default_threads()) as pool:
            problems = list(pool.map(decode, range(count)))
        kept = [place for place, problem in enumerate(problems) if problem is None]
        self.problems.extend(problem for problem in problems if problem is not None)
        for target, place in enumerate(kept):  # close the gaps in place: the array may be large
            if target != place:
                images[target] = images[place]
        self._pictures = [self._pictures[place] for place in kept]
        before, self._names = set(self._names), [self._names[place] for place in kept if self._names]
        gone = sorted(before - set(self._names))
        self.problems.extend(
            Skipped(f"{name}/", "no picture of this class can be read: no such class") for name in gone
        )
        return images[: len(kept)]

    def _keep(self, images: Pixels) -> None:
        """Read from memory from now on."""
        fields: dict[str, Array] = {"image": images}
        if self._labels:
            fields["label"] = np.array(self._labels, dtype=np.int64)
        self._cached = ArraySource(fields, [key for key, _ in self._pictures], self.classes)

    def _check(self, root: Path) -> None:
        if len(self._pictures) >= 2:
            return
        found = "one usable picture" if self._pictures else "no usable pictures"
        raise DataError(
            f"{root} holds {found}; training needs at least two{_details(self.problems, self.note)}",
            "check the path, and that the files are PNG, JPEG, WebP, GIF, BMP or TIFF",
        )


def _details(problems: Sequence[Skipped], note: str) -> str:
    shown = [f"{problem.path}: {problem.reason}" for problem in problems[:_SHOWN]]
    more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
    return "".join(f"\n  {line}" for line in chain(shown, more, [note] if note else []))

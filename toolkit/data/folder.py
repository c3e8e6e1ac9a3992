"""A folder of pictures as a data set."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import numpy as np

from toolkit.data.background import default_threads
from toolkit.data.images import Pixels, decode_image, mode_of
from toolkit.data.listing import list_pictures
from toolkit.data.memory import ArraySource
from toolkit.data.source import Array, SampleError, Skipped, Take, standard_split
from toolkit.errors import DataError

_log = logging.getLogger(__name__)

_SHOWN = 5


class ImageFolder:
    """Pictures of any common format in a folder and its sub folders.

    Each picture's centre square is resized to the resolution. If all fit into the cache they are decoded once, at
    opening; otherwise on the way into each batch. Damaged files are left out and listed in `problems`; hidden files and
    files that are not pictures are only counted, in `note`. When the first sub folders are called `train` and `test`
    (or `validation`, `val`, ...) and nothing else, they fix the splits, and classes are the folders inside them.

    Args:
        path: the folder.
        resolution: side of the pictures in pixels.
        channels: 1 (grey), 3 (colour) or 4 (colour and alpha).
        labels: `folders` makes the sub folder the class; pictures outside any are left out.
        cache_gib: memory for decoded pictures in GiB; 0 for none.

    Raises:
        DataError: no such folder, or fewer than two usable pictures.
        ConfigError: there is no such number of channels.
    """

    def __init__(
        self,
        path: str,
        resolution: int = 64,
        channels: int = 3,
        labels: Literal["none", "folders"] = "none",
        cache_gib: float = 2.0,
    ) -> None:
        self.mode = mode_of(channels)
        self.resolution = resolution
        listing = list_pictures(path)
        self.note = listing.note
        self.problems: list[Skipped] = list(listing.problems)
        self._pictures = listing.pictures
        tops = {key.split("/")[0] if "/" in key else "" for key, _ in self._pictures}
        self._fixes_splits = "train" in tops and all(standard_split(top) for top in tops)
        self.classes: tuple[str, ...] = ()
        self._labels: list[int] = []
        if labels == "folders":
            self._pictures = self._in_classes(listing.root)
            names = [self._class(key) for key, _ in self._pictures]
            self.classes = tuple(sorted(set(names)))
            numbers = {name: number for number, name in enumerate(self.classes)}
            self._labels = [numbers[name] for name in names]
        self._check(listing.root)
        self._cached: ArraySource | None = None
        if len(self._pictures) * resolution**2 * channels <= cache_gib * 2**30:
            self._cached = self._decode_all(channels)
            self._check(listing.root)

    def __len__(self) -> int:
        return len(self._pictures)

    def key(self, index: int) -> str:
        """The path below the folder."""
        return self._pictures[index][0]

    def split_of(self, index: int) -> str | None:
        """The split that the folder's name fixes, if the folders are splits."""
        return standard_split(self.key(index).split("/")[0]) if self._fixes_splits else None

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

    def _decode_all(self, channels: int) -> ArraySource:
        """Decode into one array; unreadable pictures leave the set."""
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
        fields: dict[str, Array] = {"image": images[: len(kept)]}
        if self._labels:
            self._labels = [self._labels[place] for place in kept]
            fields["label"] = np.array(self._labels, dtype=np.int64)
        return ArraySource(fields, [key for key, _ in self._pictures], self.classes)

    def _in_classes(self, root: Path) -> list[tuple[str, Path]]:
        inside = [(key, path) for key, path in self._pictures if self._class(key)]
        if not inside and self._pictures:
            raise DataError(
                f"{root} has no sub folders with pictures, so there are no classes",
                "put each class into its own sub folder, or set labels: none",
            )
        outside = [key for key, _ in self._pictures if not self._class(key)]
        self.problems.extend(Skipped(key, "lies outside the class folders") for key in outside)
        return inside

    def _class(self, key: str) -> str:
        """Name of the class folder; empty outside any."""
        folders = key.split("/")[1 if self._fixes_splits else 0 : -1]
        return folders[0] if folders else ""

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

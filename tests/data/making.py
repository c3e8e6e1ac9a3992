"""Pictures and sources made for the tests of this folder."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from toolkit.data.source import Array, Indices, SampleError, Skipped


def photo(width: int = 40, height: int = 30, seed: int = 0) -> Image.Image:
    """A smooth colour picture, so that JPEG keeps it."""
    small = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def write_photos(folder: Path, count: int, extension: str = "png") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        photo(seed=number).save(folder / f"{number:02}.{extension}")


class Numbers:
    """Sample i is the number i, read one by one; some may be unreadable or missing from the set."""

    def __init__(self, count: int, bad: Iterable[int] = (), splits: dict[int, str] | None = None) -> None:
        self.classes = ("even", "odd")
        self.problems: list[Skipped] = []
        self.reads: list[int] = []
        self.count = count
        self.bad = set(bad)
        self.splits = splits or {}

    def __len__(self) -> int:
        return self.count

    def key(self, index: int) -> str:
        return f"number-{index}"

    def split_of(self, index: int) -> str | None:
        return self.splits.get(index)

    def __getitem__(self, index: int) -> dict[str, Any]:
        self.reads.append(index)
        if index in self.bad:
            raise SampleError(self.key(index), "it is bad")
        image = np.full((2, 3, 1), index % 256, dtype=np.uint8)
        image[0, 0] = 255
        return {"image": image, "label": index % 2}


class NumbersInMemory(Numbers):
    """The same numbers with the fast path."""

    def take(self, indices: Indices) -> dict[str, Array]:
        items = [Numbers.__getitem__(self, int(index)) for index in indices]
        return {
            "image": np.stack([item["image"] for item in items]),
            "label": np.array([item["label"] for item in items], dtype=np.int64),
        }

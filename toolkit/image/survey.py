"""Looking at a folder of pictures, or at an array file, before a run is planned: sizes, colours, classes, oddities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from toolkit.data.background import default_threads
from toolkit.data.images import Head, Pixels, decode_image, read_head, resize_square
from toolkit.data.labels import TABLES, Labelled, Picture, by_folder, by_table, find_table, keep_known, read_rows
from toolkit.data.layout import Layout
from toolkit.data.listing import Listing, list_pictures
from toolkit.data.npz import ArrayFile, array_names
from toolkit.data.source import SampleError, Skipped
from toolkit.engine.randomness import fold
from toolkit.errors import DataError
from toolkit.image.looks import Looks, look_at

SAMPLED = 512
"""Pictures that are decoded and looked at; of the others only the size is read."""
THUMBNAIL = 32
"""Side of the decoded pictures in pixels: enough for colours, transparency and symmetry."""


@dataclass(frozen=True)
class Survey:
    """What the pictures are like.

    Attributes:
        path: the folder or file.
        kind: the part of kind `datasets` that reads it.
        widths: of every readable picture, in pixels.
        heights: the same for the heights.
        looks: what a sample of them shows.
        labels: where classes come from: `none`, `folders`, a table's name, or the name of an array.
        classes: number of pictures by class; empty without labels.
        unlabelled: with labels, the number of pictures that have none and do not count here.
        splits: number of pictures by split, where the folders fix splits.
        animated: number of animated pictures.
        channels: of the pictures as they are stored, where they cannot be read otherwise.
        left_out: what is no use for training, and why.
        note: a sentence about files that were passed over; may be empty.
    """

    path: Path
    kind: Literal["folder", "npz"]
    widths: npt.NDArray[np.int64]
    heights: npt.NDArray[np.int64]
    looks: Looks
    labels: str = "none"
    classes: Mapping[str, int] = field(default_factory=dict)
    unlabelled: int = 0
    splits: Mapping[str, int] = field(default_factory=dict)
    animated: int = 0
    channels: int | None = None
    left_out: tuple[Skipped, ...] = ()
    note: str = ""

    @property
    def count(self) -> int:
        """Number of readable pictures."""
        return len(self.widths)

    @property
    def sides(self) -> npt.NDArray[np.int64]:
        """The shorter side of every picture: that of the square which is cut out of its middle."""
        return np.minimum(self.widths, self.heights)


def survey_pictures(
    path: Path, labels: str | None = None, class_names: Sequence[str] | None = None, images: str = "images"
) -> Survey:
    """Look at a folder of pictures, an `.npz` file, or a folder of such files.

    Args:
        path: the folder or file.
        labels: where classes come from, as `data.labels` says it; found by looking when `None`.
        class_names: the classes to keep; all when `None`.
        images: name of the pictures in an array file.

    Raises:
        DataError: there is nothing there, or no picture can be read.
    """
    if not path.exists():
        raise DataError(f"{path} does not exist", "give a folder with pictures, or an .npz file, after --data")
    if path.is_file() and path.suffix.lower() != ".npz":
        raise DataError(
            f"{path} is a single file, and no .npz file", "give the folder that the pictures are in, after --data"
        )
    if path.is_file():
        return _survey_arrays(path, labels, images)
    listing = list_pictures(path)
    if not listing.pictures and any(path.glob("*.npz")):
        return _survey_arrays(path, labels, images)
    return _survey_folder(listing, labels, class_names)


def _survey_folder(listing: Listing, labels: str | None, class_names: Sequence[str] | None) -> Survey:
    layout = Layout(key for key, _ in listing.pictures)
    source, labelled = _classes(listing, layout, labels, class_names)
    pictures = labelled.pictures if source != "none" else listing.pictures
    with ThreadPoolExecutor(default_threads()) as pool:
        heads = list(pool.map(_head, pictures))
        left_out = [*listing.problems, *labelled.problems, *(head for head in heads if isinstance(head, Skipped))]
        good = [(place, head) for place, head in enumerate(heads) if isinstance(head, Head)]
        chosen = sorted(good, key=lambda item: fold(0, "survey", pictures[item[0]][0]))[:SAMPLED]
        thumbnails = list(pool.map(_thumbnail, (pictures[place] for place, _ in chosen)))
    left_out += [found for found in thumbnails if isinstance(found, Skipped)]
    unreadable = {found.path for found in thumbnails if isinstance(found, Skipped)}
    kept = [(place, head) for place, head in good if pictures[place][0] not in unreadable]
    splits = Counter(str(layout.split_of(pictures[place][0])) for place, _ in kept if layout.fixes_splits)
    return Survey(
        path=listing.root,
        kind="folder",
        widths=np.array([head.width for _, head in kept], dtype=np.int64),
        heights=np.array([head.height for _, head in kept], dtype=np.int64),
        looks=look_at([found for found in thumbnails if not isinstance(found, Skipped)]),
        labels=source,
        classes=dict(sorted(Counter(labelled.names[place] for place, _ in kept if labelled.names).items())),
        unlabelled=len(listing.pictures) - len(pictures),
        splits=dict(splits),
        animated=sum(head.animated for _, head in kept),
        left_out=tuple(left_out),
        note=listing.note,
    )


def _classes(
    listing: Listing, layout: Layout, labels: str | None, class_names: Sequence[str] | None
) -> tuple[str, Labelled]:
    """Where the classes come from, and the pictures with theirs."""
    source = _find_labels(listing, layout) if labels is None else labels
    if source == "none":
        return source, Labelled()
    if source == "folders":
        found = by_folder(listing.pictures, layout, listing.root)
    else:
        found = by_table(listing.pictures, find_table(source, listing.root), listing.root)
    return source, found if class_names is None else keep_known(found, class_names)


def _find_labels(listing: Listing, layout: Layout) -> str:
    for name in TABLES:
        if (listing.root / name).is_file() and _is_table(listing.root / name):
            return name
    names = {layout.class_of(key) for key, _ in listing.pictures} - {""}
    return "folders" if len(names) >= 2 else "none"


def _is_table(file: Path) -> bool:
    """Whether a file called like a table of labels is one; `labels.csv` says so itself, so its mistakes are shown."""
    if file.name == TABLES[0]:
        return True
    try:
        return bool(read_rows(file))
    except DataError:
        return False


def _head(picture: Picture) -> Head | Skipped:
    try:
        return read_head(picture[1], picture[0])
    except SampleError as error:
        return Skipped(picture[0], error.reason)


def _thumbnail(picture: Picture) -> Pixels | Skipped:
    try:
        return decode_image(picture[1], "RGBA", THUMBNAIL, name=picture[0])
    except SampleError as error:
        return Skipped(picture[0], error.reason)


def _survey_arrays(path: Path, labels: str | None, images: str) -> Survey:
    if labels is None:
        labels = "labels" if "labels" in array_names(path) else "none"
    source = ArrayFile(str(path), images, None if labels == "none" else labels)
    pictures = source.fields["image"]
    chosen = sorted(range(len(pictures)), key=lambda place: fold(0, "survey", source.key(place)))[:SAMPLED]
    found = Counter(source.fields["label"].tolist()) if source.classes else Counter[int]()
    splits = Counter(split for place in range(len(pictures)) if (split := source.split_of(place)))
    height, width = pictures.shape[1:3]
    return Survey(
        path=path,
        kind="npz",
        widths=np.full(len(pictures), width, dtype=np.int64),
        heights=np.full(len(pictures), height, dtype=np.int64),
        looks=look_at([_small(pictures[place]) for place in chosen]),
        labels=labels,
        classes={name: found[number] for number, name in enumerate(source.classes)},
        splits=dict(splits),
        channels=int(pictures.shape[3]),
    )


def _small(pixels: Pixels) -> Pixels:
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    small: Pixels = np.asarray(resize_square(picture, THUMBNAIL).convert("RGBA"))
    return small

"""Somebody's pictures for a comparison: looked at first, then brought to a size, colours and labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from toolkit.data.channels import with_channels
from toolkit.data.folder import ImageFolder
from toolkit.data.images import Pixels
from toolkit.data.layout import Layout
from toolkit.data.listing import list_pictures
from toolkit.data.memory import ArraySource
from toolkit.data.npz import ArrayFile, bordered, fit
from toolkit.data.source import Skipped, Source, Subset
from toolkit.errors import DataError
from toolkit.image import choices
from toolkit.image.survey import Survey, survey_pictures


@dataclass
class PictureSet:
    """Pictures that were looked at, but not brought to a size yet; made by `look_at`.

    Attributes:
        path: the folder or file.
        survey: what they are like.
        overviews: keys of grids of all pictures, which `toolkit generate` puts beside them; they do not count.
        loose: number of pictures that lie outside the class folders.
        notes: sentences for the user about what was done to the pictures; grows when the set is opened.
    """

    path: Path
    survey: Survey
    overviews: frozenset[str] = frozenset()
    loose: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def numbered(self) -> bool:
        """Whether classes have only numbers, as in `.npz` files."""
        return self.survey.kind == "npz"

    @property
    def side(self) -> int:
        """Median of the pictures' shorter sides in pixels."""
        return int(np.median(self.survey.sides))

    @property
    def channels(self) -> int:
        """1, 3 or 4, by the rule that a run on the folder would go by (`toolkit.image.choices.channels`)."""
        return int(choices.channels(self.survey.looks).value)

    def unlike(self, resolution: int) -> int:
        """How many pictures are not squares of this side."""
        equal = (self.survey.widths == resolution) & (self.survey.heights == resolution)
        return max(0, int((~equal).sum()) - len(self.overviews))

    def open(self, resolution: int, channels: int, part: str | None = None) -> Source:
        """The pictures at one size and number of channels, with labels where there are any.

        Classes are the sub folders when all pictures lie in two or more of them, or stand in a table `labels.csv`
        beside them; in `.npz` files they are in the array `labels`.

        Args:
            resolution: side in pixels.
            channels: 1, 3 or 4.
            part: `train`, `validation` or `test`: only that, where the folders' or files' names divide the set; `None`
                for everything.

        Raises:
            DataError: fewer than two usable pictures.
        """
        source = self._arrays(resolution, channels) if self.numbered else self._folder(resolution, channels)
        source = self._part(source, part)
        if len(source) < 2:
            words = "one usable picture" if len(source) else "no usable pictures"
            raise DataError(f"{self.path} holds {words}; a comparison needs at least two")
        return source

    def _folder(self, resolution: int, channels: int) -> Source:
        labels = self.survey.labels
        if labels == "folders" and self.loose:
            self.notes.append(
                f"{self.path} is used without labels: {self.loose} pictures lie outside its sub folders, so these are "
                "taken for no classes"
            )
            labels = "none"
        source: Source = ImageFolder(str(self.path), resolution, channels, labels)
        changed = self.unlike(resolution)
        if changed:
            sizes = sorted(zip(self.survey.widths.tolist(), self.survey.heights.tolist(), strict=True), key=_area)
            ends = dict.fromkeys(f"{width}x{height}" for width, height in (sizes[0], sizes[-1]))
            self.notes.append(
                f"{self.path}: {changed} of {len(sizes) - len(self.overviews)} pictures ({' to '.join(ends)}) were "
                f"brought to {resolution}x{resolution}, each by its centre square"
            )
        if self.survey.note:
            self.notes.append(self.survey.note)
        if not self.overviews:
            return source
        shown = ", ".join(sorted(self.overviews))
        self.notes.append(f"{self.path}: {shown} is an overview of the pictures beside it and was left out")
        return Subset(source, [place for place in range(len(source)) if source.key(place) not in self.overviews])

    def _arrays(self, resolution: int, channels: int) -> Source:
        arrays = ArrayFile(str(self.path), labels=None if self.survey.labels == "none" else self.survey.labels)
        stored: Pixels = arrays.fields["image"]
        height, width = stored.shape[1:3]
        if (height, width) != (resolution, resolution):
            how = "given a black border to" if bordered((height, width), resolution) else "resized to"
            self.notes.append(f"{self.path}: pictures of {width}x{height} were {how} {resolution}x{resolution}")
        fields = {**arrays.fields, "image": with_channels(fit(stored, resolution), channels)}
        return ArraySource(fields, arrays.keys, arrays.classes, arrays.splits, arrays.problems)

    def _part(self, source: Source, part: str | None) -> Source:
        splits = [source.split_of(place) for place in range(len(source))]
        if part is None or not any(splits):
            return source
        places = np.flatnonzero([split == part for split in splits])
        if not len(places):
            present = ", ".join(sorted({split for split in splits if split}))
            raise DataError(f"{self.path} has no part '{part}', only {present}", "name the folder or file itself")
        self.notes.append(f"{self.path}: its part '{part}' was used, {len(places)} of {len(source)} pictures")
        return Subset(source, places)


def look_at(path: str | Path) -> PictureSet:
    """Look at a folder of pictures, a folder of `.npz` files, or an `.npz` file.

    Raises:
        DataError: there is no such thing, it holds no usable pictures, or an archive is damaged.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise DataError(f"{path}: there is no such folder or file", "check the path")
    if path.is_file() and path.suffix.lower() != ".npz":
        raise DataError(f"{path} is neither a folder nor an .npz file", "give the folder that holds the pictures")
    survey = survey_pictures(path)
    if not survey.count:
        raise DataError(
            f"{path} holds no usable pictures{_details(survey)}",
            "check the path, and that the files are PNG, JPEG, WebP, GIF, BMP or TIFF",
        )
    if survey.kind == "npz":
        return PictureSet(path, survey)
    keys = [key for key, _ in list_pictures(path).pictures]
    overviews = _overviews(set(keys))
    layout = Layout(keys)
    return PictureSet(path, survey, overviews, sum(not layout.class_of(key) for key in {*keys} - overviews))


def _overviews(keys: set[str]) -> frozenset[str]:
    stems = {key: key.removesuffix("grid.png") for key in keys if key.endswith("grid.png")}
    return frozenset(key for key, stem in stems.items() if f"{stem}00000.png" in keys)


def _details(survey: Survey, most: int = 5) -> str:
    shown: list[Skipped] = list(survey.left_out[:most])
    lines = [f"{found.path}: {found.reason}" for found in shown]
    lines += [survey.note] if survey.note else []
    return "".join(f"\n  {line}" for line in lines)


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]

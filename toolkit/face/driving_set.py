"""The data of face driving: a face to make, faces of the same person, and faces of others."""

from __future__ import annotations

from typing import Any

import numpy as np

from toolkit.data.memory import ArraySource
from toolkit.data.source import Array, Indices
from toolkit.errors import ConfigError, DataError, Problem
from toolkit.face.rendered_crops import RenderedCrops


class DrivingSet(ArraySource):
    """Aligned crops of rendered faces (`RenderedCrops`), each with faces that it could be made of.

    A sample is `image` and `landmarks`, the face to make, its `identity` and `view`; `sources`, uint8 [K, R, R, 3], and
    `source_landmarks`, float32 [K, 68, 2]: K other views of the same person; `strangers` and `stranger_landmarks`: one
    view each of K other people of the data set's same split; and `row`, its number. Which ones they are is chosen at
    random once; `redraw` chooses anew, for training.

    Args:
        path: see `toolkit.face.rendered_faces.RenderedFaces`.
        resolution: side R of the crops.
        count: K.

    Raises:
        ConfigError: a number is out of range.
        DataError: the files are absent or damaged, or there are too few people or views.
    """

    def __init__(self, path: str | None = None, resolution: int = 64, count: int = 3) -> None:
        if not 1 <= count <= 7:
            raise ConfigError([Problem("count", f"is {count}; a person has up to 7 other views")])
        crops = RenderedCrops(path, resolution)
        self.count = count
        self.crops: Array = crops.fields["image"]
        self.points: Array = crops.fields["landmarks"]
        self.identities: Array = crops.identities
        splits = np.array([crops.split_of(place) for place in range(len(crops))])
        self._of = {person: np.flatnonzero(self.identities == person) for person in np.unique(self.identities).tolist()}
        self._people = {split: np.unique(self.identities[splits == split]) for split in np.unique(splits).tolist()}
        few = min(len(rows) for rows in self._of.values()), min(len(people) for people in self._people.values())
        if few[0] <= count or few[1] <= count:
            raise DataError(
                f"{count} sources need {count + 1} views of everybody and {count + 1} people in each split; "
                f"here are {few[0]} and {few[1]}",
                "set data.count lower",
            )
        fields = {name: crops.fields[name] for name in ("image", "landmarks", "identity", "view")}
        fields["row"] = np.arange(len(crops))
        super().__init__(fields, crops.keys, (), crops.splits)
        chosen = [self._chosen(row, np.random.default_rng(row)) for row in range(len(crops))]
        self._chosen_rows = np.stack([np.stack(rows) for rows in chosen])

    def group(self, index: int) -> str:
        """The person that the sample shows."""
        return f"{int(self.identities[index]):04}"

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {**super().__getitem__(index), **self._faces(self._chosen_rows[index])}

    def take(self, indices: Indices) -> dict[str, Array]:
        """Many samples at once: copies, stacked."""
        return {**super().take(indices), **self._faces(self._chosen_rows[indices].swapaxes(0, 1))}

    def redraw(self, row: int, generator: np.random.Generator) -> dict[str, Array]:
        """Other sources and strangers for a sample, by name."""
        return self._faces(np.stack(self._chosen(row, generator)))

    def _faces(self, rows: Indices) -> dict[str, Array]:
        own, others = rows
        named = (("sources", "source_landmarks", own), ("strangers", "stranger_landmarks", others))
        faces = {}
        for picture, points, which in named:
            faces[picture], faces[points] = self.crops[which], self.points[which]
        return faces

    def _chosen(self, row: int, generator: np.random.Generator) -> tuple[Indices, Indices]:
        person = int(self.identities[row])
        own = self._of[person]
        people = self._people[str(self.split_of(row))]
        strangers = generator.choice(people[people != person], self.count, replace=False)
        others = [self._of[int(stranger)][generator.integers(len(self._of[int(stranger)]))] for stranger in strangers]
        return generator.choice(own[own != row], self.count, replace=False), np.array(others)


class Redrawn:
    """A transform: each epoch, samples of a `DrivingSet` get other sources and strangers."""

    def __init__(self, source: DrivingSet) -> None:
        self.source = source

    def __call__(self, item: dict[str, Any], generator: np.random.Generator) -> dict[str, Any]:
        """The item with other faces that it could be made of."""
        return {**item, **self.source.redraw(int(item["row"]), generator)}

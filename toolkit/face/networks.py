"""What the four steps ask of networks: to find landmarks, to tell people apart, to make a new face of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from toolkit.data.images import Pixels
from toolkit.errors import DataError
from toolkit.face.detection import Face
from toolkit.face.geometry import Points

Vectors: TypeAlias = npt.NDArray[np.floating[Any]]
Halves: TypeAlias = npt.NDArray[np.float16]

EMBEDDED_AT_ONCE = 64
"""Crops that are given to an embedder at once."""


class Landmarker(Protocol):
    """Finds the 68 landmarks of a face (`toolkit.face.geometry`).

    Attributes:
        id: name and hash of the weights.
    """

    id: str

    def __call__(self, picture: Pixels, face: Face) -> Points:
        """The landmarks, float [68, 2] in pixels of the picture, uint8 [H, W, 3]."""


class Embedder(Protocol):
    """Turns aligned crops of faces into vectors; those of one person point the same way.

    Attributes:
        id: name and hash of the weights: vectors of two embedders cannot be compared.
        dimensions: length of a vector.
    """

    id: str
    dimensions: int

    def __call__(self, crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Vectors of unit length.

        Args:
            crops: uint8 [B, S, S, 3], as `toolkit.face.crop.aligned_crop` makes them, of any side.

        Returns:
            float32 [B, dimensions].
        """


@dataclass(frozen=True, slots=True)
class DrivenFace:
    """A face that was made of others.

    Attributes:
        crop: uint8 [S, S, 3], an aligned crop like those of the sources.
        landmarks: float64 [68, 2], what was requested, in pixels of `crop`; what came out is for a landmarker to say.
        shares: [K], how much of the picture each source gave, from 0, together 1. They follow the weights, but not
            exactly: a source whose cheek is hidden gives less of the cheek.
    """

    crop: Pixels
    landmarks: Points
    shares: tuple[float, ...]


class Driver(Protocol):
    """Makes a new face of several: their appearance, mixed, with the landmarks that are asked for.

    Which landmarks to ask for is the business of `toolkit.face.shape_model.target_shape`; whether the result comes too
    close to one person is that of whoever calls (see `toolkit.face.networks.Embedder`). A driver keeps nothing between
    calls, and calls from several threads at once work.

    Attributes:
        id: name and hash of the weights.
        size: side S of the crops that it makes, in pixels.
    """

    id: str
    size: int

    def __call__(
        self,
        crops: Sequence[Pixels],
        landmarks: Sequence[Points],
        weights: Sequence[float],
        target: Points,
        seed: int = 0,
    ) -> DrivenFace:
        """Make a face.

        Args:
            crops: K aligned crops (`toolkit.face.crop.aligned_crop`), uint8 [s, s, 3], each of any side; K from 1 on.
            landmarks: [68, 2] of each, in pixels of that crop.
            weights: K numbers from 0, not all 0, e.g. from similarities; they are divided by their sum.
            target: the requested landmarks, [68, 2] in pixels of a crop of side `size`.
            seed: another one gives another face of the same sources; the same gives the same face.

        Raises:
            DataError: numbers or shapes do not fit each other.
        """


def embed_crops(embedder: Embedder, crops: Sequence[Pixels]) -> list[Halves]:
    """Vectors of crops of any sides, float16, of unit length.

    Raises:
        DataError: the embedder gives something else.
    """
    vectors: list[Halves] = []
    for start in range(0, len(crops), EMBEDDED_AT_ONCE):
        batch = crops[start : start + EMBEDDED_AT_ONCE]
        sides = {crop.shape for crop in batch}
        found = (
            np.asarray(embedder(np.stack(batch)))
            if len(sides) == 1
            else np.concatenate([np.asarray(embedder(crop[None])) for crop in batch])
        )
        lengths = np.linalg.norm(found.astype(np.float64), axis=-1)
        if found.shape != (len(batch), embedder.dimensions) or not (np.abs(lengths - 1) < 1e-2).all():
            raise DataError(
                f"the embedder '{embedder.id}' gives {list(found.shape)} for {len(batch)} crops; expected vectors of "
                f"{embedder.dimensions} finite numbers and of length 1"
            )
        vectors.extend(found.astype("<f2"))
    return vectors

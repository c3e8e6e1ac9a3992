"""What the four steps ask of networks: one that finds landmarks, one that tells people apart."""

from __future__ import annotations

from collections.abc import Sequence
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

"""The rendered faces as aligned crops, as search and generation see faces."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np

from toolkit.data.background import default_threads
from toolkit.data.memory import ArraySource
from toolkit.data.source import Array
from toolkit.errors import ConfigError, Problem
from toolkit.face.crop import aligned_crop
from toolkit.face.rendered_faces import SIDE, RenderedFaces


class RenderedCrops(ArraySource):
    """The faces of `rendered_faces`, cut out and aligned (`toolkit.face.crop.aligned_crop`) by their exact landmarks.

    A sample is as there, but `image` is uint8 [R, R, 3] and shows the face from the brows to the chin, and `landmarks`
    are in pixels of it. The same splits.

    Args:
        path: see `RenderedFaces`.
        resolution: side of the crops in pixels.
        labels: `identity` makes each person a class.

    Raises:
        ConfigError: the resolution is out of range.
        DataError: the files are absent or damaged.
    """

    def __init__(
        self, path: str | None = None, resolution: int = 64, labels: Literal["none", "identity"] = "none"
    ) -> None:
        if not 16 <= resolution <= SIDE:
            message = f"is {resolution}; the pictures have {SIDE} pixels, and 16 is the least"
            raise ConfigError([Problem("resolution", message)])
        whole = RenderedFaces(path, SIDE, labels)
        fields: dict[str, Array] = dict(whole.fields)

        def cropped(place: int) -> tuple[Array, Array]:
            return aligned_crop(fields["image"][place], fields["landmarks"][place], resolution)

        with ThreadPoolExecutor(default_threads()) as pool:
            crops = list(pool.map(cropped, range(len(whole))))
        fields["image"] = np.stack([crop for crop, _ in crops])
        fields["landmarks"] = np.stack([landmarks for _, landmarks in crops]).astype(np.float32)
        self.identities: Array = whole.identities
        super().__init__(fields, whole.keys, whole.classes, whole.splits)

    def group(self, index: int) -> str:
        """The person that the sample shows."""
        return f"{int(self.identities[index]):04}"

    prepare = RenderedFaces.prepare

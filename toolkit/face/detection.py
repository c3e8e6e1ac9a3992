"""Finding faces: what a detector is, what it gives, and which face of several is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from PIL import Image

from toolkit.data.images import Pixels
from toolkit.errors import DataError

Which: TypeAlias = Literal["largest"] | int
"""Which face of a picture is meant: the largest, or a number from 0 in the order in which they were found."""


class NoFaceError(DataError):
    """There is no face in a picture, or not the one that was asked for."""


@dataclass(frozen=True, slots=True)
class Face:
    """A face that was found.

    Attributes:
        box: left, top, right, bottom in pixels of the picture, from its top left corner; parts of the box may lie
            outside the picture.
        score: how sure the detector is; larger is surer, comparable only with scores of the same detector.
    """

    box: tuple[float, float, float, float]
    score: float

    @property
    def area(self) -> float:
        """Of the box, in square pixels."""
        left, top, right, bottom = self.box
        return max(0.0, right - left) * max(0.0, bottom - top)

    def to_json(self) -> dict[str, Any]:
        """Box and score as plain numbers."""
        return {"box": [round(side, 2) for side in self.box], "score": round(self.score, 4)}


class FaceDetector(Protocol):
    """Finds faces; registered as kind `detectors`. Calls from several threads at once must work."""

    def detect(self, picture: Pixels) -> list[Face]:
        """The faces of a picture, the largest first.

        Args:
            picture: uint8 [H, W, 3].

        Raises:
            DataError: it is no such array.
        """


class FaceVerifier(Protocol):
    """A second opinion on what a detector took for a face: detectors take some animals and patterns for faces."""

    def verify(self, picture: Pixels, face: Face) -> bool:
        """Whether the box holds a human face."""


def find_faces(picture: Pixels, detector: FaceDetector, verifier: FaceVerifier | None = None) -> list[Face]:
    """The faces that a detector finds and a verifier, where there is one, confirms; the largest first.

    Args:
        picture: uint8 [H, W, 3].
        detector: finds them.
        verifier: may reject each of them.

    Raises:
        DataError: the picture is no such array.
    """
    faces = in_order(detector.detect(picture))
    return faces if verifier is None else [face for face in faces if verifier.verify(picture, face)]


def choose_face(faces: Sequence[Face], which: Which = "largest", name: str = "the picture") -> Face:
    """One face of several.

    Args:
        faces: of one picture.
        which: `largest`, or a number from 0.
        name: what to call the picture in a message.

    Raises:
        NoFaceError: there is no face, or none of that number.
    """
    if not faces:
        raise NoFaceError(
            f"no face was found in {name}",
            "use a photo that shows one face from the front, well lit, at least 80 pixels high and not covered",
        )
    if which == "largest":
        return max(faces, key=lambda face: face.area)
    if not 0 <= which < len(faces):
        count = "1 face was" if len(faces) == 1 else f"{len(faces)} faces were"
        raise NoFaceError(
            f"there is no face number {which} in {name}: {count} found", f"choose from 0 to {len(faces) - 1}"
        )
    return faces[which]


def in_order(faces: Sequence[Face]) -> list[Face]:
    """The largest first; equally large ones from left to right, so that numbers mean the same every time."""
    return sorted(faces, key=lambda face: (-face.area, face.box))


def as_picture(picture: Any) -> Pixels:
    """Check that something is a picture.

    Raises:
        DataError: it is no uint8 array [H, W, 3] with at least one pixel.
    """
    array = np.asarray(picture)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or array.size == 0:
        raise DataError(
            f"a detector takes a picture, uint8 [H, W, 3], not {array.dtype} {list(array.shape)}",
            "open it with toolkit.face.upload.open_upload",
        )
    return array


def resized(picture: Pixels, longest: int, enlarge: bool = False) -> tuple[Pixels, float]:
    """A picture brought to a working size.

    Args:
        picture: uint8 [H, W, 3].
        longest: its longer side afterwards.
        enlarge: also make smaller pictures larger; they stay as they are otherwise.

    Returns:
        The picture, and by how much it was scaled: divide boxes by it.
    """
    height, width = picture.shape[:2]
    scale = longest / max(height, width)
    if scale == 1 or (scale > 1 and not enlarge):
        return picture, 1.0
    size = max(1, round(width * scale)), max(1, round(height * scale))
    method = Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.LANCZOS
    return np.asarray(Image.fromarray(picture).resize(size, method, reducing_gap=2.0)), scale

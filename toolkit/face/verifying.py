"""A second opinion on what a detector takes for a face: do the landmarks look like those of a face?"""

from __future__ import annotations

import numpy as np

from toolkit.data.images import Pixels
from toolkit.errors import DataError
from toolkit.face.detection import Face, FaceVerifier
from toolkit.face.geometry import Points, nme
from toolkit.face.networks import Landmarker
from toolkit.face.pose import head_pose

_SHIFTS = ((0.0, 0.0, 1.1), (0.06, 0.0, 1.0), (0.0, 0.06, 1.0))  # right and down, and scale, as shares of the side


class LandmarkVerifier:
    """Landmarks of a face stay where they are when the box moves a little, and have the shape of a face.

    In an animal's face, a drawing or a pattern a landmarker finds something else with every box. This needs no training
    and works with every landmarker.

    Args:
        landmarker: finds the landmarks.
        wobble: most by which they may differ between boxes: mean distance over the inter-ocular distance.
        residual: most by which they may differ from a posed mean face; see `toolkit.face.pose.Pose`.
    """

    def __init__(self, landmarker: Landmarker, wobble: float = 0.08, residual: float = 0.16) -> None:
        self.landmarker = landmarker
        self.wobble = wobble
        self.residual = residual

    def verify(self, picture: Pixels, face: Face) -> bool:
        """Whether the box holds a human face."""
        try:
            wobble, residual = self.measure(picture, face)
        except DataError:  # the landmarks are no face at all
            return False
        return wobble <= self.wobble and residual <= self.residual

    def measure(self, picture: Pixels, face: Face) -> tuple[float, float]:
        """How much the landmarks of a box wobble, and how far they are from a face.

        Raises:
            DataError: the landmarks lie on one line or in one place.
        """
        first = self.landmarker(picture, face)
        others = [self.landmarker(picture, _moved(face, *shift)) for shift in _SHIFTS]
        return float(np.mean([nme(first, other) for other in others])), head_pose(_finite(first)).residual


def verifier_of(landmarker: Landmarker) -> FaceVerifier:
    """The landmarker itself where it can tell how sure it is (it has `verify`), else a `LandmarkVerifier` of it."""
    verify = getattr(landmarker, "verify", None)
    return LandmarkVerifier(landmarker) if verify is None else landmarker  # type: ignore[return-value]


def _moved(face: Face, right: float, down: float, scale: float) -> Face:
    left, top, far, bottom = face.box
    side = max(far - left, bottom - top)
    grown = (scale - 1) * side / 2
    x, y = right * side, down * side
    return Face((left + x - grown, top + y - grown, far + x + grown, bottom + y + grown), face.score)


def _finite(points: Points) -> Points:
    if not np.isfinite(points).all():
        raise DataError("some landmarks are not finite numbers")
    return points

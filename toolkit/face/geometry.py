"""Sixty-eight landmarks: aligning faces, averaging shapes, measuring distances, mirroring.

Landmarks are float arrays [68, 2], x and y in pixels from the top left corner of the picture (the first pixel covers 0
to 1), in the order of iBUG 300-W (C. Sagonas et al., "300 faces in-the-wild challenge", Image and Vision Computing
47, 2016): 17 of the contour, 2 x 5 brows, 9 of the nose, 2 x 6 eyes, 20 of the mouth, from the picture's left on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from toolkit.errors import DataError
from toolkit.face.mean_face import MEAN_FACE

Landmarks: TypeAlias = npt.NDArray[np.floating[Any]]
Points: TypeAlias = npt.NDArray[np.float64]

COUNT = 68
LEFT_EYE, RIGHT_EYE = slice(36, 42), slice(42, 48)
"""As they stand in the picture: the left one is the person's right eye."""
OUTER_CORNERS = (36, 45)
"""Of the eyes; their distance is the inter-ocular distance that errors are divided by."""
FLIPPED = np.array(
    [
        *range(16, -1, -1),
        *range(26, 16, -1),
        *(27, 28, 29, 30, 35, 34, 33, 32, 31),
        *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
        *range(54, 47, -1),
        *range(59, 54, -1),
        *range(64, 59, -1),
        *(67, 66, 65),
    ]
)
"""Landmark i of a mirrored face is landmark `FLIPPED[i]` of the face; see `flip`."""

_CROP_EYES = 0.36  # inter-ocular distance in a canonical crop, as a share of its side: the contour stays inside
_CROP_HEIGHT = 0.40  # of the eyes


@dataclass(frozen=True, slots=True)
class Similarity:
    """A similarity transform of the plane: `y = scale * R x + shift`.

    Attributes:
        matrix: float64 [2, 3]; scaled rotation and shift.
    """

    matrix: Points

    @property
    def scale(self) -> float:
        """By how much lengths grow."""
        return float(np.hypot(self.matrix[0, 0], self.matrix[1, 0]))

    @property
    def degrees(self) -> float:
        """Angle of the rotation; positive is clockwise on a screen, where y points down."""
        return float(np.degrees(np.arctan2(self.matrix[1, 0], self.matrix[0, 0])))

    def __call__(self, points: npt.ArrayLike) -> Points:
        """Where points [..., 2] go."""
        mapped: Points = np.asarray(points, dtype=np.float64) @ self.matrix[:, :2].T + self.matrix[:, 2]
        return mapped

    def inverse(self) -> Similarity:
        """The transform back."""
        back = np.linalg.inv(self.matrix[:, :2])
        return Similarity(np.column_stack([back, -back @ self.matrix[:, 2]]))


def similarity(source: npt.ArrayLike, target: npt.ArrayLike) -> Similarity:
    """The similarity transform that brings points closest to others, in the sense of least squares.

    Source: S. Umeyama, "Least-squares estimation of transformation parameters between two point patterns", IEEE
    TPAMI 13 (4), 1991, equations 40 to 42. Never a reflection.

    Args:
        source: [N, 2], at least two different points.
        target: [N, 2].

    Raises:
        DataError: other shapes, values that are not finite, or points that all lie in one place.
    """
    x, y = _pair(source, target)
    x_mean, y_mean = x.mean(0), y.mean(0)
    x, y = x - x_mean, y - y_mean
    variance = float((x**2).sum()) / len(x)
    if variance < 1e-18 or not (y**2).sum() > 0:
        raise DataError("a similarity transform needs at least two different points on each side")
    u, d, v = np.linalg.svd(y.T @ x / len(x))
    s = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(v)) or 1.0])
    rotation = u @ np.diag(s) @ v
    scale = float((d * s).sum()) / variance
    return Similarity(np.column_stack([scale * rotation, y_mean - scale * rotation @ x_mean]))


def anchors(landmarks: npt.ArrayLike) -> Points:
    """The five points that faces are aligned by: centres of the eyes, tip of the nose, corners of the mouth.

    Args:
        landmarks: [..., 68, 2].

    Returns:
        float64 [..., 5, 2].
    """
    points = as_landmarks(landmarks)
    eyes = [points[..., eye, :].mean(-2) for eye in (LEFT_EYE, RIGHT_EYE)]
    return np.stack([*eyes, points[..., 30, :], points[..., 48, :], points[..., 54, :]], axis=-2)


def canonical_landmarks(size: int) -> Points:
    """Where the landmarks of the mean face, seen from the front, lie in a canonical crop.

    Args:
        size: side of the crop in pixels.

    Returns:
        float64 [68, 2].
    """
    flat = MEAN_FACE[:, :2]
    eyes = (flat[LEFT_EYE].mean(0) + flat[RIGHT_EYE].mean(0)) / 2
    placed: Points = ((flat - eyes) * _CROP_EYES + np.array([0.5, _CROP_HEIGHT])) * size
    return placed


def alignment(landmarks: npt.ArrayLike, size: int) -> Similarity:
    """The transform from a picture to a canonical crop in which eyes, nose and mouth stand where they always do.

    Args:
        landmarks: [68, 2] in the picture.
        size: side of the crop in pixels.

    Raises:
        DataError: no 68 finite points, or all in one place.
    """
    return similarity(anchors(landmarks), anchors(canonical_landmarks(size)))


def procrustes(shapes: npt.ArrayLike, *, rounds: int = 10) -> tuple[Points, Points]:
    """Bring shapes over each other, and average them.

    Generalised Procrustes analysis: J. C. Gower, "Generalized Procrustes analysis", Psychometrika 40 (1), 1975. Each
    shape is moved, turned and scaled onto the mean, which is then made anew. The mean keeps the size, place and angle
    of the first shape, so a single shape comes back as it is.

    Args:
        shapes: [K, N, 2], K from 1 on.
        rounds: most repetitions; it ends earlier when the mean stays where it is.

    Returns:
        The mean shape [N, 2] and the aligned shapes [K, N, 2], float64.

    Raises:
        DataError: other shapes, or values that are not finite.
    """
    given = np.asarray(shapes, dtype=np.float64)
    if given.ndim != 3 or given.shape[0] < 1 or given.shape[2] != 2 or not np.isfinite(given).all():
        raise DataError(f"shapes are finite numbers [K, N, 2], not {list(given.shape)}")
    mean = given[0]
    aligned = given
    for _ in range(rounds):
        aligned = np.stack([similarity(shape, mean)(shape) for shape in given])
        average = aligned.mean(0)
        new = similarity(average, given[0])(average)
        moved = float(np.abs(new - mean).max())
        mean = new
        if moved < 1e-9 * float(np.ptp(mean)):
            break
    return mean, aligned


def mean_shape(shapes: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> Points:
    """The weighted mean of shapes that were brought over each other, at the place and size of the first.

    Args:
        shapes: [K, N, 2].
        weights: [K], from 0, not all 0; equal ones when left out.

    Raises:
        DataError: other shapes, values that are not finite, or weights that do not fit.
    """
    mean, aligned = procrustes(shapes)
    if weights is None:
        return mean
    share = np.asarray(weights, dtype=np.float64)
    if share.shape != (len(aligned),) or not np.isfinite(share).all() or (share < 0).any() or not share.sum() > 0:
        raise DataError(f"the weights of {len(aligned)} shapes are as many numbers from 0, not all 0, not {share}")
    weighted: Points = np.tensordot(share / share.sum(), aligned, axes=1)
    return weighted


def interocular(landmarks: npt.ArrayLike) -> float:
    """Distance of the outer corners of the eyes, in pixels."""
    points = as_landmarks(landmarks)
    return float(np.linalg.norm(points[OUTER_CORNERS[0]] - points[OUTER_CORNERS[1]]))


def nme(requested: npt.ArrayLike, produced: npt.ArrayLike) -> float:
    """Normalised mean error: mean distance of the landmarks over the inter-ocular distance of the requested ones.

    Source: the 300-W challenge (see above), section 4; 0.05 is 5 % of the distance of the outer eye corners.

    Args:
        requested: [68, 2], the reference.
        produced: [68, 2].

    Raises:
        DataError: no 68 finite points, or eyes in one place.
    """
    wanted, found = as_landmarks(requested), as_landmarks(produced)
    distance = interocular(wanted)
    if not distance > 0:
        raise DataError("the outer corners of the eyes lie in one place, so an error cannot be normalised")
    return float(np.linalg.norm(wanted - found, axis=-1).mean() / distance)


def flip(landmarks: npt.ArrayLike, width: float) -> Points:
    """The landmarks of the mirrored picture, each under its own number.

    Args:
        landmarks: [..., 68, 2].
        width: of the picture, in pixels.
    """
    points = as_landmarks(landmarks)[..., FLIPPED, :].copy()
    points[..., 0] = width - points[..., 0]
    return points


def as_landmarks(landmarks: npt.ArrayLike) -> Points:
    """Check landmarks.

    Returns:
        float64 [..., 68, 2].

    Raises:
        DataError: there are not 68 of them, or some are not finite.
    """
    points = np.asarray(landmarks, dtype=np.float64)
    if points.ndim < 2 or points.shape[-2:] != (COUNT, 2):
        raise DataError(f"landmarks are {COUNT} points [{COUNT}, 2], not {list(points.shape)}")
    if not np.isfinite(points).all():
        raise DataError("some landmarks are not finite numbers")
    return points


def _pair(source: npt.ArrayLike, target: npt.ArrayLike) -> tuple[Points, Points]:
    x, y = np.asarray(source, dtype=np.float64), np.asarray(target, dtype=np.float64)
    if x.ndim != 2 or x.shape != y.shape or x.shape[1] != 2 or len(x) < 2:
        raise DataError(f"points come in pairs, [N, 2] and [N, 2], not {list(x.shape)} and {list(y.shape)}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise DataError("some points are not finite numbers")
    return x, y

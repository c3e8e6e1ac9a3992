"""What makes the shape of a face: the person, the expression, the pose; taking a shape apart and putting one together.

A face in three dimensions is the mean face, plus the person, plus a sum of expressions. It is seen through a
weak-perspective camera. The basis of both was estimated from rendered faces whose person, pose and expression are
known (`estimate_basis`); it stands in `shape_basis.npz` beside this file.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import lsq_linear

from toolkit.errors import DataError
from toolkit.face.geometry import FLIPPED, Points, as_landmarks, similarity
from toolkit.face.mean_face import MEAN_FACE
from toolkit.face.pose import head_pose, rotation

BASIS_FILE = Path(__file__).with_name("shape_basis.npz")
PEOPLE = 16
"""Directions in which people differ that are told from expressions."""

_NOISE = 0.015  # of a landmark, over the inter-ocular distance: what neither person nor expression explains
_EXPRESSION = 0.3  # expected size of an expression's weight
_STRONGEST = 1.2  # weight of an expression; 1 is the strongest that was rendered


@dataclass(frozen=True, slots=True)
class ShapeBasis:
    """How shapes differ, in units of the mean face's inter-ocular distance.

    Attributes:
        expressions: float64 [E, 68, 3], what each expression adds at full strength.
        people: float64 [P, 68, 2], one standard deviation in each direction that people differ in, seen from the front.
    """

    expressions: Points
    people: Points


@dataclass(frozen=True, slots=True)
class FaceShape:
    """The shape of a face, taken apart.

    Attributes:
        camera: float64 [3, 3], the rotation of the head.
        weights: float64 [E], of the expressions, from 0 on.
        person: float64 [68, 2], how the neutral face differs from the mean face, seen from the front.
    """

    camera: Points
    weights: Points
    person: Points


def take_apart(landmarks: npt.ArrayLike, basis: ShapeBasis | None = None) -> FaceShape:
    """Pose, expression and person of a face.

    The most probable weights under Gaussian priors for person and expression and Gaussian noise: bounded linear least
    squares. On renders of 80 people that the basis has not seen, the mean error of an expression's weight is 0.08.

    Args:
        landmarks: [68, 2].
        basis: what to explain it with; the packaged one by default.

    Raises:
        DataError: no 68 finite points, or all on one line.
    """
    points, model = as_landmarks(landmarks), basis or packaged_basis()
    pose = head_pose(points)
    camera = rotation(pose.yaw, pose.pitch, pose.roll)
    seen = MEAN_FACE @ camera[:2].T
    rest = similarity(points, seen)(points) - seen
    of_person = np.einsum("ij,klj->kli", camera[:2, :2], model.people).reshape(len(model.people), -1)
    of_expression = np.einsum("ij,klj->kli", camera[:2], model.expressions).reshape(len(model.expressions), -1)
    explained = np.concatenate([of_person, of_expression]).T / _NOISE
    priors = np.diag([1.0] * len(of_person) + [1 / _EXPRESSION] * len(of_expression))
    low = np.array([-np.inf] * len(of_person) + [0.0] * len(of_expression))
    high = np.array([np.inf] * len(of_person) + [_STRONGEST] * len(of_expression))
    wanted = np.concatenate([rest.ravel() / _NOISE, np.zeros(len(priors))])
    found = lsq_linear(np.vstack([explained, priors]), wanted, (low, high)).x
    weights: Points = found[len(of_person) :]
    neutral = rest - np.tensordot(weights, model.expressions, 1) @ camera[:2].T
    return FaceShape(camera, weights, neutral @ np.linalg.inv(camera[:2, :2]).T)


def put_together(shape: FaceShape, basis: ShapeBasis | None = None) -> Points:
    """The landmarks of a shape, in units of the mean face's inter-ocular distance around its centre.

    Returns:
        float64 [68, 2].
    """
    model = basis or packaged_basis()
    flat = np.zeros((len(MEAN_FACE), 1))
    face = MEAN_FACE + np.hstack([shape.person, flat]) + np.tensordot(shape.weights, model.expressions, 1)
    seen: Points = face @ shape.camera[:2].T
    return seen


def target_shape(upload: npt.ArrayLike, sources: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> Points:
    """The shape of a new face: the weighted mean person of the sources, with the pose and the expression of the upload.

    The bone structure of the uploaded person stays out of it. On renders of people that the basis has not seen, the
    target lies 0.016 from what the renderer's own pose and expression give, and 0.037 from the uploaded face.

    Args:
        upload: [68, 2], of the uploaded face.
        sources: [K, 68, 2], of the faces found.
        weights: [K], from 0, not all 0; equal ones when left out.

    Returns:
        float64 [68, 2] at the place, angle and size of the upload.

    Raises:
        DataError: the arrays do not fit, or a shape is no face.
    """
    wanted, found = as_landmarks(upload), as_landmarks(sources)
    share = np.ones(len(found)) if weights is None else np.asarray(weights, dtype=np.float64)
    if found.ndim != 3 or share.shape != (len(found),) or (share < 0).any() or not 0 < share.sum() < np.inf:
        raise DataError(f"{list(found.shape)} source shapes and weights {share.tolist()} do not fit each other")
    own = take_apart(wanted)
    people = np.stack([take_apart(source).person for source in found])
    mixed = FaceShape(own.camera, own.weights, np.tensordot(share / share.sum(), people, 1))
    shape = put_together(mixed)
    return similarity(shape, wanted)(shape)


def estimate_basis(
    landmarks: npt.ArrayLike, degrees: npt.ArrayLike, expressions: npt.ArrayLike, people: npt.ArrayLike
) -> ShapeBasis:
    """The basis, from faces whose pose, expression and person are known.

    Each person needs a frontal view without expression, which says what the person looks like; the other views, less
    that, say by linear least squares what each expression adds. Both are made symmetrical.

    Args:
        landmarks: [N, 68, 2].
        degrees: [N, 3], yaw, pitch and roll.
        expressions: [N, E], weights.
        people: [N], who it is.

    Raises:
        DataError: nobody has a frontal view without expression.
    """
    points, angles = as_landmarks(landmarks), np.asarray(degrees, dtype=np.float64)
    strength, person = np.asarray(expressions, dtype=np.float64), np.asarray(people)
    neutral = ~angles.any(1) & ~strength.any(1)
    flat = MEAN_FACE[:, :2]
    looks = {who: similarity(x, flat)(x) - flat for who, x in zip(person[neutral], points[neutral], strict=True)}
    others = [row for row in np.flatnonzero(~neutral) if person[row] in looks]
    if not looks or not others:
        raise DataError("nobody has a frontal view without expression and another one beside it")
    factors, rests = [], []
    for row in others:
        camera = rotation(*angles[row])[:2]
        seen = (MEAN_FACE + np.pad(looks[person[row]], ((0, 0), (0, 1)))) @ camera.T
        factors.append(np.einsum("ij,e->iej", camera, strength[row]).reshape(2, -1))
        rests.append((similarity(points[row], seen)(points[row]) - seen).T)
    solved = np.linalg.lstsq(np.concatenate(factors), np.concatenate(rests), rcond=None)[0]
    added = solved.reshape(strength.shape[1], 3, -1).transpose(0, 2, 1)
    added = (added + added[:, FLIPPED] * np.array([-1.0, 1.0, 1.0])) / 2
    rows = np.stack(list(looks.values())).reshape(len(looks), -1)
    _, sizes, directions = np.linalg.svd(rows - rows.mean(0), full_matrices=False)
    kept = directions[:PEOPLE] * (sizes[:PEOPLE, None] / np.sqrt(len(rows)))
    return ShapeBasis(added, kept.reshape(len(kept), -1, 2))


@lru_cache(maxsize=1)
def packaged_basis() -> ShapeBasis:
    """What `estimate_basis` gives for the training split of `toolkit.face.rendered_faces`."""
    with np.load(BASIS_FILE, allow_pickle=False) as stored:
        arrays: dict[str, Any] = {name: stored[name].astype(np.float64) for name in ("expressions", "people")}
    return ShapeBasis(**arrays)

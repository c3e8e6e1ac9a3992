"""The classical way to make one face of several: warp each to the same landmarks, and average the pixels.

It needs no training. It is what trained drivers are measured against, and what serves where none is there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates
from scipy.spatial import Delaunay, QhullError

from toolkit.data.images import Pixels
from toolkit.errors import DataError
from toolkit.face.geometry import Points, as_landmarks, similarity
from toolkit.face.networks import DrivenFace

_EDGE = np.array([(0, 0), (0.5, 0), (1, 0), (1, 0.5), (1, 1), (0.5, 1), (0, 1), (0, 0.5)])
_VARIETY = 0.7  # standard deviation of the logarithm of what a seed multiplies a weight by


class MorphDriver:
    """Piecewise affine warps and a weighted mean; a `toolkit.face.networks.Driver`.

    Source: G. Wolberg, "Image morphing: a survey", The Visual Computer 14, 1998, section 3 (mesh warping and cross
    dissolve), with a Delaunay triangulation of the target's landmarks and of points on the border.

    Args:
        size: side of the crops that it makes.

    Attributes:
        id: always `morph-1`.
    """

    id = "morph-1"

    def __init__(self, size: int = 64) -> None:
        self.size = size

    def __call__(
        self,
        crops: Sequence[Pixels],
        landmarks: Sequence[Points],
        weights: Sequence[float],
        target: Points,
        seed: int = 0,
    ) -> DrivenFace:
        """Make a face; see `toolkit.face.networks.Driver`.

        Seed 0 mixes with the weights as they are, any other with weights that it changes at random.
        """
        wanted, shares = as_landmarks(target), varied(checked(crops, landmarks, weights), seed)
        mesh = _Mesh(wanted, self.size)
        mixed = np.zeros((self.size, self.size, 3))
        for crop, points, share in zip(crops, landmarks, shares, strict=True):
            mixed += share * mesh.warp(crop, as_landmarks(points))
        return DrivenFace(np.rint(mixed).clip(0, 255).astype(np.uint8), wanted, tuple(float(share) for share in shares))


def checked(crops: Sequence[Pixels], landmarks: Sequence[Points], weights: Sequence[float]) -> npt.NDArray[np.float64]:
    """The weights of sources, divided by their sum.

    Raises:
        DataError: there is no source, a crop is no square picture, or the numbers do not fit each other.
    """
    share = np.asarray(weights, dtype=np.float64)
    if not len(crops) == len(landmarks) == len(share) > 0:
        raise DataError(
            f"a face is made of crops with landmarks and weights, not of {len(crops)}, {len(landmarks)}, {len(share)}"
        )
    for crop in crops:
        if crop.dtype != np.uint8 or crop.ndim != 3 or crop.shape[0] != crop.shape[1] or crop.shape[2] != 3:
            raise DataError(f"the crop of a face is uint8 [S, S, 3], not {crop.dtype} {list(crop.shape)}")
    if not np.isfinite(share).all() or (share < 0).any() or not share.sum() > 0:
        raise DataError(f"weights are numbers from 0, not all 0; these are {share.tolist()}")
    return np.asarray(share / share.sum())


def varied(shares: npt.NDArray[np.float64], seed: int) -> npt.NDArray[np.float64]:
    """Weights that a seed has changed: each times a log-normal factor, together 1 again; seed 0 changes nothing."""
    if seed == 0:
        return shares
    factors = np.exp(_VARIETY * np.random.default_rng(abs(seed)).standard_normal(len(shares)))
    return np.asarray(shares * factors / (shares * factors).sum())


class _Mesh:
    """A triangulation of the target, and where each of its pixels lies in it."""

    def __init__(self, target: Points, size: int) -> None:
        self.size, self.target = size, target
        try:
            self.triangles = Delaunay(np.concatenate([target, _EDGE * size]))
        except QhullError as error:
            raise DataError("the requested landmarks all lie on one line") from error
        rows, columns = np.mgrid[:size, :size] + 0.5
        pixels = np.stack([columns, rows], -1).reshape(-1, 2)
        found = self.triangles.find_simplex(pixels.clip(1e-6, size - 1e-6)).clip(0)
        corners = self.triangles.transform[found]
        two = np.einsum("nij,nj->ni", corners[:, :2], pixels - corners[:, 2])
        self.parts = np.concatenate([two, 1 - two.sum(1, keepdims=True)], 1)
        self.vertices = self.triangles.simplices[found]

    def warp(self, crop: Pixels, landmarks: Points) -> npt.NDArray[np.float64]:
        """[size, size, 3]: the crop with its landmarks where the target's are; its border moves with the whole face."""
        edge = similarity(self.target, landmarks)(_EDGE * self.size)
        places = np.concatenate([landmarks, edge])[self.vertices]
        x, y = np.einsum("nv,nvc->cn", self.parts, places) - 0.5
        channels = [map_coordinates(crop[..., c].astype(np.float64), [y, x], order=1, mode="nearest") for c in range(3)]
        return np.asarray(np.stack(channels, -1).reshape(self.size, self.size, 3))

"""What a sample of pictures looks like: grey, transparent, all alike, with a left and a right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toolkit.data.images import Pixels

_EVEN = 4  # levels of 256 between which a picture counts as one colour, or a colour as grey: below what JPEG changes
_CLEAR = 250  # opacity below which a pixel counts as transparent
_CLEAR_SHARE = 0.01  # of the pixels; less is the smoothed edge of an opaque picture
_CELL = 2  # pixels of a thumbnail that are averaged before pictures are compared

Rows = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Looks:
    """Figures of a sample of pictures.

    Attributes:
        sampled: how many were looked at.
        grey: how many have no colour.
        transparent: how many have transparent parts.
        one_colour: how many are of a single colour.
        copies: how many are equal to an earlier one.
        mirrored_farther: share of pictures whose mirror image lies farther from the other pictures than the picture
            itself does; about 0.5 where left and right mean nothing.
        mirrored_distance: the median distance of a mirror image to the nearest other picture, divided by that of a
            picture; about 1 where left and right mean nothing.
    """

    sampled: int
    grey: int = 0
    transparent: int = 0
    one_colour: int = 0
    copies: int = 0
    mirrored_farther: float = 1.0
    mirrored_distance: float = 1.0


def look_at(thumbnails: Sequence[Pixels]) -> Looks:
    """Look at small pictures of equal size.

    Args:
        thumbnails: uint8 `[S, S, 4]`, with S even.
    """
    if not thumbnails:
        return Looks(0)
    pictures = np.stack(thumbnails)
    opaque = pictures[..., 3:].astype(np.float32) / 255
    seen = np.concatenate([pictures[..., :3] * opaque, opaque * 255], axis=-1)  # invisible colours do not count
    spread = np.ptp(seen[..., :3], axis=-1)
    ranges = np.ptp(seen, axis=(1, 2)).max(-1)
    farther, distance = mirror(seen)
    return Looks(
        sampled=len(pictures),
        grey=int((spread.mean((1, 2)) <= _EVEN).sum()),
        transparent=int(((pictures[..., 3] < _CLEAR).mean((1, 2)) >= _CLEAR_SHARE).sum()),
        one_colour=int((ranges <= _EVEN).sum()),
        copies=len(pictures) - len({picture.tobytes() for picture in pictures}),
        mirrored_farther=farther,
        mirrored_distance=distance,
    )


def mirror(pictures: npt.NDArray[np.float32]) -> tuple[float, float]:
    """Whether a picture could as well be its mirror image.

    A mirrored picture of something that has no left and right lies as near to other pictures of the kind as the picture
    itself; a mirrored digit, letter or shoe that always points to one side does not. The symmetry of the average
    picture, the simpler sign, does not tell: that of handwritten digits agrees with its mirror image to 0.95.

    Args:
        pictures: `[B, S, S, C]`.

    Returns:
        `Looks.mirrored_farther` and `Looks.mirrored_distance`; 1 and 1 for fewer than three pictures.
    """
    count, side = pictures.shape[:2]
    if count < 3:
        return 1.0, 1.0
    cells = side // _CELL
    small = pictures.reshape(count, cells, _CELL, cells, _CELL, -1).mean((2, 4))
    rows, mirrored = small.reshape(count, -1), small[:, :, ::-1].reshape(count, -1)
    plain, turned = _nearest(rows, rows), _nearest(mirrored, rows)
    farther = float((turned > plain).mean() + 0.5 * (turned == plain).mean())
    return farther, float(np.median(turned) / max(float(np.median(plain)), 1e-6))


def _nearest(rows: Rows, others: Rows) -> Rows:
    """Distance of each row to the nearest of the others, except the one at its own place."""
    squares = (rows**2).sum(1)[:, None] + (others**2).sum(1)[None] - 2 * rows @ others.T
    np.fill_diagonal(squares, np.inf)
    nearest: Rows = np.sqrt(np.maximum(squares.min(1), 0)).round(3)  # equal distances stay equal
    return nearest

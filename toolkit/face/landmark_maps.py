"""Landmarks as pictures, for networks that look at pictures."""

from __future__ import annotations

import torch
from torch import Tensor

from toolkit.face.thin_plate import pixel_centres

LINES: tuple[tuple[tuple[int, ...], bool], ...] = (
    (tuple(range(17)), False),
    (tuple(range(17, 22)), False),
    (tuple(range(22, 27)), False),
    (tuple(range(27, 31)), False),
    (tuple(range(31, 36)), False),
    (tuple(range(36, 42)), True),
    (tuple(range(42, 48)), True),
    (tuple(range(48, 60)), True),
    (tuple(range(60, 68)), True),
)
"""Landmarks that a line joins, and whether it is closed: contour, brows, nose, nostrils, eyes, outer and inner lips."""
_WIDTH = 0.025  # standard deviation of a line's profile, as a share of the side


def landmark_maps(points_BN2: Tensor, size: int) -> Tensor:
    """`[B, 9, size, size]`: a soft line for each group of landmarks, 1 on it and 0 far from it.

    Args:
        points_BN2: 68 landmarks, x and y from 0 to 1.
        size: side of the maps.
    """
    grid = pixel_centres(size, points_BN2)
    maps = []
    for numbers, closed in LINES:
        first = points_BN2[:, list(numbers)]
        second = first.roll(-1, 1)
        if not closed:
            first, second = first[:, :-1], second[:, :-1]
        along = (second - first)[:, :, None]
        away = grid - first[:, :, None]
        share = ((away * along).sum(-1) / along.square().sum(-1).clamp(min=1e-9)).clamp(0, 1)
        squared = (away - share[..., None] * along).square().sum(-1).amin(1)
        maps.append(torch.exp(-squared / (2 * _WIDTH**2)))
    return torch.stack(maps, 1).view(len(points_BN2), len(LINES), size, size)

"""Euclidean distances between many feature vectors, block by block, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from toolkit.errors import DataError

BLOCK_ELEMENTS = 2**22
"""Distances held at once: 32 MiB in float64."""

SAME = 1e-12
"""Share of `|a|² + |b|²` below which a squared distance is rounding: about 4,000 units in the last place of float64,
and a millionth of the vectors' length."""


def centred(*sets: Tensor) -> list[Tensor]:
    """The sets in float64, moved so that the first one's mean is 0: subtracting squared lengths then loses less."""
    mean = sets[0].double().mean(dim=0)
    return [points.double() - mean for points in sets]


def squared_distances(rows: Tensor, columns: Tensor, *, shrink: float = 0.0) -> Iterator[tuple[slice, Tensor]]:
    """Blocks of `|a - b|²`, each `[part of the rows, all columns]`, by matrix products.

    Args:
        rows: `[A, N]`, centred, float64.
        columns: `[B, N]`, centred like the rows.
        shrink: share of `|a|² + |b|²` to subtract. With `SAME`, equal vectors have distance exactly 0, and a point on
            the edge of a ball is inside whatever the rounding.
    """
    step = max(1, BLOCK_ELEMENTS // max(1, len(columns)))
    lengths = columns.square().sum(dim=1)
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        block = torch.mm(rows[part], columns.T).mul_(-2)
        block.add_(rows[part].square().sum(dim=1)[:, None], alpha=1 - shrink).add_(lengths, alpha=1 - shrink)
        yield part, block.clamp_(min=0)


def squared_radii(points: Tensor, k: int) -> Tensor:
    """`[B]` squared distance of each point to its k-th nearest other point of the set.

    Raises:
        DataError: there are not more than `k` points.
    """
    if not 1 <= k < len(points):
        raise DataError(
            f"the {k}-th neighbour needs more than {k} samples, not {len(points)}",
            "evaluate more, or choose a smaller k",
        )
    radii = torch.empty(len(points), dtype=points.dtype)
    for part, block in squared_distances(points, points):
        own = torch.arange(len(block))
        block[own, own + part.start] = torch.inf  # a point is no neighbour of itself; its duplicates are
        radii[part] = block.kthvalue(k, dim=1).values
    return radii


def nearest_distances(queries: Tensor, points: Tensor) -> Tensor:
    """`[A]` distance of each query to the nearest point; 0 for a copy. Both centred alike."""
    nearest = torch.empty(len(queries), dtype=queries.dtype)
    for part, block in squared_distances(queries, points, shrink=SAME):
        nearest[part] = block.amin(dim=1)
    return nearest.sqrt_()

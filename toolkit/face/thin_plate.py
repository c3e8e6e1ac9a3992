"""Warping a face smoothly so that its landmarks come to lie elsewhere, a batch at a time and with gradients."""

from __future__ import annotations

import torch
from torch import Tensor

_STIFFNESS = 1e-6  # added to the diagonal: landmarks that lie on each other do not tear the warp
_EDGE = ((0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (1.0, 0.5), (1.0, 1.0), (0.5, 1.0), (0.0, 1.0), (0.0, 0.5))


def thin_plate_places(target_BN2: Tensor, source_BKN2: Tensor, size: int) -> Tensor:
    """Where in its source each pixel of a warped picture comes from.

    Thin-plate splines: F. L. Bookstein, "Principal warps", IEEE TPAMI 11 (6), 1989, equations 1 to 4, from the target's
    landmarks to those of each source. Eight points on the border follow the similarity transform that fits best, so
    that hair and background move with the whole face and do not run away.

    Args:
        target_BN2: x and y from 0 to 1, from the top left corner.
        source_BKN2: of K sources for each target.
        size: side of the warped pictures.

    Returns:
        `[B, K, size, size, 2]`: x and y in the source, from 0 to 1; beyond that, outside of it.
    """
    batch, sources = source_BKN2.shape[:2]
    exact = torch.float32 if target_BN2.device.type == "mps" else torch.float64  # the systems are stiff
    target, source = target_BN2.to(exact), source_BKN2.to(exact)
    edge = torch.tensor(_EDGE, dtype=exact, device=target.device)
    controls = torch.cat([target, edge.expand(batch, -1, 2)], 1)
    values = torch.cat([source, _fitted(target, source, edge)], 2)
    count = controls.shape[1]
    plane = torch.cat([torch.ones_like(controls[..., :1]), controls], -1)
    system = torch.zeros(batch, count + 3, count + 3, dtype=exact, device=target.device)
    system[:, :count, :count] = _bending(controls, controls) + _STIFFNESS * torch.eye(count, dtype=exact).to(target)
    system[:, :count, count:], system[:, count:, :count] = plane, plane.mT
    wanted = values.permute(0, 2, 1, 3).reshape(batch, count, 2 * sources)
    solved = torch.linalg.solve(system, torch.cat([wanted, wanted.new_zeros(batch, 3, 2 * sources)], 1))
    grid = pixel_centres(size, target)
    basis = torch.cat([_bending(grid.expand(batch, -1, 2), controls), grid.new_ones(batch, len(grid), 1)], -1)
    basis = torch.cat([basis, grid.expand(batch, -1, 2)], -1)
    places: Tensor = (basis @ solved).view(batch, size, size, sources, 2).permute(0, 3, 1, 2, 4)
    return places.to(target_BN2.dtype)


def pixel_centres(size: int, like: Tensor) -> Tensor:
    """`[size * size, 2]`: x and y of pixels from 0 to 1, row by row."""
    steps = (torch.arange(size, dtype=like.dtype, device=like.device) + 0.5) / size
    return torch.stack(torch.meshgrid(steps, steps, indexing="xy"), -1).view(-1, 2)


def _bending(from_BM2: Tensor, to_BN2: Tensor) -> Tensor:
    """`[B, M, N]`: r^2 log r^2 of all pairs."""
    squared: Tensor = (from_BM2[:, :, None] - to_BN2[:, None]).square().sum(-1)
    return squared.xlogy(squared)


def _fitted(target_BN2: Tensor, source_BKN2: Tensor, points_M2: Tensor) -> Tensor:
    """`[B, K, M, 2]`: where the similarity transforms from targets to sources take points; as complex numbers."""
    x, y = target_BN2.mean(1), source_BKN2.mean(2)
    before, after = (target_BN2 - x[:, None])[:, None], source_BKN2 - y[:, :, None]
    real = (before * after).sum((2, 3))
    imaginary = (before[..., 0] * after[..., 1] - before[..., 1] * after[..., 0]).sum(2)
    a, b = torch.stack([real, imaginary]) / before.square().sum((2, 3))
    rest = (points_M2 - x[:, None])[:, None]
    turned = torch.stack([-rest[..., 1], rest[..., 0]], -1)
    fitted: Tensor = a[..., None, None] * rest + b[..., None, None] * turned + y[:, :, None]
    return fitted

"""Cutting squares out of pictures on the device, a batch at a time, each square at its own place, size and angle.

`toolkit.face.crop` does the same for one picture with better filters; this is for training and for networks.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample


@dataclass(frozen=True, slots=True)
class Squares:
    """Squares in pictures, one in each.

    Attributes:
        centre: `[B, 2]`, x and y in pixels from the top left corner of the picture.
        side: `[B]` in pixels.
        turn: `[B]` in radians: a face that leans clockwise by so much stands upright in the square.
        mirrored: `[B]`, bool: the square shows the picture's left on its right.
    """

    centre: Tensor
    side: Tensor
    turn: Tensor
    mirrored: Tensor

    @property
    def axes(self) -> Tensor:
        """`[B, 2, 2]`: from places in the square, in [-0.5, 0.5], to pixels of the picture, relative to the centre."""
        cosine, sine = self.turn.cos() * self.side, self.turn.sin() * self.side
        sign = torch.where(self.mirrored, -1.0, 1.0).to(self.side.dtype)
        rows = [torch.stack([cosine * sign, -sine], -1), torch.stack([sine * sign, cosine], -1)]
        return torch.stack(rows, -2)

    def inside(self, points_BN2: Tensor) -> Tensor:
        """`[B, N, 2]`: where points of the picture lie in the square: 0 to 1 from its top left corner."""
        relative = points_BN2 - self.centre[:, None]
        inside: Tensor = torch.linalg.solve(self.axes, relative.mT).mT + 0.5
        return inside

    def outside(self, points_BN2: Tensor) -> Tensor:
        """`[B, N, 2]`: pixels of the picture, of points in the square; the way back from `inside`."""
        return (points_BN2 - 0.5) @ self.axes.mT + self.centre[:, None]

    def cut(self, x_BCHW: Tensor, size: int) -> Tensor:
        """`[B, C, size, size]`: what the squares show; beyond the edge of a picture its outermost pixels repeat.

        Interpolation is bilinear. From pictures that are much larger than what is shown, four times as many places are
        read and averaged, so that fine detail does not turn into noise.
        """
        height, width = x_BCHW.shape[2:]
        unit = torch.tensor([2.0 / width, 2.0 / height], dtype=x_BCHW.dtype, device=x_BCHW.device)
        shift = self.centre.to(x_BCHW.dtype) * unit - 1
        theta = torch.cat([self.axes.to(x_BCHW.dtype) / 2 * unit[:, None], shift[:, :, None]], -1)
        finer = 2 if min(height, width) > 1.5 * size else 1
        grid = affine_grid(theta, [len(x_BCHW), 1, finer * size, finer * size], align_corners=False)
        cut = grid_sample(x_BCHW, grid, "bilinear", "border", align_corners=False)
        return cut if finer == 1 else torch.nn.functional.avg_pool2d(cut, 2)

"""Moving pixels of each picture of a batch on its own, differentiable as often as wanted.

Reading pixels by index can be differentiated twice on every device and version; torch's `grid_sample` cannot on all.
"""

from __future__ import annotations

import torch
from torch import Tensor


def gather_pixels(x_BCHW: Tensor, rows_BHW: Tensor, columns_BHW: Tensor) -> Tensor:
    """The pixels at integer places, one place per output pixel and picture; indices must lie inside the picture."""
    batch, channels, _, width = x_BCHW.shape
    places_BHW = rows_BHW * width + columns_BHW
    places = places_BHW.flatten(1)[:, None, :].expand(batch, channels, -1)
    return x_BCHW.flatten(2).gather(2, places).view(batch, channels, *places_BHW.shape[1:])


def shift(x_BCHW: Tensor, down_B: Tensor, right_B: Tensor) -> Tensor:
    """Each picture moved by whole pixels (int64), zero where it came from outside."""
    height, width = x_BCHW.shape[2:]
    rows = torch.arange(height, device=x_BCHW.device)[None, :, None] - down_B[:, None, None]
    columns = torch.arange(width, device=x_BCHW.device)[None, None, :] - right_B[:, None, None]
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    return gather_pixels(x_BCHW, rows.clamp(0, height - 1), columns.clamp(0, width - 1)) * inside[:, None]


def scaling(x_B: Tensor, y_B: Tensor) -> Tensor:
    """`[B, 3, 3]`: factors on columns and rows, of either sign."""
    zero, one = torch.zeros_like(x_B), torch.ones_like(x_B)
    return torch.stack([x_B, zero, zero, zero, y_B, zero, zero, zero, one], dim=-1).view(-1, 3, 3)


def rotation(cosine_B: Tensor, sine_B: Tensor) -> Tensor:
    """`[B, 3, 3]`: a turn about the centre."""
    zero, one = torch.zeros_like(sine_B), torch.ones_like(sine_B)
    entries = [cosine_B, -sine_B, zero, sine_B, cosine_B, zero, zero, zero, one]
    return torch.stack(entries, dim=-1).view(-1, 3, 3)


def translation(x_B: Tensor, y_B: Tensor) -> Tensor:
    """`[B, 3, 3]`: a move by columns and rows, in pixels."""
    zero, one = torch.zeros_like(x_B), torch.ones_like(x_B)
    return torch.stack([one, zero, x_B, zero, one, y_B, zero, zero, one], dim=-1).view(-1, 3, 3)


def affine_sample(x_BCHW: Tensor, matrix_B33: Tensor) -> Tensor:
    """Each picture under its own affine map, bilinearly interpolated and mirrored beyond its edges.

    Args:
        x_BCHW: pictures.
        matrix_B33: takes an output pixel `(column, row, 1)`, in pixels from the centre of the picture, to the place
            where the input is read. The identity matrix gives back the picture exactly.
    """
    height, width = x_BCHW.shape[2:]
    middle_row, middle_column = (height - 1) / 2, (width - 1) / 2
    device, dtype = matrix_B33.device, matrix_B33.dtype
    rows = torch.arange(height, device=device, dtype=dtype)[:, None] - middle_row
    columns = torch.arange(width, device=device, dtype=dtype)[None, :] - middle_column
    map_B = matrix_B33[:, :, :, None, None]
    source_columns = map_B[:, 0, 0] * columns + map_B[:, 0, 1] * rows + map_B[:, 0, 2] + middle_column
    source_rows = map_B[:, 1, 0] * columns + map_B[:, 1, 1] * rows + map_B[:, 1, 2] + middle_row

    left, above = source_columns.floor(), source_rows.floor()
    rightwards = (source_columns - left).to(x_BCHW.dtype)[:, None]
    downwards = (source_rows - above).to(x_BCHW.dtype)[:, None]
    column, row = left.long(), above.long()
    first_columns, last_columns = _mirror(column, width), _mirror(column + 1, width)

    def blend(rows_BHW: Tensor) -> Tensor:
        first = gather_pixels(x_BCHW, rows_BHW, first_columns)
        last = gather_pixels(x_BCHW, rows_BHW, last_columns)
        return first + rightwards * (last - first)

    top = blend(_mirror(row, height))
    return top + downwards * (blend(_mirror(row + 1, height)) - top)


def _mirror(index: Tensor, size: int) -> Tensor:
    """Any integer folded into [0, size) by reflection on the outermost pixels: -1 becomes 1, size becomes size - 2."""
    period = max(2 * (size - 1), 1)
    folded = index.remainder(period)
    return torch.minimum(folded, period - folded)

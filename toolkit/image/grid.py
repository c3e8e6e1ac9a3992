"""Pictures to files: single ones, and grids for looking at many."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from toolkit.engine.files import atomic_write

Pixels: TypeAlias = npt.NDArray[np.uint8]

_GREY = 216  # of the darker squares: seen beside white, and not taken for a colour


def to_pixels(x_BCHW: Tensor) -> Pixels:
    """`[B, H, W, C]` bytes from values in [-1, 1]; values outside are clipped."""
    scaled = x_BCHW.detach().float().add(1.0).mul_(127.5).round_().clamp_(0, 255)
    pixels: Pixels = scaled.to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    return pixels


def from_pixels(pixels_BHWC: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """`x_BCHW` in [-1, 1] from bytes. The result keeps the channels last in memory, which convolutions like."""
    return pixels_BHWC.permute(0, 3, 1, 2).to(dtype).div_(127.5).sub_(1.0)


def make_grid(pixels: Pixels, columns: int | None = None, gap: int = 2, scale: int = 1) -> Pixels:
    """One picture `[H, W, C]` of many `[B, H, W, C]`, row by row on white.

    Pictures with opacity lie on a chequered ground, and the grid has three channels: a grid is for looking at, and what
    a viewer shows through transparent parts would be taken for a part of the pictures.

    Args:
        pixels: the pictures.
        columns: pictures in a row; about a square when `None`.
        gap: pixels between pictures, before scaling.
        scale: each pixel becomes a square of this size, so that small pictures can be seen.
    """
    pixels = on_chequers(pixels) if pixels.shape[-1] == 4 else pixels
    count, height, width, channels = pixels.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    grid = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap, channels), 255, dtype=np.uint8)
    for place in range(count):
        top = gap + place // columns * (height + gap)
        left = gap + place % columns * (width + gap)
        grid[top : top + height, left : left + width] = pixels[place]
    return grid.repeat(scale, axis=0).repeat(scale, axis=1)


def on_chequers(pixels: Pixels) -> Pixels:
    """Pictures with opacity `[B, H, W, 4]` laid on light grey and white squares: `[B, H, W, 3]`, opaque."""
    height, width = pixels.shape[1:3]
    side = max(2, height // 8)
    dark = (np.arange(height)[:, None] // side + np.arange(width)[None] // side) % 2
    ground = np.where(dark, _GREY, 255)[None, :, :, None].astype(np.float32)
    opacity = pixels[..., 3:].astype(np.float32) / 255
    laid = pixels[..., :3] * opacity + ground * (1 - opacity)
    seen: Pixels = np.rint(laid).astype(np.uint8)
    return seen


def save_picture(file: Path, pixels: Pixels) -> None:
    """Write one `[H, W, C]` picture of 1, 3 or 4 channels, in the format that the file's ending names."""
    buffer = io.BytesIO()
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    picture.save(buffer, format=Image.registered_extensions().get(file.suffix.lower(), "PNG"))
    atomic_write(file, buffer.getvalue())

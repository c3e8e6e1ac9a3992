"""Pictures of mel spectrograms, one above the other with captions: for looking at previews and model cards."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from toolkit.engine.files import atomic_write
from toolkit.errors import DataError

Mel: TypeAlias = Tensor | npt.NDArray[Any]

# From black over violet and orange to pale yellow: lightness rises evenly, so equal steps in level look equal, also
# to the colour-blind and in grey print. Nine colours, linear between them.
_COLOURS = (
    (0, 0, 4),
    (28, 16, 68),
    (79, 18, 123),
    (129, 37, 129),
    (181, 54, 122),
    (229, 80, 100),
    (251, 135, 97),
    (254, 194, 135),
    (252, 253, 191),
)

_GAP = 6  # pixels around a row
_LETTERS = 14  # height of the captions in pixels
_WIDEST = 1600  # pixels of spectrogram; a longer one is cut: pictures of minutes show nothing
_RANGE = 9.0  # Np below the loudest value (78 dB) that get a colour of their own


def colours(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """`[..., 3]` bytes of a perceptual colour table for values from 0 (dark) to 1 (light); others are clipped."""
    places = np.linspace(0, 1, len(_COLOURS))
    table = np.stack([np.interp(np.linspace(0, 1, 256), places, channel) for channel in zip(*_COLOURS, strict=True)], 1)
    steps = np.clip(np.nan_to_num(np.asarray(values, np.float64)) * 255, 0, 255).round().astype(np.int64)
    return table.round().astype(np.uint8)[steps]


def mel_picture(mels: Sequence[tuple[str, Mel]], *, scale: int = 2) -> npt.NDArray[np.uint8]:
    """Log-mel spectrograms one above the other, low bands at the bottom, time to the right: `[H, W, 3]` bytes.

    All rows share one range of colours, from 9 Np (78 dB) below the loudest value to that, so that real and generated
    can be compared. At most 1600 pixels of time are shown.

    Args:
        mels: captions, and `[M, T]` natural logarithms.
        scale: each band and frame becomes a square of this many pixels.

    Raises:
        DataError: there is nothing to show, or an array is not `[M, T]` with finite values.
    """
    if not mels:
        raise DataError("there are no mel spectrograms to draw")
    arrays = [_array(caption, mel)[:, : max(1, _WIDEST // scale)] for caption, mel in mels]
    loudest = max(float(array.max()) for array in arrays)
    rows = [colours((array[::-1] - loudest) / _RANGE + 1).repeat(scale, 0).repeat(scale, 1) for array in arrays]
    font = ImageFont.load_default(_LETTERS)
    captions = [" ".join(caption.split()) for caption, _ in mels]  # a line break has no length
    width = max(*(row.shape[1] for row in rows), *(int(font.getlength(text)) + 1 for text in captions), 1) + 2 * _GAP
    height = _GAP + sum(_LETTERS + 2 * _GAP + row.shape[0] for row in rows)
    picture = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    top = _GAP
    for caption, row in zip(captions, rows, strict=True):
        draw.text((_GAP, top), caption, fill="black", font=font)
        top += _LETTERS + _GAP
        picture.paste(Image.fromarray(row), (_GAP, top))
        top += row.shape[0] + _GAP
    return np.asarray(picture)


def save_mel_picture(path: str | Path, mels: Sequence[tuple[str, Mel]], *, scale: int = 2) -> None:
    """Write `mel_picture` as a PNG file, whole or not at all."""
    stream = io.BytesIO()
    Image.fromarray(mel_picture(mels, scale=scale)).save(stream, "PNG", optimize=True)
    atomic_write(Path(path), stream.getvalue())


def _array(caption: str, mel: Mel) -> npt.NDArray[np.float32]:
    array = mel.detach().cpu().float().numpy() if isinstance(mel, Tensor) else np.asarray(mel, np.float32)
    if array.ndim != 2 or not array.size or not np.isfinite(array).all():
        raise DataError(f"'{caption}' is no mel spectrogram [M, T] of finite values: its shape is {list(array.shape)}")
    return array

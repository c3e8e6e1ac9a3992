"""Folders of small pictures for the tests of starting on one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def blobs(count: int, side: int = 12, seed: int = 0) -> list[Image.Image]:
    """Smooth colour pictures, all different; left and right mean nothing in them."""
    random = np.random.default_rng(seed)
    small = random.integers(0, 256, (count, 3, 3, 3), dtype=np.uint8)
    return [Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC) for picture in small]


def write(folder: Path, pictures: list[Image.Image], first: int = 0, extension: str = "png") -> Path:
    """Number them as files."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures, start=first):
        picture.save(folder / f"{number:03}.{extension}")
    return folder


def digits(count: int = 200) -> list[Image.Image]:
    """scikit-learn's digits, grey."""
    from sklearn.datasets import load_digits

    grey = np.rint(load_digits().images[:count] * (255 / 16)).astype(np.uint8)
    return [Image.fromarray(picture).resize((16, 16), Image.Resampling.BICUBIC) for picture in grey]


def with_opacity(picture: Image.Image) -> Image.Image:
    """The picture in a transparent border."""
    picture = picture.convert("RGBA")
    alpha = Image.new("L", picture.size, 0)
    width, height = picture.size
    alpha.paste(255, (width // 4, height // 4, width * 3 // 4, height * 3 // 4))
    picture.putalpha(alpha)
    return picture

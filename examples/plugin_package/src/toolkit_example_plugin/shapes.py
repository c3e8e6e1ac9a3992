"""A data set that is made when it is opened: no files, and the truth about every picture is known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from toolkit.data.memory import ArraySource

CLASSES = ("disc", "square", "triangle")
_FINE = 4  # samples per pixel and axis, so that edges are smooth


class Shapes(ArraySource):
    """Coloured discs, squares and triangles on grey, generated from a seed.

    Place, size, colour and background are random; the class is the form. Sample i depends on (seed, i) only, so a
    larger set begins with the smaller one, and keys stay what they are.

    Args:
        count: number of pictures; the classes take turns.
        resolution: side of the pictures in pixels.
        seed: another one gives other pictures.
    """

    def __init__(self, count: int = 3000, resolution: int = 32, seed: int = 0) -> None:
        labels = np.arange(count, dtype=np.int64) % len(CLASSES)
        pictures = [
            draw(CLASSES[label], resolution, np.random.default_rng([seed, place])) for place, label in enumerate(labels)
        ]
        images = np.stack(pictures) if pictures else np.zeros((0, resolution, resolution, 3), dtype=np.uint8)
        keys = [f"shapes/{seed}/{place}" for place in range(count)]
        super().__init__({"image": images, "label": labels}, keys, CLASSES)


def draw(form: str, resolution: int, random: np.random.Generator) -> npt.NDArray[np.uint8]:
    """One picture, uint8 `[resolution, resolution, 3]`."""
    size = random.uniform(0.25, 0.6)  # half of the side, where the picture reaches from -1 to 1
    centre = random.uniform(size - 1, 1 - size, 2)
    colour, background = random.uniform(0, 255, 3), random.uniform(60, 200)
    axis = (np.arange(resolution * _FINE) + 0.5) / (resolution * _FINE) * 2 - 1
    down, right = ((axis - middle) / size for middle in centre)
    inside = _inside(form, down[:, None], right[None, :])
    cover = inside.reshape(resolution, _FINE, resolution, _FINE).mean((1, 3))[..., None]
    pixels: npt.NDArray[np.uint8] = np.rint(cover * colour + (1 - cover) * background).astype(np.uint8)
    return pixels


def _inside(form: str, down: npt.NDArray[np.float64], right: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    if form == "disc":
        return down**2 + right**2 <= 1
    if form == "square":
        return (np.abs(down) <= 0.85) & (np.abs(right) <= 0.85)
    return (down <= 1) & (down >= 2 * np.abs(right) - 1)

"""Small pictures as text: two pixels per character on a colour terminal, shades of characters elsewhere."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_RAMP = " .:-=+*#%@"


def as_text(pixels_BHWC: npt.NDArray[np.uint8], colour: bool, columns: int = 5) -> str:
    """Pictures side by side, as many as fit into whole rows of `columns`.

    Args:
        pixels_BHWC: bytes; 1, 3 or 4 channels.
        colour: use 24-bit colour escapes and half blocks.
        columns: pictures in a row.
    """
    rows = [pixels_BHWC[start : start + columns] for start in range(0, len(pixels_BHWC), columns)]
    strips = [np.concatenate(list(row), axis=1) for row in rows if len(row) == columns]
    draw = _half_blocks if colour else _shades
    return "\n\n".join("\n".join(draw(strip)) for strip in strips)


def _half_blocks(strip_HWC: npt.NDArray[np.uint8]) -> list[str]:
    """The upper half block in the upper pixel's colour, on the lower pixel's."""
    rgb = strip_HWC[..., :3] if strip_HWC.shape[-1] >= 3 else np.repeat(strip_HWC[..., :1], 3, axis=-1)
    lines = []
    for top, bottom in zip(rgb[0::2], rgb[1::2], strict=False):
        cells = [
            f"\x1b[38;2;{a[0]};{a[1]};{a[2]}m\x1b[48;2;{b[0]};{b[1]};{b[2]}m\u2580"
            for a, b in zip(top.tolist(), bottom.tolist(), strict=True)
        ]
        lines.append("".join(cells) + "\x1b[0m")
    return lines


def _shades(strip_HWC: npt.NDArray[np.uint8]) -> list[str]:
    """One character for a pixel and the one below it: characters are about twice as high as wide."""
    grey = strip_HWC[..., :3].mean(-1)
    grey = grey[: len(grey) // 2 * 2].reshape(-1, 2, grey.shape[1]).mean(1)
    places = (grey / 256 * len(_RAMP)).astype(int)
    return ["".join(_RAMP[place] for place in row).rstrip() for row in places]

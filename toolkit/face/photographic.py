"""Making rendered faces look like all kinds of photos: light, colour, sharpness, noise, things in front of the face.

What a network learns from renders carries over to photos as far as it cannot tell by their colours and edges which of
the two it sees ("domain randomisation": J. Tobin et al., IROS 2017). Every change is keyed by sample.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, pad

from toolkit.engine.randomness import Noise

_COVERED = 0.45  # largest side of what covers a face, as a share of the picture's


def photographic(x_BCHW: Tensor, noise: Noise, strength: float = 1.0) -> Tensor:
    """Pictures in [-1, 1] under changed light, colour, sharpness and noise, partly covered.

    Args:
        x_BCHW: three colours.
        noise: keyed by sample.
        strength: from 0, which changes nothing, to 1.

    Returns:
        `x_BCHW` within [-1, 1].
    """
    if strength <= 0:
        return x_BCHW
    x = _tone(x_BCHW, noise, strength)
    x = _shade(x, noise, strength)
    x = _soften(x, noise, strength)
    x = _cover(x, noise, strength)
    grain = noise.uniform("grain/size").square() * 0.2 * strength
    x = x + _wide(grain, x) * noise.normal("grain", 1, *x.shape[2:]).to(x.dtype)  # of one colour: a third of the time
    return x.clamp(-1, 1)


def _signed(noise: Noise, role: str, *shape: int) -> Tensor:
    return 2 * noise.uniform(role, *shape) - 1


def _wide(values: Tensor, like: Tensor) -> Tensor:
    return values.to(like.dtype).view(*values.shape, *([1] * (like.dim() - values.dim())))


def _tone(x: Tensor, noise: Noise, strength: float) -> Tensor:
    """Gamma, gain of each colour, saturation (grey now and then), contrast, brightness."""
    light = ((x + 1) / 2).clamp(1e-3, 1)
    light = light ** _wide(torch.exp2(_signed(noise, "gamma") * strength), x)
    light = light * _wide(torch.exp2(_signed(noise, "gains", 3) * 0.4 * strength), x)
    grey = light.mean(1, keepdim=True)
    kept = 1 + _signed(noise, "saturation") * 0.8 * strength
    kept = torch.where(noise.uniform("grey") < 0.15 * strength, 0.0, kept)
    light = grey + (light - grey) * _wide(kept, x)
    middle = light.mean((1, 2, 3), keepdim=True)
    light = middle + (light - middle) * _wide(torch.exp2(_signed(noise, "contrast") * 0.7 * strength), x)
    return 2 * (light + _wide(_signed(noise, "brightness") * 0.2 * strength, x)) - 1


def _shade(x: Tensor, noise: Noise, strength: float) -> Tensor:
    """Light that changes across the picture: a smooth field of 3 x 3 random values, for each colour a little apart."""
    field = _signed(noise, "shade", 1, 3, 3) + 0.2 * _signed(noise, "shade/colour", 3, 3, 3)
    smooth = interpolate(field, size=x.shape[2:], mode="bicubic", align_corners=True)
    return x + _wide(noise.uniform("shade/size") * 0.5 * strength, x) * smooth.to(x.dtype)


def _soften(x: Tensor, noise: Noise, strength: float) -> Tensor:
    """Between the picture, a blurred one, one made small and large again, and a sharpened one."""
    blurred = avg_pool2d(pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
    small = interpolate(avg_pool2d(x, 3, 3), size=x.shape[2:], mode="bilinear", align_corners=False)
    amount = noise.uniform("soften")
    kind = noise.integers("soften/kind", 0, 4)
    share = _wide(torch.where(kind == 3, -0.8, 1.0) * amount * strength, x)
    return x + share * (torch.where(_wide(kind == 1, x) > 0, small, blurred) - x) * _wide(kind != 0, x)


def _cover(x: Tensor, noise: Noise, strength: float) -> Tensor:
    """Up to two rectangles of one colour each over the picture: hands, hair, microphones."""
    height, width = x.shape[2:]
    for place in range(2):
        drawn = noise.uniform(f"cover{place}", 4)
        there = noise.uniform(f"cover{place}/there") < 0.3 * strength
        rows = (torch.arange(height, device=x.device) + 0.5) / height
        columns = (torch.arange(width, device=x.device) + 0.5) / width
        down = (rows - drawn[:, :1]).abs() < drawn[:, 2:3] * _COVERED / 2
        across = (columns - drawn[:, 1:2]).abs() < drawn[:, 3:] * _COVERED / 2
        mask = (down[:, None, :, None] & across[:, None, None, :]) & there[:, None, None, None]
        colour = _wide(_signed(noise, f"cover{place}/colour", 3), x)
        x = torch.where(mask, colour, x)
    return x

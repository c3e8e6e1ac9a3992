"""Differentiable augmentations of pictures, for discriminators that see little data.

Every random choice is keyed by sample, so a sample is augmented alike however its batch is split. Everything here is
made of operations that can be differentiated twice: gradient penalties are taken with respect to pictures before
augmentation. Pictures are about [-1, 1] with 1 or 3 colours, or with 2 or 4 channels, of which the last is opacity: it
moves with the picture, and no change of colour touches it.
"""

from __future__ import annotations

import math
from functools import reduce
from typing import Literal

import torch
from torch import Tensor

from toolkit.engine.randomness import Noise
from toolkit.errors import ConfigError, Problem
from toolkit.image.warp import affine_sample, rotation, scaling, shift, translation

Policy = Literal["color", "translation", "cutout"]
Strength = Tensor | float
"""Probability per transform and sample: one number, or a tensor `[]` or `[B]`."""


class DiffAugment:
    """Colour, translation and cutout on every picture (Zhao et al. 2020).

    "Differentiable augmentation for data-efficient GAN training", section 3. At strength 1, the default, each
    transform is always applied.

    * color: brightness + U(-0.5, 0.5), saturation * U(0, 2), contrast * U(0.5, 1.5);
    * translation: up to 1/8 of the size in both directions, zeros move in;
    * cutout: a square of half the size, centred anywhere, becomes zero.

    Args:
        policy: which of them, applied in the order given here.

    Raises:
        ConfigError: the policy names another.
    """

    def __init__(self, policy: tuple[Policy, ...] = ("color", "translation", "cutout")) -> None:
        unknown = [name for name in policy if name not in ("color", "translation", "cutout")]
        if unknown:
            raise ConfigError([Problem("policy", f"there is no {unknown}; choices: color, translation, cutout")])
        self.policy = tuple(policy)

    def __call__(self, data: Tensor, noise: Noise, strength: Strength = 1.0) -> Tensor:
        """Augmented `x_BCHW`; see `toolkit.adversarial.augmentation.Augmentation`."""
        with torch.autocast(data.device.type, enabled=False):
            if "color" in self.policy:
                data = self._color(data, noise, strength)
            if "translation" in self.policy:
                data = self._translate(data, noise, strength)
            if "cutout" in self.policy:
                data = _cut_out(data, noise, strength, 0.5)
        return data

    def _color(self, x_BCHW: Tensor, noise: Noise, strength: Strength) -> Tensor:
        colours, rest = _split(x_BCHW)
        for name, low, high in (("brightness", -0.5, 0.5), ("saturation", -1.0, 1.0), ("contrast", -0.5, 0.5)):
            amount = _gate(noise, name, strength) * (noise.uniform(name) * (high - low) + low)
            amount = amount.to(colours.dtype)[:, None, None, None]
            if name == "brightness":
                colours = colours + amount
            else:
                centre = colours.mean(1 if name == "saturation" else (1, 2, 3), keepdim=True)
                colours = colours + amount * (colours - centre)
        return torch.cat([colours, rest], dim=1)

    def _translate(self, x_BCHW: Tensor, noise: Noise, strength: Strength) -> Tensor:
        height, width = x_BCHW.shape[2:]
        applied = _gate(noise, "translation", strength)
        down, right = (
            noise.integers(f"translation/{axis}", -reach, reach + 1) * applied
            for axis, reach in (("down", round(height / 8)), ("right", round(width / 8)))
        )
        return shift(x_BCHW, down, right)


class AdaptivePipeline:
    """Flips, moves, zooms, turns, colours and cutouts, each with a probability (Karras et al. 2020).

    "Training generative adversarial networks with limited data", appendix B. All moves of a sample are combined to one
    affine map and read with one bilinear interpolation (the paper filters at twice the resolution), mirrored at the
    edges; all changes of colour to one matrix. `strength` is the p of the paper. Below about 0.8 the true distribution
    can be told from the augmented one, so the generator does not learn to augment ("leak"). That is why an applied flip
    is a fair coin, not always a flip. An amount of 0, or `false`, leaves a transform out.

    Args:
        flip: mirror left and right.
        rotate90: turn by a multiple of 90 degrees; only for square pictures without an up.
        translate: largest move by whole pixels, as a fraction of the size; uniform.
        scale: standard deviation of the logarithm to base 2 of the zoom.
        rotate: largest turn in degrees; uniform both ways.
        stretch: standard deviation of the logarithm to base 2 of the factor by which width grows and height shrinks.
        jitter: standard deviation of a move by fractions of a pixel, as a fraction of the size.
        brightness: standard deviation of what is added to all colours.
        contrast: standard deviation of the logarithm to base 2 of the factor on all colours.
        luma_flip: exchange dark and light, keeping the hue.
        hue: largest turn around the grey axis in degrees.
        saturation: standard deviation of the logarithm to base 2 of the factor on the distance from grey.
        cutout: height and width of an erased box, as a fraction of the size.
    """

    def __init__(
        self,
        flip: bool = True,
        rotate90: bool = False,
        translate: float = 0.125,
        scale: float = 0.2,
        rotate: float = 180.0,
        stretch: float = 0.2,
        jitter: float = 0.125,
        brightness: float = 0.2,
        contrast: float = 0.5,
        luma_flip: bool = True,
        hue: float = 180.0,
        saturation: float = 1.0,
        cutout: float = 0.5,
    ) -> None:
        self.flip, self.rotate90, self.translate, self.jitter = flip, rotate90, translate, jitter
        self.scale, self.rotate, self.stretch = scale, rotate, stretch
        self.brightness, self.contrast, self.luma_flip = brightness, contrast, luma_flip
        self.hue, self.saturation, self.cutout = hue, saturation, cutout

    def __call__(self, data: Tensor, noise: Noise, strength: Strength = 1.0) -> Tensor:
        """Augmented `x_BCHW`; see `toolkit.adversarial.augmentation.Augmentation`."""
        with torch.autocast(data.device.type, enabled=False):
            if any((self.flip, self.rotate90, self.translate, self.scale, self.rotate, self.stretch, self.jitter)):
                data = affine_sample(data, self._moves(noise, strength, *data.shape[2:]))
            if any((self.brightness, self.contrast, self.luma_flip, self.hue, self.saturation)):
                data = self._recolour(data, noise, strength)
            if self.cutout:
                data = _cut_out(data, noise, strength, self.cutout)
        return data

    def _moves(self, noise: Noise, strength: Strength, height: int, width: int) -> Tensor:
        """`[B, 3, 3]`: output to input places. Each move and its inverse are equally likely, so none is inverted."""
        maps = []
        if self.flip:
            mirrored = _gate(noise, "flip", strength) * noise.integers("flip", 0, 2).to(_exact(noise))
            maps.append(scaling(1 - 2 * mirrored, torch.ones_like(mirrored)))
        if self.rotate90:
            quarters = (_gate(noise, "rotate90", strength) * noise.integers("rotate90", 0, 4)).to(_exact(noise))
            maps.append(rotation((quarters - 2).abs() - 1, 1 - (quarters - 1).abs()))  # exact, unlike cos(pi / 2)
        if self.translate:
            x, y = ((2 * noise.uniform("translate", 2, dtype=_exact(noise)) - 1) * self.translate).unbind(1)
            applied = _gate(noise, "translate", strength)
            maps.append(translation((x * width).round() * applied, (y * height).round() * applied))
        if self.scale:
            zoom = _factor(noise, "scale", strength, self.scale)
            maps.append(scaling(zoom, zoom))
        if self.rotate:  # before and after stretching, together with probability `strength`
            either = 1 - (1 - strength) ** 0.5
            maps.append(_turn(_angle(noise, "rotate/before", either, self.rotate)))
        if self.stretch:
            ratio = _factor(noise, "stretch", strength, self.stretch)
            maps.append(scaling(ratio, 1 / ratio))
        if self.rotate:
            maps.append(_turn(_angle(noise, "rotate/after", either, self.rotate)))
        if self.jitter:
            amount = noise.normal("jitter", 2, dtype=_exact(noise)) * self.jitter
            x, y = (amount * _gate(noise, "jitter", strength)[:, None]).unbind(1)
            maps.append(translation(x * width, y * height))
        return reduce(torch.matmul, maps)

    def _recolour(self, x_BCHW: Tensor, noise: Noise, strength: Strength) -> Tensor:
        """Every linear change of colour here scales the grey axis, and scales and turns the plane across it."""
        colours, rest = _split(x_BCHW)
        brightness = (
            _gate(noise, "brightness", strength) * noise.normal("brightness", dtype=_exact(noise)) * self.brightness
        )
        contrast = _factor(noise, "contrast", strength, self.contrast)
        flipped = _gate(noise, "luma_flip", strength) * noise.integers("luma_flip", 0, 2) * self.luma_flip
        grey = contrast * (1 - 2 * flipped)
        colours = colours + brightness.to(colours.dtype)[:, None, None, None]
        if colours.shape[1] == 1:
            colours = colours * grey.to(colours.dtype)[:, None, None, None]
        else:
            across = contrast * _factor(noise, "saturation", strength, self.saturation)
            mix_B33 = colour_matrix(grey, across, _angle(noise, "hue", strength, self.hue)).to(colours.dtype)
            colours = (mix_B33[:, :, :, None, None] * colours[:, None]).sum(2)
        return torch.cat([colours, rest], dim=1)


def colour_matrix(grey_B: Tensor, across_B: Tensor, angle_B: Tensor) -> Tensor:
    """`[B, 3, 3]`, acting on red, green and blue; exactly the identity for 1, 1 and 0.

    Args:
        grey_B: factor along the grey axis (1, 1, 1).
        across_B: factor on the distance from it.
        angle_B: turn around it in radians.
    """
    identity = torch.eye(3, device=grey_B.device, dtype=grey_B.dtype)
    onto_grey = torch.full_like(identity, 1 / 3)
    turn = (identity.roll(1, 0) - identity.roll(-1, 0)) / math.sqrt(3)  # cross product with the unit grey vector
    grey, across, angle = (factor[:, None, None] for factor in (grey_B, across_B, angle_B))
    in_plane = (across * angle.cos() - 1) * (identity - onto_grey) + across * angle.sin() * turn
    return identity + (grey - 1) * onto_grey + in_plane


def _split(x_BCHW: Tensor) -> tuple[Tensor, Tensor]:
    """The colours, and the opacity behind them (no channels where there is none)."""
    channels = x_BCHW.shape[1]
    if not 1 <= channels <= 4:
        raise ValueError(f"augmentation knows pictures with 1 to 4 channels, got {channels}")
    colours = 1 if channels <= 2 else 3
    return x_BCHW[:, :colours], x_BCHW[:, colours:]


def _exact(noise: Noise) -> torch.dtype:
    """What the parameters of a transform are computed in.

    In float32 their last digits depend on how many samples are computed at once; rounded from float64 they do not.
    """
    return torch.float32 if noise.samples.device.type == "mps" else torch.float64  # mps has no float64


def _gate(noise: Noise, name: str, strength: Strength) -> Tensor:
    """`B` booleans: whether the transform is applied to each sample."""
    return noise.uniform(f"{name}/applied") < strength


def _factor(noise: Noise, name: str, strength: Strength, deviation: float) -> Tensor:
    """`B`: 2^N(0, deviation^2), exactly 1 where it is not applied."""
    return torch.exp2(_gate(noise, name, strength) * noise.normal(name, dtype=_exact(noise)) * deviation)


def _angle(noise: Noise, name: str, strength: Strength, degrees: float) -> Tensor:
    """`B`: uniform both ways up to `degrees`, in radians; exactly 0 where it is not applied."""
    return _gate(noise, name, strength) * (2 * noise.uniform(name, dtype=_exact(noise)) - 1) * math.radians(degrees)


def _turn(angle_B: Tensor) -> Tensor:
    return rotation(angle_B.cos(), angle_B.sin())


def _cut_out(x_BCHW: Tensor, noise: Noise, strength: Strength, size: float) -> Tensor:
    """A box of that fraction of the height and width, centred anywhere in the picture, becomes zero."""
    centre = noise.uniform("cutout", 2)[:, :, None]
    rows, columns = (
        (((torch.arange(pixels, device=centre.device) + 0.5) / pixels - centre[:, axis]).abs() < size / 2)
        for axis, pixels in enumerate(x_BCHW.shape[2:])
    )
    erased = rows[:, :, None] & columns[:, None, :] & _gate(noise, "cutout", strength)[:, None, None]
    return x_BCHW.masked_fill(erased[:, None], 0.0)

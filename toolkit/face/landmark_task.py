"""Finding landmarks as a game with one player, on rendered faces that are made to look like photos."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from toolkit.adversarial.estimators import Draw
from toolkit.adversarial.types import Batch, GeneratorOutput
from toolkit.data.loader import Transform, evaluation_batches
from toolkit.data.source import Source
from toolkit.engine.randomness import Noise
from toolkit.errors import DataError
from toolkit.face.geometry import FLIPPED, OUTER_CORNERS
from toolkit.face.landmark_network import logits, points
from toolkit.face.photographic import photographic
from toolkit.face.resampling import Squares
from toolkit.image.grid import from_pixels, make_grid, save_picture, to_pixels

PAGE = 64
REACH = 1.35
"""Side of the square that is looked at, over the longer side of the landmarks' bounding box."""


class LandmarkTask:
    """68 landmarks of faces, and whether there is a face at all.

    A training picture is a square around the face at a random place, size and angle, mirrored half of the time, under
    random light, colour, blur and cover. Some squares hold no face: a corner of one, a face upside down, or one whose
    parts lie in disorder.

    Args:
        moved: the square's centre is moved by up to this share of its side, in each direction.
        scaled: its side is changed by up to this factor, both ways.
        turned: it is turned by up to so many degrees, both ways.
        photographic: strength of the changes of light, colour, sharpness and cover, 0 to 1.
        no_face: share of squares without a face.
    """

    provides = ()
    pipeline = "face_landmarks"
    default_metrics = ()

    def __init__(
        self,
        moved: float = 0.1,
        scaled: float = 1.3,
        turned: float = 30.0,
        photographic: float = 1.0,
        no_face: float = 0.2,
    ) -> None:
        self.moved, self.scaled, self.turned = moved, scaled, turned
        self.photographic, self.no_face = photographic, no_face
        self.dtype = torch.float32

    def open(self, source: Source, dtype: torch.dtype = torch.float32) -> dict[str, Any]:
        """Look at the data: it must have landmarks.

        Raises:
            DataError: it has none.
        """
        if not {"image", "landmarks"} <= set(source[0]):
            raise DataError("a landmarker needs pictures with landmarks", "set data.name=rendered_faces")
        self.dtype = dtype
        return {}

    def transform(self) -> Transform | None:
        """Nothing: squares are cut out on the device, in `generate`."""
        return None

    def generate(self, generator: nn.Module, batch: Batch, noise: Draw) -> GeneratorOutput:
        """What the network says of random squares; beside it, what is true (`landmarks`, `face`)."""
        pictures, landmarks, face = self.squares(batch, noise, int(generator.size))  # type: ignore[arg-type]
        return GeneratorOutput(generator(pictures), extra={"landmarks": landmarks, "face": face})

    def squares(self, batch: Batch, noise: Noise, size: int) -> tuple[Tensor, Tensor, Tensor]:
        """Random squares `[B, 3, size, size]`, landmarks in them `[B, 68, 2]`, and whether each holds a face."""
        pictures, landmarks = from_pixels(batch["image"], self.dtype), batch["landmarks"].to(self.dtype)
        absent = noise.uniform("absent") < self.no_face
        kind = torch.where(absent, noise.integers("absent/kind", 0, 4), -1)
        squares = self._placed(landmarks, noise, kind)
        cut = _disordered(squares.cut(pictures, size), noise, kind == 3)
        mirrored = torch.as_tensor(FLIPPED, device=landmarks.device)
        named = torch.where(squares.mirrored[:, None, None], landmarks[:, mirrored], landmarks)
        return photographic(cut, noise, self.photographic), squares.inside(named), (~absent).to(self.dtype)

    def _placed(self, landmarks: Tensor, noise: Noise, kind: Tensor) -> Squares:
        square = around(landmarks)
        move = (2 * noise.uniform("move", 2) - 1).to(self.dtype) * self.moved
        zoom = torch.exp((2 * noise.uniform("zoom") - 1) * math.log(self.scaled)).to(self.dtype)
        turn = ((2 * noise.uniform("turn") - 1) * math.radians(self.turned)).to(self.dtype)
        away = (noise.uniform("away") * 2 * math.pi).to(self.dtype)
        aside = torch.stack([away.cos(), away.sin()], -1) * (0.6 + 0.4 * noise.uniform("far").to(self.dtype))[:, None]
        move = torch.where((kind == 0)[:, None], aside, move)
        zoom = torch.where(kind == 1, 0.25 + 0.2 * noise.uniform("near").to(self.dtype), zoom)
        over = (math.pi * (0.6 + 0.8 * noise.uniform("over"))).to(self.dtype)
        turn = torch.where(kind == 2, over, turn)
        side = square.side * zoom
        return Squares(square.centre + move * side[:, None], side, turn, noise.uniform("mirror") < 0.5)

    def real(self, batch: Batch) -> Tensor | None:
        """Nothing: there is no discriminator."""
        return None

    def condition(self, batch: Batch) -> Tensor | None:
        """Nothing: there is no discriminator."""
        return None

    @torch.no_grad()
    def preview(
        self, generator: nn.Module, held_out: Source, file: Path, *, count: int, seed: int, device: torch.device
    ) -> None:
        """Write training-like squares of held-out faces with the landmarks that were found."""
        items = [held_out[place] for place in range(0, len(held_out), max(1, len(held_out) // count))][:count]
        fields = ("image", "landmarks")
        batch = {name: torch.as_tensor(np.stack([item[name] for item in items]), device=device) for name in fields}
        noise = Noise(seed, 0, torch.arange(len(items), device=device), "preview")
        pictures, _, _ = self.squares(batch, noise, int(generator.size))  # type: ignore[arg-type]
        found = (points(generator(pictures)).float() * pictures.shape[-1]).long().clamp(0, pictures.shape[-1] - 1)
        for picture, places in zip(pictures, found, strict=True):
            picture[:, places[:, 1], places[:, 0]] = torch.tensor([-1.0, 1.0, -1.0], device=device)[:, None].to(picture)
        save_picture(file, make_grid(to_pixels(pictures), scale=2))

    @torch.no_grad()
    def measure(
        self,
        generator: nn.Module,
        held_out: Source,
        train: Source | None,
        *,
        device: torch.device,
        **settings: Any,
    ) -> dict[str, float]:
        """On upright squares around held-out faces: the normalised mean error, and what share counts as a face.

        `nme` is divided by the distance of the outer corners of the eyes (`toolkit.face.geometry.nme`); `worst` is the
        95th percentile over faces; `seen` is the share that is taken for a face.
        """
        errors, seen = [], []
        for batch in evaluation_batches(held_out, PAGE):
            landmarks = batch["landmarks"].to(device, self.dtype)
            squares = around(landmarks)
            output = generator(squares.cut(from_pixels(batch["image"].to(device), self.dtype), int(generator.size)))  # type: ignore[arg-type]
            errors.append(relative_errors(points(output), squares.inside(landmarks)))
            seen.append((logits(output) > 0).float())
        every = torch.cat(errors)
        values = {"nme": every.mean(), "worst": every.quantile(0.95), "seen": torch.cat(seen).mean()}
        return {name: float(value) for name, value in values.items()}

    def model_config(self, network: nn.Module) -> dict[str, Any]:
        """What a model of this task must remember beside its network's spec: nothing."""
        return {}


def around(landmarks_BN2: Tensor, reach: float = REACH) -> Squares:
    """Upright squares around faces, whose sides are `reach` times the longer side of the landmarks' bounding box."""
    low, high = landmarks_BN2.amin(1), landmarks_BN2.amax(1)
    side = (high - low).amax(1) * reach
    return Squares((low + high) / 2, side, torch.zeros_like(side), torch.zeros_like(side, dtype=torch.bool))


def relative_errors(found_BN2: Tensor, true_BN2: Tensor) -> Tensor:
    """`B`: mean distance of landmarks, over the true distance of the outer corners of the eyes."""
    corners = true_BN2[:, OUTER_CORNERS[0]] - true_BN2[:, OUTER_CORNERS[1]]
    distances = (found_BN2 - true_BN2).square().sum(-1).add(1e-12).sqrt()
    return distances.mean(1) / corners.square().sum(-1).sqrt()


def _disordered(x: Tensor, noise: Noise, chosen_B: Tensor) -> Tensor:
    """Some of the pictures, cut into 3 x 3 parts that lie in another order."""
    side = x.shape[-1] // 3
    parts = x[..., : 3 * side, : 3 * side].reshape(len(x), -1, 3, side, 3, side)
    parts = parts.permute(0, 2, 4, 1, 3, 5).flatten(1, 2)  # [B, 9, C, side, side]
    order = noise.uniform("order", 9).argsort(1)
    mixed = parts.gather(1, order[:, :, None, None, None].expand_as(parts))
    mixed = mixed.view(len(x), 3, 3, -1, side, side).permute(0, 3, 1, 4, 2, 5).flatten(4, 5).flatten(2, 3)
    whole = x.clone()
    whole[..., : 3 * side, : 3 * side] = mixed
    return torch.where(chosen_B[:, None, None, None], whole, x)

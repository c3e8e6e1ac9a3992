"""Face driving as a game: a face is made of several, and must be real, in the right pose, and like its sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from toolkit.adversarial.estimators import Draw
from toolkit.adversarial.types import Batch, GeneratorOutput
from toolkit.data.loader import Transform, evaluation_batches
from toolkit.data.source import Source, Subset
from toolkit.engine.randomness import Noise
from toolkit.errors import DataError
from toolkit.face.driver_network import FIELD, Driven
from toolkit.face.driving_set import DrivingSet, Redrawn
from toolkit.image.grid import from_pixels, make_grid, save_picture, to_pixels

PAGE = 32


class DrivingTask:
    """Making a face of K sources with the landmarks of a target.

    Most samples have sources of the target's own person, so it is known what should come out. In the others
    (`mixed`), the sources are K different people: nothing is known but that it should look real, have the
    landmarks, and resemble all of them and nobody too much. Weights of sources are random, so that one, two or K of
    them may count.

    Args:
        mixed: share of samples whose sources are different people.
        uneven: how different the weights of sources are: the scale of the normal numbers whose softmax they are.
    """

    provides = ()
    pipeline = "face_driver"
    default_metrics = ()

    def __init__(self, mixed: float = 0.35, uneven: float = 1.0) -> None:
        self.mixed, self.uneven = mixed, uneven
        self.dtype = torch.float32
        self._set: DrivingSet | None = None

    def open(self, source: Source, dtype: torch.dtype = torch.float32) -> dict[str, Any]:
        """Look at the data.

        Raises:
            DataError: its samples have no sources.
        """
        if not {"sources", "strangers", "landmarks"} <= set(source[0]):
            raise DataError("face driving needs faces with others that they could be made of", "set data.name=driving")
        whole = source
        while isinstance(whole, Subset):
            whole = whole.source
        self._set = whole if isinstance(whole, DrivingSet) else None
        self.dtype = dtype
        return {}

    def transform(self) -> Transform | None:
        """Other sources in each epoch, where the data set can choose anew."""
        return None if self._set is None else Redrawn(self._set)

    def generate(self, generator: nn.Module, batch: Batch, noise: Draw) -> GeneratorOutput:
        """Faces with the targets' landmarks; beside them, what terms need to know."""
        mixed = noise.uniform("mixed") < self.mixed
        sources = torch.where(_wide(mixed, 5), batch["strangers"], batch["sources"])
        points = torch.where(_wide(mixed, 4), batch["stranger_landmarks"], batch["source_landmarks"])
        return self._made(generator, batch, sources, points, mixed, noise)

    def _made(
        self, generator: nn.Module, batch: Batch, sources: Tensor, points: Tensor, mixed: Tensor, noise: Noise
    ) -> GeneratorOutput:
        count, side = sources.shape[1], sources.shape[2]
        weights = (self.uneven * noise.normal("weights", count, dtype=self.dtype)).softmax(1)
        field = noise.normal("field", count, FIELD, FIELD, dtype=self.dtype)
        pictures = from_pixels(sources.flatten(0, 1), self.dtype).view(len(sources), count, 3, side, side)
        target = self.condition(batch)
        made: Driven = generator(pictures, points.to(self.dtype) / side, weights, target, field)
        extra = {
            "same": (~mixed).to(self.dtype),
            "sources": pictures,
            "weights": weights,
            "target": target,
            "moved": made.moved,
            "shares": made.shares,
        }
        return GeneratorOutput(made.picture.to(self.dtype), extra=extra)

    def real(self, batch: Batch) -> Tensor:
        """The targets, `x_BCHW` in [-1, 1]."""
        return from_pixels(batch["image"], self.dtype)

    def condition(self, batch: Batch) -> Tensor:
        """`[B, 68, 2]`: the targets' landmarks, from 0 to 1."""
        return batch["landmarks"].to(self.dtype) / batch["image"].shape[1]  # type: ignore[no-any-return]

    @torch.no_grad()
    def preview(
        self, generator: nn.Module, held_out: Source, file: Path, *, count: int, seed: int, device: torch.device
    ) -> None:
        """Write rows of held-out faces: target, one source, what is made of the person; two strangers, the mixture."""
        items = [held_out[place] for place in np.linspace(0, len(held_out) - 1, min(count, len(held_out))).astype(int)]
        names = ("image", "landmarks", "sources", "source_landmarks", "strangers", "stranger_landmarks")
        batch = {name: torch.as_tensor(np.stack([item[name] for item in items]), device=device) for name in names}
        noise = Noise(seed, 0, torch.arange(len(items), device=device), "preview")
        known = torch.zeros(len(items), dtype=torch.bool, device=device)
        same = self._made(generator, batch, batch["sources"], batch["source_landmarks"], known, noise)
        mixed = self._made(generator, batch, batch["strangers"], batch["stranger_landmarks"], ~known, noise)
        shown = [self.real(batch), from_pixels(batch["sources"][:, 0]), same.data]
        shown += [from_pixels(batch["strangers"][:, 0]), from_pixels(batch["strangers"][:, -1]), mixed.data]
        rows = torch.stack([x.float() for x in shown], 1).flatten(0, 1)
        save_picture(file, make_grid(to_pixels(rows), 12 if len(items) > 8 else 6))

    @torch.no_grad()
    def measure(
        self,
        generator: nn.Module,
        held_out: Source,
        train: Source | None,
        *,
        samples: int,
        seed: int,
        device: torch.device,
        **settings: Any,
    ) -> dict[str, float]:
        """On held-out people: `l1` to the target from other views of the same person, and that of the best source.

        `l1_source` is what handing back the most weighted source unchanged would give.
        """
        errors, unchanged, seen = [], [], 0
        for batch in evaluation_batches(held_out, PAGE):
            if seen >= samples:
                break
            batch = {name: value.to(device) for name, value in batch.items()}
            noise = Noise(seed, seen, torch.arange(len(batch["image"]), device=device), "measure")
            known = torch.zeros(len(batch["image"]), dtype=torch.bool, device=device)
            made = self._made(generator, batch, batch["sources"], batch["source_landmarks"], known, noise)
            real, extra = self.real(batch), made.extra or {}
            first = extra["sources"][torch.arange(len(real)), extra["weights"].argmax(1)]
            errors.append((made.data - real).abs().flatten(1).mean(1))
            unchanged.append((first - real).abs().flatten(1).mean(1))
            seen += len(real)
        return {"l1": float(torch.cat(errors).mean()), "l1_source": float(torch.cat(unchanged).mean())}

    def model_config(self, network: nn.Module) -> dict[str, Any]:
        """What a model of this task must remember beside its network's spec: nothing."""
        return {}


def _wide(flags_B: Tensor, dimensions: int) -> Tensor:
    return flags_B.view(-1, *([1] * (dimensions - 1)))

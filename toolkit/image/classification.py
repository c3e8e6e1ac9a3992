"""The classification of pictures as a game with one player."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from toolkit.adversarial.estimators import Draw
from toolkit.adversarial.types import Batch, GeneratorOutput
from toolkit.data.loader import Transform, evaluation_batches
from toolkit.data.source import Source
from toolkit.engine.randomness import Noise
from toolkit.errors import DataError
from toolkit.image.grid import from_pixels
from toolkit.image.task import PAGE, picture_shape
from toolkit.metrics.classification import check_labels, wilson_interval


class ClassificationTask:
    """Which class a picture belongs to: a game with one player, for evaluating generated pictures.

    Args:
        shift: training pictures are moved by up to this many pixels, at random.
    """

    provides = ("resolution", "channels", "classes")
    pipeline = "image_classifier"
    default_metrics = ()

    def __init__(self, shift: int = 0) -> None:
        self.shift = shift
        self.dtype = torch.float32
        self.classes: tuple[str, ...] = ()

    def open(self, source: Source, dtype: torch.dtype = torch.float32) -> dict[str, Any]:
        """Look at the data: what the network must know of it."""
        height, _, channels = picture_shape(source)
        if len(source.classes) < 2:
            raise DataError("a classifier needs labelled data with at least two classes", "set data.labels=folders")
        self.dtype = dtype
        self.classes = tuple(source.classes)
        return {"resolution": height, "channels": channels, "classes": len(self.classes)}

    def transform(self) -> Transform | None:
        """Nothing: shifts happen on the device, in `generate`."""
        return None

    def generate(self, generator: nn.Module, batch: Batch, noise: Draw) -> GeneratorOutput:
        """Logits for the batch's pictures."""
        pictures = from_pixels(batch["image"], self.dtype)
        if self.shift:
            pictures = _shifted(pictures, noise, self.shift)
        return GeneratorOutput(generator(pictures))

    def real(self, batch: Batch) -> Tensor | None:
        """Nothing: there is no discriminator."""
        return None

    def condition(self, batch: Batch) -> Tensor | None:
        """Nothing: there is no discriminator."""
        return None

    def preview(
        self, generator: nn.Module, held_out: Source, file: Path, *, count: int, seed: int, device: torch.device
    ) -> None:
        """Nothing to look at."""

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
        """Accuracy on held-out pictures, with the half width of its 95 % Wilson interval."""
        right = count = 0
        for batch in evaluation_batches(held_out, PAGE):
            if "label" not in batch:
                raise DataError(
                    "a classifier is measured on labelled data, and this has no labels",
                    "give class folders, or an .npz file with `labels`",
                )
            logits = generator(from_pixels(batch["image"].to(device), self.dtype))
            check_labels(logits, batch["label"])
            right += int((logits.argmax(1).cpu() == batch["label"]).sum())
            count += len(batch["label"])
        low, high = wilson_interval(right, count)
        return {"accuracy": right / count, "accuracy_half_width": (high - low) / 2}

    def model_config(self, network: nn.Module) -> dict[str, Any]:
        """What a model of this task must remember beside its network's spec."""
        return {"classes": list(self.classes)}


def _shifted(pictures: Tensor, noise: Noise, reach: int) -> Tensor:
    """Each picture moved by whole pixels; what comes in from outside repeats the border."""
    size = pictures.shape[-1]
    padded = torch.nn.functional.pad(pictures, (reach,) * 4, mode="replicate")
    moves = noise.integers("shift", 0, 2 * reach + 1, 2)
    offsets = torch.arange(size, device=pictures.device)
    rows = (moves[:, 0, None] + offsets)[:, None, :, None]
    columns = (moves[:, 1, None] + offsets)[:, None, None, :]
    batch = torch.arange(len(pictures), device=pictures.device)[:, None, None, None]
    channel = torch.arange(pictures.shape[1], device=pictures.device)[None, :, None, None]
    return padded[batch, channel, rows, columns]

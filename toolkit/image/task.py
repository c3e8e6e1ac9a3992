"""Pictures as a game, and the classification of pictures as a game with one player."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from toolkit.adversarial.estimators import Draw
from toolkit.adversarial.types import Batch, GeneratorOutput
from toolkit.data.loader import Transform, evaluation_batches
from toolkit.data.source import Source
from toolkit.data.transforms import RandomFlip
from toolkit.engine.randomness import Noise
from toolkit.errors import DataError
from toolkit.image.grid import from_pixels, make_grid, save_picture, to_pixels
from toolkit.image.measure import compare_pictures
from toolkit.metrics.base import Metric
from toolkit.metrics.classification import wilson_interval
from toolkit.metrics.extractor import Extractor

PAGE = 128
"""Pictures generated at a time outside of training."""


class ImageTask:
    """Pictures: the generator makes them from noise and, when conditional, from a class.

    Args:
        conditional: the data's labels are given to both players.
        flip: training pictures are mirrored left to right half of the time; not for text or digits.
    """

    provides = ("resolution", "channels", "classes")
    pipeline = "image"
    default_metrics = ("frechet", "kernel", "precision_recall")

    def __init__(self, conditional: bool = False, flip: bool = False) -> None:
        self.conditional = conditional
        self.flip = flip
        self.dtype = torch.float32
        self.classes: tuple[str, ...] = ()

    # -- before training ------------------------------------------------------------------------------------------

    def open(self, source: Source, dtype: torch.dtype = torch.float32) -> dict[str, Any]:
        """Look at the data: what the networks must know of it.

        Raises:
            DataError: the pictures are not square, or labels are asked for and there are none.
        """
        height, width, channels = _picture_shape(source)
        if height != width:
            raise DataError(f"pictures must be square, these are {width}x{height}", "set data.resolution")
        if self.conditional and not source.classes:
            raise DataError(
                "task.conditional=true needs labels, and this data has none",
                "for a folder of class folders set data.labels=folders; or set task.conditional=false",
            )
        self.dtype = dtype
        self.classes = tuple(source.classes) if self.conditional else ()
        return {"resolution": height, "channels": channels, "classes": len(self.classes) or None}

    def transform(self) -> Transform | None:
        """What happens to a training picture when it is loaded."""
        return RandomFlip() if self.flip else None

    # -- the game -------------------------------------------------------------------------------------------------

    def generate(self, generator: nn.Module, batch: Batch, noise: Draw) -> GeneratorOutput:
        """Pictures from normal noise, under the labels of the batch."""
        return GeneratorOutput(sample_pictures(generator, noise, self.condition(batch)))

    def real(self, batch: Batch) -> Tensor:
        """The batch's pictures as `x_BCHW` in [-1, 1]."""
        return from_pixels(batch["image"], self.dtype)

    def condition(self, batch: Batch) -> Tensor | None:
        """The batch's labels, when conditional."""
        return batch["label"] if self.conditional else None

    # -- looking at it --------------------------------------------------------------------------------------------

    @torch.no_grad()
    def preview(self, generator: nn.Module, file: Path, count: int, seed: int, device: torch.device) -> None:
        """Write a grid of samples; the same noise every time, so that pictures of a run can be compared.

        Conditional samples stand in columns, one class each.
        """
        labels = torch.arange(count, device=device) % len(self.classes) if self.conditional else None
        noise = Noise(seed, 0, torch.arange(count, device=device), "preview")
        pixels = to_pixels(sample_pictures(generator, noise, labels))
        columns = len(self.classes) if self.conditional and len(self.classes) <= 16 else None
        save_picture(file, make_grid(pixels, columns, scale=max(1, 64 // pixels.shape[1])))

    def measure(
        self,
        generator: nn.Module,
        held_out: Source,
        train: Source | None,
        *,
        extractor: Extractor,
        metrics: Sequence[Metric],
        samples: int,
        seed: int,
        device: torch.device,
    ) -> dict[str, float]:
        """Compare generated pictures with held-out ones; labels are drawn as the held-out data has them."""

        def generated() -> Any:
            made = 0
            labels = _labels(held_out, samples, len(self.classes)) if self.conditional else None
            while made < samples:
                count = min(PAGE, samples - made)
                chosen = None if labels is None else labels[made : made + count].to(device)
                noise = Noise(seed, 0, torch.arange(made, made + count, device=device), "measure")
                yield {"data": sample_pictures(generator, noise, chosen).float(), "label": chosen}
                made += count

        with torch.no_grad():
            return compare_pictures(held_out, generated(), train, extractor, metrics)

    def model_config(self) -> dict[str, Any]:
        """What a model of this task must remember beside its generator's spec."""
        return {"classes": list(self.classes)}


def sample_pictures(generator: nn.Module, noise: Noise, label: Tensor | None) -> Tensor:
    """`x_BCHW` from normal noise of the generator's `latent` size, in the generator's own precision."""
    dtype = next(generator.parameters()).dtype
    z_BN = noise.normal("z", cast(int, generator.latent), dtype=dtype)
    pictures: Tensor = generator(z_BN) if label is None else generator(z_BN, label)
    return pictures


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
        height, _, channels = _picture_shape(source)
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

    def preview(self, generator: nn.Module, file: Path, count: int, seed: int, device: torch.device) -> None:
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
        if "label" not in held_out[0]:
            raise DataError("a classifier is measured on labelled data, and this has no labels")
        right = count = 0
        for batch in evaluation_batches(held_out, PAGE):
            logits = generator(from_pixels(batch["image"].to(device), self.dtype))
            right += int((logits.argmax(1).cpu() == batch["label"]).sum())
            count += len(batch["label"])
        low, high = wilson_interval(right, count)
        return {"accuracy": right / count, "accuracy_half_width": (high - low) / 2}

    def model_config(self) -> dict[str, Any]:
        """What a model of this task must remember beside its network's spec."""
        return {"classes": list(self.classes)}


def _first_readable(source: Source) -> Mapping[str, Any]:
    """The first sample that can be read; those that cannot are left to the loader, which lists them."""
    for index in range(len(source)):
        try:
            return source[index]
        except DataError:
            continue
    raise DataError("none of the pictures can be read", "look at them with another program")


def _picture_shape(source: Source) -> tuple[int, int, int]:
    item = _first_readable(source)
    if "image" not in item:
        raise DataError(f"this data holds no pictures; its samples have {', '.join(sorted(item))}")
    height, width, channels = item["image"].shape
    return int(height), int(width), int(channels)


def _labels(source: Source, count: int, classes: int) -> Tensor:
    """Labels of the data in its own proportions, repeated to `count`; all classes in turn where it has no labels."""
    if "label" not in source[0]:
        return torch.arange(count) % classes
    found = torch.cat([batch["label"] for batch in evaluation_batches(source, 1024)])
    order = torch.randperm(len(found), generator=torch.Generator().manual_seed(0))
    return found[order].repeat(math.ceil(count / len(found)))[:count]


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

"""Pictures as a game."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from toolkit.adversarial.estimators import Draw
from toolkit.adversarial.types import Batch, GeneratorOutput
from toolkit.data.loader import Transform
from toolkit.data.source import Source
from toolkit.data.transforms import RandomFlip
from toolkit.engine.randomness import Noise
from toolkit.errors import DataError
from toolkit.image.grid import from_pixels, make_grid, save_picture, to_pixels
from toolkit.image.measure import Pages, picture_banks
from toolkit.metrics.bank import DEFAULT_CAPACITY
from toolkit.metrics.bank_cache import BankCache
from toolkit.metrics.base import Metric
from toolkit.metrics.comparison import Banks, compare, generated_capacity
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
        height, width, channels = picture_shape(source)
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
    def preview(
        self, generator: nn.Module, held_out: Source, file: Path, *, count: int, seed: int, device: torch.device
    ) -> None:
        """Write a grid of samples; the same noise every time, so that pictures of a run can be compared.

        Conditional samples stand in columns, one class each. Held-out pictures are not needed.
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
        needed = any(metric.needs_train for metric in metrics)
        banks = self.feature_banks(
            generator,
            held_out,
            train if needed else None,
            extractor=extractor,
            samples=samples,
            seed=seed,
            device=device,
            capacity=generated_capacity(metrics),
        )
        return compare(banks, {type(metric).__name__: metric for metric in metrics}).values

    @torch.no_grad()
    def feature_banks(
        self,
        generator: nn.Module,
        held_out: Source,
        train: Source | None,
        *,
        extractor: Extractor,
        samples: int,
        seed: int,
        device: torch.device,
        capacity: int | None = DEFAULT_CAPACITY,
        cache: BankCache | None = None,
        pages: Pages | None = None,
    ) -> Banks:
        """Features of held-out, generated and training pictures, for any metric; see `picture_banks`.

        Args:
            generator: in evaluation mode.
            held_out: pictures that were not trained on.
            train: what was trained on, for metrics of memorisation; or `None`.
            extractor: makes the features.
            samples: how many pictures to generate.
            seed: of the generated pictures.
            device: where the generator is.
            capacity: rows that the bank of generated pictures keeps.
            cache: where features of real pictures are kept.
            pages: makes the pictures in another way than straight from the generator, e.g. judged.
        """
        return picture_banks(
            held_out,
            train,
            pages or sampled_pages(generator, device),
            classes=len(self.classes),
            extractor=extractor,
            samples=samples,
            seed=seed,
            capacity=capacity,
            cache=cache,
        )

    def model_config(self, network: nn.Module) -> dict[str, Any]:
        """What a model of this task must remember beside its generator's spec."""
        return {"classes": list(self.classes)}


def sampled_pages(generator: nn.Module, device: torch.device, **options: Any) -> Pages:
    """Pictures for metrics, straight from a generator; options as for `sample_pictures`."""

    def pages(count: int, seed: int, labels: Tensor | None) -> Iterator[dict[str, Any]]:
        for start in range(0, count, PAGE):
            chosen = None if labels is None else labels[start : start + PAGE].to(device)
            places = torch.arange(start, min(start + PAGE, count), device=device)
            noise = Noise(seed, 0, places, "measure")
            yield {"data": sample_pictures(generator, noise, chosen, **options).float(), "label": chosen}

    return pages


def sample_pictures(
    generator: nn.Module, noise: Noise, label: Tensor | None, *, shorten: float = 1.0, **options: Any
) -> Tensor:
    """`x_BCHW` from keyed noise, in the generator's own precision.

    A generator that takes more than a latent vector has a method `draw(noise) -> dict[str, Tensor]` for all its random
    inputs: `z`, and others by the keyword they are passed as. For any other, z is normal, of its `latent` size.

    Args:
        generator: maps z, labels (when conditional) and its own keywords to pictures.
        noise: a key for each picture.
        label: the pictures' labels, or `None`.
        shorten: factor on z.
        options: further keywords of the generator, the same for all pictures.
    """
    inputs = draw_inputs(generator, noise)
    z = inputs.pop("z")
    z = z if shorten == 1.0 else z * shorten
    given = (z,) if label is None else (z, label)
    pictures: Tensor = generator(*given, **inputs, **options)
    return pictures


def draw_inputs(generator: nn.Module, noise: Noise) -> dict[str, Tensor]:
    """The random inputs of a generator by name, `z` among them; see `sample_pictures`."""
    draw = getattr(generator, "draw", None)
    if draw is None:
        return {"z": noise.normal("z", cast(int, generator.latent), dtype=next(generator.parameters()).dtype)}
    return dict(draw(noise))


def _first_readable(source: Source) -> Mapping[str, Any]:
    """The first sample that can be read; those that cannot are left to the loader, which lists them."""
    for index in range(len(source)):
        try:
            return source[index]
        except DataError:
            continue
    raise DataError("none of the pictures can be read", "look at them with another program")


def picture_shape(source: Source) -> tuple[int, int, int]:
    """Height, width and channels of a source's pictures.

    Raises:
        DataError: none can be read, or the samples are no pictures.
    """
    item = _first_readable(source)
    if "image" not in item:
        raise DataError(f"this data holds no pictures; its samples have {', '.join(sorted(item))}")
    height, width, channels = item["image"].shape
    return int(height), int(width), int(channels)

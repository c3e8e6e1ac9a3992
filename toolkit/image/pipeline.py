"""Trained image models, ready to use: load a folder, get pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from toolkit.config import build
from toolkit.engine.models import ModelFolder, load_weights
from toolkit.engine.randomness import Noise
from toolkit.errors import ToolkitError, nearest
from toolkit.image.grid import Pixels, make_grid, save_picture, to_pixels
from toolkit.image.task import sample_pictures


@dataclass(frozen=True)
class Pictures:
    """Generated pictures and where they came from.

    Attributes:
        pixels: `[B, H, W, C]` bytes.
        labels: the class asked for, for each picture; empty for an unconditional model.
        seed: picture i is a function of (seed, i), whatever the count or batch size.
        classes: names of the labels.
    """

    pixels: Pixels
    labels: tuple[int, ...]
    seed: int
    classes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.pixels)

    def save(self, folder: str | Path) -> list[dict[str, Any]]:
        """Write each picture as a PNG, and all of them as `grid.png`.

        Returns:
            For each picture its file, its index under the seed, and its class if it has one.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for place, pixels in enumerate(self.pixels):
            file = folder / f"{place:05d}.png"
            save_picture(file, pixels)
            entry: dict[str, Any] = {"file": str(file), "seed": self.seed, "index": place}
            if self.labels:
                entry["class"] = self.classes[self.labels[place]]
            written.append(entry)
        several = len(set(self.labels)) > 1 and len(self.classes) <= 16  # then a column for each class
        columns = len(self.classes) if several else None
        save_picture(folder / "grid.png", make_grid(self.pixels, columns, scale=max(1, 64 // self.pixels.shape[1])))
        return written


class ImagePipeline:
    """An image generator with everything it needs; made by `toolkit.load`.

    Args:
        generator: the module, in evaluation mode.
        classes: names of the classes; empty for an unconditional model.
        config: the model's `config.json`.
    """

    modality = "image"

    def __init__(self, generator: nn.Module, classes: Sequence[str] = (), config: dict[str, Any] | None = None) -> None:
        self.generator = generator.eval().requires_grad_(False)
        self.classes = tuple(classes)
        self.config = config or {}

    @classmethod
    def from_folder(cls, model: ModelFolder, device: torch.device) -> ImagePipeline:
        """Build the generator that `config.json` describes and give it the folder's weights."""
        generator = build("generators", model.config["generator"], f"{model.path}/config.json:generator")
        load_weights(generator, model.weights, model.path)
        return cls(generator.to(device), model.config.get("classes", ()), model.config)

    @property
    def device(self) -> torch.device:
        """Where the generator is."""
        return next(self.generator.parameters()).device

    @torch.no_grad()
    def generate(
        self, count: int = 16, seed: int = 0, label: str | int | None = None, batch_size: int = 64
    ) -> Pictures:
        """Generate pictures.

        Args:
            count: how many.
            seed: the same seed gives the same pictures.
            label: class name or number, for a conditional model; all classes in turn when left out.
            batch_size: how many at a time; does not change the result.

        Raises:
            ToolkitError: `count` is not positive, or there is no such class.
        """
        if count < 1:
            raise ToolkitError(f"count must be at least 1, got {count}")
        labels = self._labels(count, label)
        pages = []
        for start in range(0, count, batch_size):
            places = torch.arange(start, min(start + batch_size, count), device=self.device)
            chosen = None if labels is None else labels[start : start + batch_size].to(self.device)
            pages.append(to_pixels(sample_pictures(self.generator, Noise(seed, 0, places, "generate"), chosen)))
        import numpy as np

        return Pictures(np.concatenate(pages), () if labels is None else tuple(labels.tolist()), seed, self.classes)

    def _labels(self, count: int, label: str | int | None) -> Tensor | None:
        if not self.classes:
            if label is not None:
                raise ToolkitError(f"this model is unconditional, it has no class '{label}'", "leave the class out")
            return None
        if label is None:
            return torch.arange(count) % len(self.classes)
        text = str(label)
        if text in self.classes:
            number = self.classes.index(text)
        elif text.isdecimal() and int(text) < len(self.classes):
            number = int(text)
        else:
            raise ToolkitError(f"this model has no class '{label}'; {nearest(text, self.classes)}")
        return torch.full((count,), number)

    def example_inputs(self) -> dict[str, Tensor]:
        """Inputs to trace the generator with, by name: `z`, and `label` for a conditional model."""
        latent = self.generator.latent
        assert isinstance(latent, int)
        inputs = {"z": torch.randn(2, latent)}
        if self.classes:
            inputs["label"] = torch.arange(2) % len(self.classes)
        return inputs

    @property
    def module(self) -> nn.Module:
        """The network that an export describes."""
        return self.generator


class ClassifierPipeline:
    """A picture classifier with its class names; made by `toolkit.load`."""

    modality = "classification"

    def __init__(self, network: nn.Module, classes: Sequence[str], config: dict[str, Any] | None = None) -> None:
        self.network = network.eval().requires_grad_(False)
        self.classes = tuple(classes)
        self.config = config or {}

    @classmethod
    def from_folder(cls, model: ModelFolder, device: torch.device) -> ClassifierPipeline:
        """Build the network that `config.json` describes and give it the folder's weights."""
        network = build("generators", model.config["generator"], f"{model.path}/config.json:generator")
        load_weights(network, model.weights, model.path)
        return cls(network.to(device), model.config["classes"], model.config)

    @torch.no_grad()
    def classify(self, x_BCHW: Tensor) -> Tensor:
        """`[B, K]` probabilities for pictures in [-1, 1]."""
        logits: Tensor = self.network(x_BCHW.to(next(self.network.parameters()).device))
        return logits.softmax(1)

    def example_inputs(self) -> dict[str, Tensor]:
        """Inputs to trace the network with."""
        spec = self.config["generator"]
        return {"x": torch.zeros(2, spec["channels"], spec["resolution"], spec["resolution"])}

    @property
    def module(self) -> nn.Module:
        """The network that an export describes."""
        return self.network

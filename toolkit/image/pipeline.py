"""Trained image models, ready to use: load a folder, get pictures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from toolkit.config import build
from toolkit.engine.device import Precision, choose_precision
from toolkit.engine.models import ModelFolder, load_weights
from toolkit.engine.randomness import Noise
from toolkit.errors import ToolkitError, nearest
from toolkit.image.grid import to_pixels
from toolkit.image.judging import compare_with_unjudged, judged_pages, judged_pictures, score_pictures
from toolkit.image.measure import Pages
from toolkit.image.pictures import Pictures
from toolkit.image.stored_judge import StoredJudge, load_judge
from toolkit.image.task import draw_inputs, sample_pictures, sampled_pages


class ImagePipeline:
    """An image generator with everything it needs; made by `toolkit.load`.

    Args:
        generator: the module, in evaluation mode.
        classes: names of the classes; empty for an unconditional model.
        config: the model's `config.json`.
        folder: the model folder, where the judge is read from when it is first asked.

    Attributes:
        precision: what pictures are computed in. In bfloat16 they take half the time on a processor that has it, and
            differ by a few of 255 levels.
    """

    modality = "image"

    def __init__(
        self,
        generator: nn.Module,
        classes: Sequence[str] = (),
        config: dict[str, Any] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.folder = folder
        self.generator = generator.eval().requires_grad_(False)
        self.classes = tuple(classes)
        self.config = config or {}
        self.precision = Precision("float32", self.device.type)
        self._mean_style: Tensor | None = None

    @classmethod
    def from_folder(cls, model: ModelFolder, device: torch.device) -> ImagePipeline:
        """Build the generator that `config.json` describes and give it the folder's weights."""
        generator = build("generators", model.config["generator"], f"{model.path}/config.json:generator")
        load_weights(generator, model.weights, model.path)
        return cls(generator.to(device), model.config.get("classes", ()), model.config, model.path)

    @property
    def device(self) -> torch.device:
        """Where the generator is."""
        return next(self.generator.parameters()).device

    def compute_in(self, precision: str) -> ImagePipeline:
        """Compute pictures in `float32`, `bfloat16` or `auto`: bfloat16 where the device has it. Returns the pipeline.

        Raises:
            ToolkitError: there is no such precision for pictures.
        """
        if precision not in ("float32", "bfloat16", "auto"):
            raise ToolkitError(f"pictures are computed in float32, bfloat16 or auto, not in '{precision}'")
        self.precision = choose_precision(precision, self.device)
        if self.precision.name == "bfloat16":  # pays together only, as in training: docs/decisions/0006
            self.generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return self

    @torch.no_grad()
    def generate(
        self,
        count: int = 16,
        seed: int = 0,
        label: str | int | None = None,
        batch_size: int = 64,
        truncation: float | None = None,
        judge: bool = False,
        acceptance: float | None = None,
    ) -> Pictures:
        """Generate pictures.

        Args:
            count: how many.
            seed: the same seed gives the same pictures.
            label: class name or number, for a conditional model; all classes in turn when left out.
            batch_size: how many at a time; does not change the result.
            truncation: from 1 (pictures as they come) towards 0: less varied and more typical. Styles move towards
                their mean (Karras et al. 2019, section 2.1); in a generator without styles, latent vectors are
                shortened (after Brock et al. 2019, section 3.1).
            judge: keep only pictures that the model's discriminator accepts, with scores (see
                `toolkit.adversarial.rejection`); `count` is then the number kept, and each class keeps its share.
            acceptance: with a judge, the least share of pictures to accept, above 0 and at most 1: less is stricter.
                When left out, the share that was found to bring them nearest to real ones.

        Raises:
            ToolkitError: `count` is not positive, there is no such class, the truncation is out of range, or the model
                has no judge.
        """
        if count < 1:
            raise ToolkitError(f"count must be at least 1, got {count}")
        if acceptance is not None and not judge:
            raise ToolkitError("an acceptance goes with a judge", "add --judge, or leave the acceptance out")
        labels = self._labels(count, label)
        options = self._options(truncation)
        if judge:
            one_round = self._labels(max(len(self.classes), 1), label)
            pattern = [0] if one_round is None else one_round.tolist()
            return judged_pictures(
                self, count, seed, pattern, batch_size=batch_size, acceptance=acceptance, options=options
            )
        pages = []
        for start in range(0, count, batch_size):
            places = torch.arange(start, min(start + batch_size, count), device=self.device)
            chosen = None if labels is None else labels[start : start + batch_size].to(self.device)
            pages.append(to_pixels(self.sample(Noise(seed, 0, places, "generate"), chosen, **options)))
        import numpy as np

        return Pictures(np.concatenate(pages), () if labels is None else tuple(labels.tolist()), seed, self.classes)

    def sample(self, noise: Noise, label_B: Tensor | None, **options: Any) -> Tensor:
        """`x_BCHW` float32 from keyed noise, computed in the pipeline's precision; see `sample_pictures`."""
        with self.precision.autocast():
            return sample_pictures(self.generator, noise, label_B, **options).float()

    @cached_property
    def stored_judge(self) -> StoredJudge:
        """The model's judge, read from its folder; raises `CheckpointError` where there is none."""
        return load_judge(self.folder, self.config, self.device)

    def score(self, pictures: Pictures) -> tuple[float, ...]:
        """How probably each picture is real, were it one of as many real as generated ones; needs a judge."""
        return score_pictures(self, pictures)

    def compare(self, pictures: Pictures) -> dict[str, Any]:
        """Mean score and Fréchet distance of judged pictures and of unjudged ones; see `compare_with_unjudged`."""
        return compare_with_unjudged(self, pictures)

    def pages(self, judge: bool = False, truncation: float | None = None) -> Pages:
        """Pictures for metrics, judged or truncated or both, in place of those straight from the generator.

        Raises:
            CheckpointError: the model has no judge.
            ToolkitError: the truncation is out of range.
        """
        options = self._options(truncation)
        return judged_pages(self, options=options) if judge else sampled_pages(self.generator, self.device, **options)

    def latent(self, seed: int, index: int) -> Tensor:
        """`z_N`: the latent vector that picture `index` under this seed was made from, before any truncation."""
        noise = Noise(seed, 0, torch.tensor([index], device=self.device), "generate")
        return draw_inputs(self.generator, noise)["z"][0]

    def _options(self, truncation: float | None) -> dict[str, Any]:
        """Keywords for sampling; the mean of a generator's styles is computed once."""
        if truncation is None:
            return {}
        if not 0 <= truncation <= 1:
            raise ToolkitError(f"truncation must be from 0 to 1, got {truncation}")
        find = getattr(self.generator, "mean_style", None)
        if find is None:
            return {"shorten": truncation}
        if self._mean_style is None:
            self._mean_style = find()
        return {"truncation": truncation, "mean_KD": self._mean_style}

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

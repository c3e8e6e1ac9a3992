"""Trained face drivers, ready to use: from found faces and wanted landmarks to a new face."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from toolkit.config import build
from toolkit.data.images import Pixels
from toolkit.data.source import Source
from toolkit.engine.models import ModelFolder, load_weights
from toolkit.engine.randomness import Noise
from toolkit.face.driver_network import FIELD, Driven
from toolkit.face.embedder import resized
from toolkit.face.geometry import Points, as_landmarks
from toolkit.face.morph import checked
from toolkit.face.networks import DrivenFace
from toolkit.image.grid import from_pixels, to_pixels
from toolkit.metrics.classifier import weights_hash


class DriverPipeline:
    """A network that makes faces of faces; made by `toolkit.load`. It is a `toolkit.face.networks.Driver`.

    Args:
        network: `FaceDriverNetwork`, in evaluation mode.
        config: the model's `config.json`.

    Attributes:
        id: name and hash of the weights.
        size: side of the crops that it makes.
    """

    modality = "face_driving"

    def __init__(self, network: nn.Module, config: dict[str, Any] | None = None) -> None:
        self.network = network.eval().requires_grad_(False)
        self.config = config or {}
        self.id = f"driver-{weights_hash(network.state_dict())}"
        self.size = int(network.size)  # type: ignore[arg-type]

    @classmethod
    def from_folder(cls, model: ModelFolder, device: torch.device) -> DriverPipeline:
        """Build the network that `config.json` describes and give it the folder's weights."""
        network: nn.Module = build("generators", model.config["generator"], f"{model.path}/config.json:generator")
        load_weights(network, model.weights, model.path)
        return cls(network.to(device), model.config)

    @torch.no_grad()
    def __call__(
        self,
        crops: Sequence[Pixels],
        landmarks: Sequence[Points],
        weights: Sequence[float],
        target: Points,
        seed: int = 0,
    ) -> DrivenFace:
        """Make a face; see `toolkit.face.networks.Driver`."""
        shares = checked(crops, landmarks, weights)
        device = next(self.network.parameters()).device
        pictures = [resized(from_pixels(torch.tensor(crop[None], device=device)), self.size) for crop in crops]
        places = np.stack([as_landmarks(known) / len(crop) for known, crop in zip(landmarks, crops, strict=True)])
        wanted = as_landmarks(target)
        noise = Noise(seed, 0, torch.zeros(1, dtype=torch.int64, device=device), "drive")
        made: Driven = self.network(
            torch.cat(pictures)[None],
            torch.tensor(places[None], dtype=torch.float32, device=device),
            torch.tensor(shares[None], dtype=torch.float32, device=device),
            torch.tensor(wanted[None] / self.size, dtype=torch.float32, device=device),
            noise.normal("field", len(crops), FIELD, FIELD),
        )
        given = tuple(float(share) for share in made.shares[0])
        return DrivenFace(to_pixels(made.picture)[0], wanted, given)

    # -- measuring ------------------------------------------------------------------------------------------------

    def open_data(self, path: Path, split: str) -> tuple[Source, str]:
        """A folder with the files of the data set `rendered_faces`; see `toolkit.runs.paired.JudgesPairs`."""
        from toolkit.face.driving_evaluation import open_crops

        return open_crops(path, split, self.size)

    def evaluate(self, source: Source, metrics: Sequence[Any] | None, samples: int | None, seed: int) -> dict[str, Any]:
        """The driver beside a morph and the unchanged nearest face; see `toolkit.runs.paired.JudgesPairs`."""
        from toolkit.face.driving_evaluation import evaluate_driver

        return evaluate_driver(self, source, metrics, samples, seed)

    # -- for exports ----------------------------------------------------------------------------------------------

    def example_inputs(self) -> dict[str, Tensor]:
        """Inputs to trace the network with: two faces of three sources each."""
        random = torch.Generator().manual_seed(0)
        points = 0.2 + 0.6 * torch.rand(2, 4, 68, 2, generator=random)
        return {
            "sources": torch.zeros(2, 3, 3, self.size, self.size),
            "points": points[:, :3],
            "weights": torch.full((2, 3), 1 / 3),
            "target": points[:, 3],
            "noise": torch.zeros(2, 3, FIELD, FIELD),
        }

    @property
    def module(self) -> nn.Module:
        """The network that an export describes."""
        return self.network

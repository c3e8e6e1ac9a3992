"""Trained embedders, ready to use: from aligned crops to vectors that a library is searched with."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from toolkit.config import build
from toolkit.engine.models import ModelFolder, load_weights
from toolkit.errors import DataError
from toolkit.face.embedding_task import embed_both_ways
from toolkit.image.grid import from_pixels
from toolkit.metrics.classifier import weights_hash


class EmbedderPipeline:
    """A network that tells people apart; made by `toolkit.load`. It is a `toolkit.face.networks.Embedder`.

    Args:
        network: `EmbeddingNetwork`, in evaluation mode.
        config: the model's `config.json`.

    Attributes:
        id: name and hash of the weights.
        dimensions: length of a vector.
        size: side of the crops that the network sees.
    """

    modality = "embedding"

    def __init__(self, network: nn.Module, config: dict[str, Any] | None = None) -> None:
        self.network = network.eval().requires_grad_(False)
        self.config = config or {}
        self.id = f"embedder-{weights_hash(network.state_dict())}"
        self.dimensions = int(network.dimensions)  # type: ignore[arg-type]
        self.size = int(network.size)  # type: ignore[arg-type]

    @classmethod
    def from_folder(cls, model: ModelFolder, device: torch.device) -> EmbedderPipeline:
        """Build the network that `config.json` describes and give it the folder's weights."""
        network: nn.Module = build("generators", model.config["generator"], f"{model.path}/config.json:generator")
        load_weights(network, model.weights, model.path)
        return cls(network.to(device), model.config)

    @torch.no_grad()
    def __call__(self, crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Vectors of aligned crops of any side; see `toolkit.face.networks.Embedder`.

        Raises:
            DataError: they are no crops.
        """
        given = np.asarray(crops)
        if given.dtype != np.uint8 or given.ndim != 4 or given.shape[3] != 3 or given.shape[1] != given.shape[2]:
            raise DataError(
                f"an embedder takes aligned crops, uint8 [B, S, S, 3], not {given.dtype} {list(given.shape)}",
                "cut them out with toolkit.face.crop.aligned_crop",
            )
        if not len(given):
            return np.zeros((0, self.dimensions), dtype=np.float32)
        x = resized(from_pixels(torch.tensor(given, device=next(self.network.parameters()).device)), self.size)
        found: npt.NDArray[np.float32] = embed_both_ways(self.network, x).float().cpu().numpy()
        return found

    def example_inputs(self) -> dict[str, Tensor]:
        """Inputs to trace the network with."""
        return {"x": torch.zeros(2, 3, self.size, self.size)}

    @property
    def module(self) -> nn.Module:
        """The network that an export describes."""
        return self.network


def resized(x_BCHW: Tensor, size: int) -> Tensor:
    """Crops brought to a side, filtered where they shrink."""
    if x_BCHW.shape[-1] == size:
        return x_BCHW
    return interpolate(x_BCHW, size=(size, size), mode="bicubic", antialias=True, align_corners=False)

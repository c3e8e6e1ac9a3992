"""The Inception network of the published Fréchet Inception Distances, through the package torch-fidelity."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from toolkit.errors import DataError, require
from toolkit.metrics.extractor import check_floating, evaluating

WEIGHTS_FILE = "weights-inception-2015-12-05-6726825d.pth"
"""The converted TensorFlow weights of 2015-12-05, as torch-fidelity's release v0.2.0 names them."""

WEIGHTS_VARIABLE = "TOOLKIT_INCEPTION_WEIGHTS"
"""Environment variable with the path of that file."""

NAME = "inception-2015"

FID_SAMPLES = 50_000
"""Generated samples that published Fréchet Inception Distances are computed from; fewer give a higher number."""

_PAGE = "https://github.com/toshas/torch-fidelity/releases/tag/v0.2.0"
_FEATURES = "2048"  # after the last average pooling (Heusel et al. 2017)
_LOGITS = "logits_unbiased"  # without the last layer's bias, as the published Inception Scores were computed


class Inception:
    """Features of the Inception network of 2015, for distances that can be compared with published ones.

    Never downloads anything: the weight file must lie on this machine.

    Args:
        weights: the weight file; by default the one that the variable TOOLKIT_INCEPTION_WEIGHTS names, else the one
            that torch-fidelity has downloaded before.
    """

    dimension = 2048
    classes: tuple[str, ...] = ()

    def __init__(self, weights: str | None = None) -> None:
        file = find_weights(weights)
        fidelity: Any = require(
            "torch_fidelity.feature_extractor_inceptionv3", "inception", "the feature extractor 'inception'"
        )
        self.name = NAME if file.name == WEIGHTS_FILE else f"{NAME}({file.stem})"
        self.module = fidelity.FeatureExtractorInceptionV3(
            "inception-v3-compat", [_FEATURES, _LOGITS], feature_extractor_weights_path=str(file)
        )

    def to(self, device: torch.device | str) -> Inception:
        """Move the network; data follow it by themselves."""
        self.module.to(device)
        return self

    def __call__(self, data: Tensor) -> Tensor:
        """`[B, 2048]` float32 features of `x_BCHW` in [-1, 1]: grey, colour, or colour with alpha."""
        return self.features_and_probabilities(data)[0]

    def probabilities(self, data: Tensor) -> Tensor:
        """`[B, 1008]` float32 class probabilities."""
        return self.features_and_probabilities(data)[1]

    def features_and_probabilities(self, data: Tensor) -> tuple[Tensor, Tensor]:
        """Both in one pass."""
        check_floating(data, self.name)
        place = next(self.module.parameters(), data).device
        with evaluating(self.module):
            features, logits = self.module(to_bytes(data).to(place))
            return features.float(), logits.float().softmax(dim=1)


def is_available() -> bool:
    """Whether the package and the weights are on this machine."""
    if importlib.util.find_spec("torch_fidelity") is None:
        return False
    try:
        find_weights()
    except DataError:
        return False
    return True


def find_weights(weights: str | None = None) -> Path:
    """The weight file on this machine.

    Raises:
        DataError: it is not there; says where it is expected.
    """
    named = weights or os.environ.get(WEIGHTS_VARIABLE)
    file = Path(named).expanduser() if named else Path(torch.hub.get_dir()) / "checkpoints" / WEIGHTS_FILE
    if not file.is_file():
        raise DataError(
            f"the weights of the extractor 'inception' are not at {file}",
            f"take {WEIGHTS_FILE} from {_PAGE}, and put it there, or name its place with extractor.weights or "
            f"the environment variable {WEIGHTS_VARIABLE}",
        )
    return file


def to_bytes(x_BCHW: Tensor) -> Tensor:
    """`[B, 3, H, W]` uint8 from [-1, 1]: values outside are clamped, grey pictures get three equal channels.

    Pictures with alpha are laid on white, where the network sees what a person sees.

    Raises:
        DataError: not a batch of pictures.
    """
    if x_BCHW.ndim != 4 or x_BCHW.shape[1] not in (1, 3, 4):
        raise DataError(f"the extractor 'inception' takes pictures [B, 1, 3 or 4, H, W], not {list(x_BCHW.shape)}")
    if x_BCHW.shape[1] == 4:
        alpha = (x_BCHW[:, 3:].clamp(-1, 1) + 1) / 2
        x_BCHW = x_BCHW[:, :3].clamp(-1, 1) * alpha + (1 - alpha)
    levels = (x_BCHW.float() * 127.5 + 127.5).round().clamp(0, 255).to(torch.uint8)
    return levels.expand(-1, 3, -1, -1).contiguous()

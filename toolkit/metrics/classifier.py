"""A classifier that a recipe trained, as features and as a judge of conditional samples."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from toolkit.errors import DataError
from toolkit.metrics.extractor import evaluating, placed


class ClassifierFeatures:
    """Features before the last layer of a classifier that a recipe trained.

    The network offers `forward(x) -> logits [B, K]`, `features(x) -> [B, N]` and, if it can, the number `feature_size`.

    Args:
        model: folder of the trained model, or the name of one that comes with the toolkit. Its weights become part of
            the extractor's name, so that numbers and cached statistics of two trainings are not mixed up.
    """

    def __init__(self, model: str | Path) -> None:
        network, name, classes = self._load(Path(model))
        self._set(network, name, classes)

    @classmethod
    def from_module(cls, module: nn.Module, name: str, classes: Sequence[str] = ()) -> ClassifierFeatures:
        """An extractor around a network that is built already; its training modes are left as they are.

        Args:
            module: offers `forward(x)` and `features(x)`.
            name: shown beside every number; a different one for different weights.
            classes: names of the `K` classes, or none.
        """
        extractor = cls.__new__(cls)
        extractor._set(module, name, classes)
        return extractor

    def _set(self, module: nn.Module, name: str, classes: Sequence[str]) -> None:
        if not callable(getattr(module, "features", None)):
            raise DataError(
                f"the classifier '{name}' ({type(module).__name__}) has no method features(x)",
                "give a network that returns what it feeds its last layer from features(x)",
            )
        self.module = module
        self.name = name
        self.classes = tuple(classes)
        self.dimension = int(getattr(module, "feature_size", 0))

    @staticmethod
    def _load(folder: Path) -> tuple[nn.Module, str, Sequence[str]]:
        """Network, name and class names of a model folder."""
        from toolkit.config import build
        from toolkit.engine.models import load_weights, locate_model, read_model

        model = read_model(locate_model(folder))
        network = build("generators", model.config["generator"])
        load_weights(network, model.weights, model.path)
        path = model.path.resolve()
        called = path.parent.name if path.name == "model" else path.name  # of a run, its own name
        name = f"classifier-{called}-{weights_hash(model.weights)}"
        return network, name, model.config.get("classes", ())

    def to(self, device: torch.device | str) -> ClassifierFeatures:
        """Move the network; data follow it by themselves."""
        self.module.to(device)
        return self

    def __call__(self, data: Tensor) -> Tensor:
        """`[B, N]` float32 features; further dimensions of the network's features are flattened."""
        with evaluating(self.module):
            return self._features(placed(data, self.module, self.name))

    def probabilities(self, data: Tensor) -> Tensor:
        """`[B, K]` float32 class probabilities."""
        with evaluating(self.module):
            return self._probabilities(placed(data, self.module, self.name))

    def features_and_probabilities(self, data: Tensor) -> tuple[Tensor, Tensor]:
        """Both, in two passes: `features` and `forward` are all that is known of the network."""
        with evaluating(self.module):
            data = placed(data, self.module, self.name)
            return self._features(data), self._probabilities(data)

    def differentiable(self, data: Tensor) -> Tensor:
        """The same features with their graph, for perceptual losses; the network itself gets no gradients."""
        with evaluating(self.module):
            self.module.requires_grad_(False)
            with torch.enable_grad():
                return self._features(placed(data, self.module, self.name))

    def _features(self, data: Tensor) -> Tensor:
        self._check(data)
        method = self.module.features
        features: Tensor = method(data).flatten(1).float()  # type: ignore[operator]
        self.dimension = int(features.shape[1])
        return features

    def _check(self, data: Tensor) -> None:
        """A network that says how many channels it takes is not given others."""
        channels = getattr(self.module, "channels", None)
        if isinstance(channels, int) and data.ndim == 4 and data.shape[1] != channels:
            raise DataError(
                f"the classifier '{self.name}' takes pictures with {channels} channels, these have {data.shape[1]}",
                "use other features, e.g. extractor.name=pixels (or stacked, for one channel at a time)",
            )

    def _probabilities(self, data: Tensor) -> Tensor:
        self._check(data)
        logits: Tensor = self.module(data)
        if logits.ndim != 2 or (self.classes and logits.shape[1] != len(self.classes)):
            wanted = len(self.classes) or "K"
            raise DataError(f"the classifier '{self.name}' gave {list(logits.shape)} logits, expected [B, {wanted}]")
        return logits.float().softmax(dim=1)


def weights_hash(weights: Mapping[str, Tensor]) -> str:
    """Eight hexadecimal digits that change with any weight."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        values = weights[name].detach().to("cpu").contiguous()
        digest.update(f"{name} {values.dtype} {list(values.shape)}".encode())
        digest.update(values.flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:8]

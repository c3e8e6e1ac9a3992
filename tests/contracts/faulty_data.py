"""Data sets, metrics, extractors, trackers, tasks and pipelines with one fault each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from tests.contracts.faults import fault
from toolkit.config import build
from toolkit.config.plan import Plan
from toolkit.data.memory import ArraySource
from toolkit.engine.foreign import ImportedModel
from toolkit.engine.trackers import JSONLines
from toolkit.image.task import ImageTask
from toolkit.metrics.bank import FeatureBank
from toolkit.metrics.pixels import Pixels

# -- data, metrics, extractors, trackers --------------------------------------------------------------------------


def _source(**changes: Any) -> dict[str, Any]:
    images = np.zeros((4, 8, 8, 3), dtype=np.uint8) + np.arange(4, dtype=np.uint8)[:, None, None, None]
    made = {"fields": {"image": images, "label": np.arange(4) % 2}, "keys": list("abcd"), "classes": ["x", "y"]}
    return {**made, **changes}


@fault("datasets", "a key of its own")
class TwinKeys(ArraySource):
    """Two samples share a key."""

    def __init__(self) -> None:
        super().__init__(**_source(keys=["a", "b", "b", "c"]))


@fault("datasets", "a whole number from 0 to 0")
class UnknownLabel(ArraySource):
    """A label that names no class."""

    def __init__(self) -> None:
        super().__init__(**_source(classes=["x"]))


@fault("datasets", "copies with `take`")
class SharedArrays(ArraySource):
    """Hands out its own memory."""

    def __init__(self) -> None:
        super().__init__(**_source())
        self.fields = {name: array.copy() for name, array in self.fields.items()}

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {name: array[index].copy() for name, array in self.fields.items()}

    def take(self, indices: Any) -> dict[str, Any]:
        return {name: array[: len(indices)] for name, array in self.fields.items()}


@fault("datasets", "weights that are one finite number from 0 per sample")
class WeightForSome(ArraySource):
    """Three weights for four samples."""

    def __init__(self) -> None:
        super().__init__(**_source())
        self.weights = np.ones(3)


@fault("datasets", "keeps the samples of a group in one split")
class TornGroups(ArraySource):
    """Fixes splits that cut through its groups."""

    def __init__(self) -> None:
        super().__init__(**_source(splits=["train", "test", "train", "train"]))

    def group(self, index: int) -> str:
        return "ab" if index < 2 else "cd"


@fault("metrics", "rates 'distance' better")
class UpsideDown:
    """Says that more is better, and it is not."""

    needs_train: ClassVar[bool] = False
    higher_is_better: ClassVar[Mapping[str, bool]] = {"distance": True}

    def compute(self, real: FeatureBank, fake: FeatureBank, *, train: FeatureBank | None = None) -> dict[str, float]:
        return {"distance": float((real.features.mean(0) - fake.features.mean(0)).norm())}


@fault("extractors", "refuses whole numbers")
class Careless(Pixels):
    """Takes bytes for values in [-1, 1]."""

    def __call__(self, data: Tensor) -> Tensor:
        return super().__call__(data.float())


@fault("trackers", "ends, and ends again")
class OnceOnly(JSONLines):
    """Cannot be closed twice."""

    def close(self) -> None:
        assert self._handle is not None or self._path is None or not self._path.exists()
        super().close()


@fault("tasks", "provides")
class Secretive(ImageTask):
    """Gives more than it says."""

    def open(self, source: Any, dtype: torch.dtype = torch.float32) -> dict[str, Any]:
        return {**super().open(source, dtype), "secret": 1}


@fault("pipelines", "the weights of the folder")
class Untrained:
    """Ignores the weights."""

    modality = "testing"
    config: ClassVar[dict[str, Any]] = {}

    def __init__(self, module: nn.Module) -> None:
        self.module = module.eval().requires_grad_(False)

    @classmethod
    def from_folder(cls, model: Any, device: torch.device) -> Untrained:
        from toolkit.config import build

        return cls(build("generators", model.config["generator"]))

    def example_inputs(self) -> dict[str, Tensor]:
        return {"x": torch.zeros(1, 3, 8, 8)}


@fault("importers", "refuses a state without 'main.0.weight'")
def credulous(state: Mapping[str, Tensor]) -> ImportedModel:
    """Makes up what is not there."""
    spec = {"name": "dcgan", "width": 2, "latent": 3, "resolution": 8, "channels": 1}
    weights = {name: torch.zeros_like(value) for name, value in build("generators", spec).state_dict().items()}
    weights["layers.0.0.weight"] = state.get("main.0.weight", torch.zeros(3, 2, 4, 4))
    return ImportedModel({"pipeline": "image", "generator": spec}, weights, "nothing much")


@fault("starters", "the same plan for the same data")
class Fickle:
    """Plans another run every time."""

    times = 0

    def plan(self, data: Path, overrides: Sequence[str], device: str) -> Plan:
        type(self).times += 1
        nets = {"generator": "dcgan", "discriminator": "dcgan"}
        document = {"task": "image", "data": "digits", **nets, "seed": self.times}
        return Plan(document, ("it is as good as any",))

    def changes(self, data: Path, seen: Mapping[str, Any]) -> list[str]:
        return []


SETTINGS: dict[Callable[..., Any], dict[str, Any]] = {
    credulous: {"state": {"main.0.weight": torch.ones(3, 2, 4, 4)}},
    Untrained: {"generator": {"name": "classifier", "width": 4, "resolution": 8, "channels": 3, "classes": 2}},
    Fickle: {"data": Path("anywhere")},
}

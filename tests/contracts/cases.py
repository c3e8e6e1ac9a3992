"""What some parts need to be tested with: small data, stand-ins for services and weights, further settings.

A part that is not named here is tested with its defaults.
"""

from __future__ import annotations

import io
import sys
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from toolkit.config import build
from toolkit.engine.models import save_model
from toolkit.metrics.inception import WEIGHTS_FILE

Settings = dict[str, Any]
PICTURES = 12
DCGAN = {"name": "dcgan", "width": 8, "latent": 8, "norm": "none", "resolution": 8, "channels": 1}


@dataclass(frozen=True)
class Place:
    """Where a case may put files and stand-ins."""

    folder: Path
    patch: pytest.MonkeyPatch


def pixels(count: int = PICTURES, size: int = 12) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def png(picture: np.ndarray[Any, np.dtype[np.uint8]]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    return stream.getvalue()


# -- data sets ----------------------------------------------------------------------------------------------------


def folder(place: Place) -> list[Settings]:
    for number, picture in enumerate(pixels()):
        file = place.folder / "data" / ("cats", "dogs")[number % 2] / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(png(picture))
    path = str(place.folder / "data")
    return [
        {"path": path, "resolution": 16, "labels": "folders"},
        {"path": path, "resolution": 8, "channels": 1, "cache_gib": 0.0},
    ]


def npz(place: Place) -> list[Settings]:
    file = place.folder / "pictures.npz"
    np.savez(file, images=pixels(), labels=np.arange(PICTURES) % 3)
    return [{"path": str(file)}, {"path": str(file), "labels": None, "resolution": 16}]


def fashion_mnist(place: Place) -> list[Settings]:
    for name in ("train", "test"):
        grey = pixels(size=28)[..., 0]
        numbers = np.arange(PICTURES)
        np.savez(place.folder / f"fashion-mnist-{name}.npz", images=grey, labels=numbers % 10, index=numbers)
    return [{"path": str(place.folder)}]


def shards(place: Place) -> list[Settings]:
    with tarfile.open(place.folder / "0.tar", "w") as archive:
        for number, picture in enumerate(pixels()):
            for name, content in ((f"{number:02}.png", png(picture)), (f"{number:02}.cls", b"%d" % (number % 3))):
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return [{"path": str(place.folder), "resolution": 16}]


def huggingface(place: Place) -> list[Settings]:
    library = pytest.importorskip("datasets", reason="the package 'datasets' (extra 'datasets') is not installed")
    columns = {"image": [{"bytes": png(picture), "path": None} for picture in pixels()]}
    columns["label"] = [number % 2 for number in range(PICTURES)]
    features = library.Features({"image": library.Image(), "label": library.ClassLabel(names=["cat", "dog"])})
    path = place.folder / "saved"
    library.Dataset.from_dict(columns, features=features).save_to_disk(str(path))
    return [{"dataset": str(path), "resolution": 16, "label": "label"}, {"dataset": str(path), "resolution": 16}]


# -- extractors and trackers --------------------------------------------------------------------------------------


def classifier(place: Place) -> list[Settings]:
    spec = {"name": "classifier", "resolution": 16, "channels": 3, "classes": 2, "width": 4}
    model = place.folder / "model"
    save_model(
        model, build("generators", spec).state_dict(), {"generator": spec, "classes": ["cat", "dog"]}, "# Card\n"
    )
    return [{"model": str(model)}]


class _InceptionStandIn(nn.Module):
    """Takes what torch-fidelity's network takes and gives what it gives, from a fixed random layer."""

    def __init__(self, name: str, features_list: list[str], feature_extractor_weights_path: str) -> None:
        super().__init__()
        random = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(torch.randn(48, 2048, generator=random))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        small = nn.functional.adaptive_avg_pool2d(x.float() / 255, 4).flatten(1)
        features = small @ self.weight
        return features, features[:, :1008]


def inception(place: Place) -> list[Settings]:
    (place.folder / WEIGHTS_FILE).write_bytes(b"stand-in")
    module = ModuleType("torch_fidelity.feature_extractor_inceptionv3")
    module.FeatureExtractorInceptionV3 = _InceptionStandIn  # type: ignore[attr-defined]
    place.patch.setitem(sys.modules, "torch_fidelity", ModuleType("torch_fidelity"))
    place.patch.setitem(sys.modules, module.__name__, module)
    return [{"weights": str(place.folder / WEIGHTS_FILE)}]


class _Service(ModuleType):
    """A service any function of which can be called; runs have the id `7`."""

    id = "7"
    info = SimpleNamespace(run_id="7")

    def __getattr__(self, name: str) -> Callable[..., _Service]:
        if name.startswith("__"):  # what Python itself asks modules for
            raise AttributeError(name)
        return lambda *arguments, **keywords: self


def service(module: str, **settings: Any) -> Callable[[Place], list[Settings]]:
    """A tracker of a service, with the service's package replaced."""

    def case(place: Place) -> list[Settings]:
        place.patch.setitem(sys.modules, module, _Service(module))
        return [{"folder": place.folder, **settings}]

    return case


# -- parts that hold others ---------------------------------------------------------------------------------------


class _SmoothFeatures:
    def differentiable(self, data: Tensor) -> Tensor:
        return torch.tanh(data.flatten(1).cumsum(1))


def _pictures(pipeline: Any) -> Any:
    return pipeline.generate(3, seed=1).pixels.tolist()


def settings(*several: Settings) -> Callable[[Place], list[Settings]]:
    """Settings that need no files."""
    return lambda place: list(several)


CASES: dict[str, Callable[[Place], list[Settings]]] = {
    "generators/dcgan": settings({"width": 8}, {"width": 8, "norm": "none", "resolution": 8, "channels": 1}),
    "generators/residual": settings({"width": 16}, {"widths": [32, 16, 16], "blocks": 1}),
    "generators/classifier": settings({"width": 4}),
    "discriminators/dcgan": settings({"width": 8}, {"width": 8, "norm": "none"}),
    "discriminators/residual": settings({"width": 16}),
    "losses/hinge": settings({}, {"margin": 0.5}),
    "losses/least_squares": settings({}, {"real_target": 0.9, "fake_target": -1.0}),
    "penalties/r1_first_order": settings({}, {"side": "fake", "step": 0.01}),
    "penalties/gradient_cap": settings({}, {"cap": 0.2}),
    "terms/reconstruction": settings({}, {"distance": "l2"}, {"distance": "charbonnier"}),
    "terms/cross_entropy": settings({}, {"smoothing": 0.1}),
    "terms/perceptual": settings({"extractor": _SmoothFeatures()}),
    "estimators/straight_through": settings({}, {"temperature": 0.5}),
    "estimators/score_function": settings({}, {"baseline": "self_critical"}, {"baseline": "none"}),
    "optimizers/adam": settings({}, {"weight_decay": 0.01}),
    "optimizers/sgd": settings({}, {"momentum": 0.5}),
    "augmentations/ada": settings({}, {"rotate90": True}),
    "augmentations/diffaugment": settings({}, {"policy": ["translation", "cutout"]}),
    "augmentations/adaptive": settings({}, {"pipeline": "diffaugment"}),
    "augmentations/scheduled": settings(
        {}, {"schedule": {"name": "linear", "start": 0.1, "end": 0.9, "samples": 50_000}}
    ),
    "datasets/folder": folder,
    "datasets/npz": npz,
    "datasets/fashion_mnist": fashion_mnist,
    "datasets/shards": shards,
    "datasets/huggingface": huggingface,
    "extractors/classifier": classifier,
    "extractors/inception": inception,
    "tasks/image": settings({}, {"conditional": True, "flip": True}),
    "tasks/image_classification": settings(
        {"generator": {"name": "classifier", "width": 4}}, {"generator": {"name": "classifier", "width": 4}, "shift": 2}
    ),
    "pipelines/image": settings(
        {"generator": DCGAN, "use": _pictures},
        {"generator": {**DCGAN, "classes": 2}, "config": {"classes": ["cat", "dog"]}, "use": _pictures},
    ),
    "pipelines/image_classifier": settings(
        {
            "generator": {"name": "classifier", "width": 4, "resolution": 8, "channels": 1, "classes": 2},
            "config": {"classes": ["cat", "dog"]},
            "use": lambda pipeline: pipeline.classify(torch.zeros(2, 1, 8, 8)).tolist(),
        }
    ),
    "trackers/wandb": service("wandb"),
    "trackers/mlflow": service("mlflow"),
}

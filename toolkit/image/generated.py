"""Pictures that a model makes, as a data set: for training on generated data."""

from __future__ import annotations

from typing import Any

import numpy as np

from toolkit.data.memory import ArraySource
from toolkit.data.source import Array
from toolkit.engine.device import choose_device
from toolkit.engine.models import locate_model, read_model
from toolkit.errors import CheckpointError, ConfigError, DataError, Problem
from toolkit.registry import REGISTRY


class GeneratedPictures(ArraySource):
    """Pictures made by a model, in memory; of a conditional model with labels, all classes equally often.

    The training set of the classification accuracy score (Ravuri & Vinyals 2019, "Classification accuracy score for
    conditional generative models"): what a classifier learns from it, tested on real data, is what the model knows of
    the classes. They are made once, at opening; picture i is a function of (model, seed, i).

    Args:
        model: a run folder, a model folder or a shipped model's name.
        count: number of pictures; a multiple of the number of classes keeps the classes exactly even.
        seed: another seed gives other pictures.
        judge: keep only pictures that the model's discriminator accepts.
        device: where to make them.
        truncation: from 1 (pictures as they come) towards 0: less varied and more typical.

    Raises:
        CheckpointError: there is no such model, or it is damaged.
        DataError: the model makes no pictures.
        ConfigError: fewer than two pictures.
    """

    def __init__(
        self,
        model: str,
        count: int = 50_000,
        seed: int = 0,
        judge: bool = False,
        device: str = "auto",
        truncation: float | None = None,
    ) -> None:
        if count < 2:
            raise ConfigError([Problem("count", f"is {count}; it must be at least 2")])
        pipeline = _pipeline(model, device)
        judged = {"judge": True} if judge else {}
        pictures = pipeline.generate(count, seed, batch_size=256, truncation=truncation, **judged)
        fields: dict[str, Array] = {"image": pictures.pixels}
        if pictures.labels:
            fields["label"] = np.array(pictures.labels, dtype=np.int64)
        keys = [f"generated/{seed}/{place}" for place in range(len(pictures.pixels))]
        super().__init__(fields, keys, pictures.classes if pictures.labels else ())


def _pipeline(name: str, device: str) -> Any:
    """The model as a pipeline that makes pictures."""
    model = read_model(locate_model(name))
    kind = model.config.get("pipeline")
    if not isinstance(kind, str):
        raise CheckpointError(f"{model.path}/config.json does not say which pipeline it is for ('pipeline')")
    pipeline: Any = REGISTRY.load("pipelines", kind)
    if getattr(pipeline, "modality", None) != "image":
        raise DataError(f"{name} makes no pictures: it is a model for {getattr(pipeline, 'modality', kind)}")
    return pipeline.from_folder(model, choose_device(device))

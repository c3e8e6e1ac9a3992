"""Beginning with the weights of a model that was trained before: fine-tuning, and games that need a good generator."""

from __future__ import annotations

from typing import Any

from torch import nn

from toolkit.engine.models import ModelFolder, locate_model, read_model
from toolkit.engine.weights import load_weights
from toolkit.errors import CheckpointError
from toolkit.runs.assemble import Opened


def begin_with(start: str, opened: Opened, generator: nn.Module) -> ModelFolder:
    """Give a generator the weights of a model.

    A task with `check_start(model)` is asked first whether the model belongs to its data, one with
    `start_weights(model)` which weights of it, and of what it names, are those of the generator.

    Args:
        start: a run folder, a model folder, or the name of a model that comes with the toolkit.
        opened: the recipe, with its data open.
        generator: of the recipe; changed in place.

    Raises:
        CheckpointError: there is no such model, it is damaged, of another shape, or not for this data.
    """
    try:
        model = read_model(locate_model(start))
    except CheckpointError as error:
        raise CheckpointError(
            f"the recipe begins with the model {start}, which cannot be had: {error.message}",
            "train it first, or name another one: start=RUN; start=null begins with random weights",
        ) from error
    check: Any = getattr(opened.task, "check_start", None)
    if check is not None:
        check(model)
    choose: Any = getattr(opened.task, "start_weights", None)
    weights = model.weights if choose is None else choose(model)
    load_weights(generator, weights, model.path / "model.safetensors")
    return model

"""Measuring a run or a model against held-out data."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from toolkit.config import Recipe, build, validate
from toolkit.config.overrides import apply_overrides
from toolkit.data.source import Source
from toolkit.engine.models import locate_model
from toolkit.errors import CheckpointError, DataError
from toolkit.runs.assemble import open_recipe
from toolkit.runs.measure import build_extractor, measure_network
from toolkit.runs.models import load


def evaluate(
    target: str | Path,
    *,
    real: str | Path | None = None,
    split: str = "test",
    samples: int | None = None,
    seed: int = 0,
    overrides: list[str] | tuple[str, ...] = (),
) -> dict[str, Any]:
    """Compare what a model generates with real data that it was not trained on.

    Args:
        target: a run folder or a model folder.
        real: a folder of pictures or a .npz file to compare with, instead of the recipe's own data.
        split: which split of the recipe's data to compare with.
        samples: how many to generate; the recipe's `report.evaluation_samples` when left out.
        seed: of the generated samples.
        overrides: changes of the recipe, e.g. `extractor.name=pixels`.

    Returns:
        `metrics` by name; beside them the model, the features they are computed in, and the counts.

    Raises:
        CheckpointError: there is no model, or it does not remember its recipe.
        DataError: the data is absent.
    """
    started = time.perf_counter()
    pipeline = load(target)
    document = pipeline.config.get("recipe")
    if not isinstance(document, dict):
        raise CheckpointError(f"{target} does not remember the recipe it was trained with, so it cannot be evaluated")
    source = f"{locate_model(target)}/config.json"
    recipe = validate(apply_overrides(document, overrides, source), source)
    opened = open_recipe(recipe)
    held_out = None if real is None else open_real(Path(real), recipe)
    count = samples or recipe.report.evaluation_samples
    network = pipeline.module
    device = next(network.parameters()).device
    extractor = build_extractor(opened)
    values = measure_network(opened, network, split, count, device, seed=seed, held_out=held_out, extractor=extractor)
    compared = held_out if held_out is not None else opened.splits[split]
    return {
        "model": str(locate_model(target)),
        "real": str(real) if real is not None else f"{recipe.data['name']} ({split})",
        "real_samples": len(compared),
        "samples": count,
        "features": extractor.name,
        "seed": seed,
        "metrics": values,
        "seconds": round(time.perf_counter() - started, 2),
    }


def open_real(path: Path, recipe: Recipe) -> Source:
    """Real data to compare with, brought to the model's resolution and channels."""
    if not path.exists():
        raise DataError(f"--real {path}: there is no such folder or file")
    shape = {key: recipe.generator[key] for key in ("resolution", "channels")}
    spec = {"name": "npz", "labels": None} if path.suffix == ".npz" else {"name": "folder"}
    source: Source = build("datasets", {**spec, "path": str(path)}, "--real", **shape)
    return source

"""Measuring models whose every output has a reference of its own: copies of recordings, translations of sentences."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from toolkit.config import validate
from toolkit.config.overrides import apply_overrides
from toolkit.data.source import Source
from toolkit.engine.models import locate_model, read_config
from toolkit.errors import CheckpointError, DataError, UnknownPartError
from toolkit.registry import REGISTRY
from toolkit.runs.assemble import open_recipe
from toolkit.runs.choices import ALL
from toolkit.runs.measure import held_out_part
from toolkit.runs.models import load


@runtime_checkable
class JudgesPairs(Protocol):
    """A pipeline that is measured by comparing what it makes with references, sample by sample."""

    def open_data(self, path: Path, split: str) -> tuple[Source, str]:
        """Somebody's data in the model's form, and which part of it that is, in a word.

        Raises:
            DataError: it is absent or unfit.
        """
        ...

    def evaluate(self, source: Source, metrics: Sequence[Any] | None, samples: int | None, seed: int) -> dict[str, Any]:
        """Compare with the references.

        Args:
            source: samples with their references.
            metrics: names of paired metrics; `None` for all default ones that can be computed here.
            samples: most to use, chosen at random.
            seed: of that choice.

        Returns:
            `samples`, `metrics` and `intervals` by name, and whatever else is worth knowing, e.g. `rows` of baselines.
        """
        ...


def judges_pairs(target: str | Path) -> bool:
    """Whether a run or model is measured by pairs: its pipeline says so by having the methods of `JudgesPairs`."""
    try:
        name = read_config(locate_model(target)).get("pipeline")
        part = REGISTRY.load("pipelines", str(name))
    except (CheckpointError, UnknownPartError):
        return False  # whoever loads it says what is wrong
    return hasattr(part, "open_data") and hasattr(part, "evaluate")


def evaluate_pairs(
    target: str | Path,
    real: str | Path | None,
    *,
    chosen: Sequence[str],
    split: str,
    samples: int | None,
    seed: int,
    overrides: Sequence[str],
    unfit: Mapping[str, object],
    sides: tuple[str | Path, str | Path] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Measure a model by pairs, on its own held-out data or on somebody's.

    Args:
        target: a run folder, a model folder or a shipped model's name.
        real: data to compare with; the recipe's held-out part when left out.
        chosen: names of metrics; the default ones when empty, or `all`.
        split: which part of the data.
        samples: most to use.
        seed: of the choice of samples.
        overrides: changes of the recipe that say where its data is, e.g. `data.path=DIR`.
        unfit: settings that mean nothing here, by option; one that is set is refused.
        sides: data in two files, what goes in and what shall come out, instead of `real`; a pipeline that takes such
            data has `open_sides`.
        settings: what only some pipelines know, e.g. `beam` of translators, for their `evaluate`.

    Raises:
        CheckpointError: there is no model, or no data was given and it does not remember its recipe.
        DataError: the data is absent or unfit, or a setting makes no sense.
    """
    wrong = [name for name, value in unfit.items() if value]
    if wrong:
        raise DataError(
            f"{', '.join(wrong)}: {target} is measured against references, one by one, not in features",
            "leave that out",
        )
    pipeline: Any = load(target)
    taken = inspect.signature(pipeline.evaluate).parameters.values()
    if settings and not any(one.kind is one.VAR_KEYWORD for one in taken):
        raise DataError(
            f"{', '.join(f'--{name}' for name in settings)}: {target} knows no such thing", "leave that out"
        )
    if sides is not None:
        if not hasattr(pipeline, "open_sides"):
            raise DataError(f"--source and --target: {target} does not translate texts", "name the data with --real")
        source, words = pipeline.open_sides(Path(sides[0]), Path(sides[1]))
    elif real is not None:
        if not Path(real).exists():
            raise DataError(f"--real {real}: there is no such folder or file")
        source, part = pipeline.open_data(Path(real), split)
        words = f"{real} ({part})"
    else:
        source, words = _own_data(pipeline, target, split, overrides)
    names = None if not chosen or list(chosen) == [ALL] else list(chosen)
    found = pipeline.evaluate(source, names, samples, seed, **(settings or {}))
    return {
        "model": str(locate_model(target)),
        "real": words,
        "real_samples": len(source),
        **found,
        "seed": seed,
        "left_out": [f"{problem.path}: {problem.reason}" for problem in source.problems],
    }


def _own_data(pipeline: Any, target: str | Path, split: str, overrides: Sequence[str]) -> tuple[Source, str]:
    document = pipeline.config.get("recipe")
    if not isinstance(document, dict):
        raise CheckpointError(
            f"{target} does not remember the recipe it was trained with", "say what to compare with: --real DIR"
        )
    recipe = validate(apply_overrides(document, overrides, f"{target}/config.json"), str(target))
    try:
        opened = open_recipe(recipe)
    except DataError as error:
        raise DataError(
            f"the data of {target}, '{recipe.data['name']}', cannot be opened: {error.message}",
            f"{error.way_out or 'put it in its place'}; or compare with other data: --real DIR",
        ) from error
    return held_out_part(opened, split, once=True), f"{recipe.data['name']} ({split})"

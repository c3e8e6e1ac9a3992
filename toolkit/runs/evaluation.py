"""Measuring a run or a model against data that it was not trained on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.engine.cache import cache_folder
from toolkit.errors import CheckpointError, DataError
from toolkit.metrics.bank_cache import BankCache
from toolkit.runs.candidate import Candidate
from toolkit.runs.paired import evaluate_pairs, judges_pairs
from toolkit.runs.sets import evaluate_pictures, is_picture_set

REPEATS = 10


def evaluate(
    target: str | Path,
    *,
    real: str | Path | None = None,
    train: str | Path | None = None,
    features: str | None = None,
    metrics: str | Sequence[str] = (),
    split: str = "test",
    samples: int | None = None,
    seed: int = 0,
    per_class: bool = False,
    repeats: int = REPEATS,
    cache: bool = True,
    overrides: Sequence[str] = (),
    judge: bool = False,
    truncation: float | None = None,
    pages: Callable[[Any], Callable[..., Any]] | None = None,
    sides: tuple[str | Path, str | Path] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Compare what a model generates, or somebody's pictures, with real data that were not trained on.

    Args:
        target: a run folder, a model folder or a shipped model's name; or a folder of pictures or an `.npz` file.
        real: a folder of pictures or an `.npz` file to compare with; the held-out part of the recipe's own data when
            left out.
        train: a folder or `.npz` file with the training data, for metrics of memorisation; the recipe's own when it is
            there.
        features: name of the extractor, or of a classifier model, instead of the recipe's.
        metrics: names of metrics instead of the recipe's; `"all"` for every one that fits.
        split: which split of the recipe's data to compare with, or part of `real` if its folders name parts.
        samples: how many to generate; the recipe's `report.evaluation_samples` when left out.
        seed: of the generated samples and of the subsets.
        per_class: also the numbers of each class.
        repeats: random subsets for the 95 % intervals, at least 2; 0 for no intervals.
        cache: keep the features of real data on disk for the next time.
        overrides: changes of the recipe, e.g. `extractor.name=pixels`.
        judge: measure only pictures that the model's own discriminators accept (`toolkit generate --judge`).
        truncation: measure less varied, more typical pictures (`toolkit generate --truncation`).
        pages: given the loaded pipeline, makes what generates the samples (see `toolkit.image.measure.Pages`) in yet
            another way than straight from the network.
        sides: for a translator, a text file and its translation, line by line, instead of `real`.
        settings: for a translator, how to translate: `beam`, `terms`, ... (`toolkit.translation.options.Options`); for
            a voice, `recognizer`.

    Returns:
        `metrics` by name and the half widths of their 95 % `intervals`; beside them what was compared, the features it
        was compared in, whether a Fréchet distance is comparable with published FIDs, and what was left out.

    Raises:
        CheckpointError: there is no model, it does not remember its recipe and nothing was given, or has no judge.
        DataError: the data is absent, or too little for every metric or for one that was named.
    """
    started = time.perf_counter()
    if repeats == 1 or repeats < 0:
        raise DataError(f"intervals need at least 2 repeats, not {repeats}", "give 0 for no intervals")
    if judge or truncation is not None:

        def pages(pipeline: Any) -> Callable[..., Any]:
            return altered_samples(pipeline, judge, truncation)

    chosen = [metrics] if isinstance(metrics, str) else list(metrics)
    if not is_picture_set(target, None) and judges_pairs(target):
        unfit: dict[str, object] = {"--features": features, "--train": train, "--judge": judge}
        unfit |= {"--per-class": per_class, "--truncation": truncation is not None}
        found = evaluate_pairs(
            target,
            real,
            chosen=chosen,
            split=split,
            samples=samples,
            seed=seed,
            overrides=overrides,
            unfit=unfit,
            sides=sides,
            settings=settings,
        )
        return {**found, "seconds": round(time.perf_counter() - started, 2)}
    if sides or settings:
        raise DataError(
            f"{target} is neither translator nor voice: it takes no sentences, and no settings of theirs",
            "leave that out",
        )
    banks = BankCache(cache_folder("features") if cache else None)
    measuring: dict[str, Any] = {"repeats": repeats, "by_class": per_class}
    if is_picture_set(target, real):
        if judge:
            raise DataError(f"{target} holds pictures, and only a model has a judge", "leave --judge out")
        if truncation is not None:
            raise DataError(f"{target} holds pictures, which cannot be truncated any more", "leave --truncation out")
        found = evaluate_pictures(
            target,
            real,
            train,
            features=features,
            chosen=chosen,
            split=split,
            limit=samples,
            seed=seed,
            overrides=overrides,
            cache=banks,
            **measuring,
        )
    else:
        candidate = Candidate(target, features, chosen, overrides)
        candidate.open(real, train, split)
        found = candidate.measure(samples, seed, banks, pages, measuring) | {"judged": judge, "truncation": truncation}
    return {**found, "seconds": round(time.perf_counter() - started, 2)}


def altered_samples(pipeline: Any, judge: bool = False, truncation: float | None = None) -> Callable[..., Any]:
    """Pages of pictures that the model's own discriminators accept, or truncated ones, or both.

    Raises:
        CheckpointError: the model has no judge.
        ToolkitError: the truncation is out of range.
    """
    if not hasattr(type(pipeline), "pages"):
        words = "has no judge of its samples" if judge else "makes no samples that could be truncated"
        raise CheckpointError(
            f"a model for {getattr(pipeline, 'modality', 'something else')} {words}",
            "leave --judge out" if judge else "leave --truncation out",
        )
    pages: Callable[..., Any] = pipeline.pages(judge, truncation)
    return pages

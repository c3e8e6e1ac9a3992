"""Comparing two sets of pictures, without any model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.config.overrides import apply_overrides
from toolkit.config.schema import Spec
from toolkit.data.alignment import common_classes, with_classes
from toolkit.data.listing import list_pictures
from toolkit.data.source import Source, Subset
from toolkit.engine.device import choose_device
from toolkit.engine.models import locate_model
from toolkit.engine.randomness import fold
from toolkit.errors import CheckpointError, ConfigError, DataError, Problem, nearest
from toolkit.image.measure import real_bank
from toolkit.image.picture_set import PictureSet, look_at
from toolkit.metrics.bank_cache import BankCache
from toolkit.metrics.classifier import ClassifierFeatures
from toolkit.metrics.comparison import Banks, compare, generated_capacity
from toolkit.metrics.extractor import ClassifierExtractor, Extractor
from toolkit.runs.choices import (
    default_features,
    drop_unfit_accuracy,
    feature_spec,
    is_fid,
    metric_specs,
    named_metrics,
    refuse_if_asked,
)
from toolkit.runs.folder import RunFolder
from toolkit.runs.measure import build_extractor, build_metrics
from toolkit.runs.verdict import verdict

METRICS = ("frechet", "kernel", "precision_recall", "density_coverage")
"""Metrics of two sets; beside them `score` and `accuracy` where the features come from a classifier, and `memorisation`
where training data is given."""

_SETTINGS = ("extractor", "metrics", "resolution", "channels")


def is_picture_set(target: str | Path, real: str | Path | None) -> bool:
    """Whether something to evaluate is pictures rather than a model: an `.npz` file, or a folder that holds no model.

    Args:
        target: what is to be evaluated.
        real: what to compare it with; where that is given, a folder without anything was meant to hold pictures.
    """
    path = Path(target).expanduser()
    if path.is_file():
        return path.suffix.lower() == ".npz"
    if not path.is_dir() or RunFolder(path).started():
        return False
    try:
        if locate_model(path).is_relative_to(path):
            return False
    except CheckpointError:
        return real is not None or _holds_pictures(path)
    return _holds_pictures(path)  # a shipped model has that name too; what lies here comes first


def _holds_pictures(path: Path) -> bool:
    return bool(list_pictures(path).pictures) or any(path.glob("*.npz"))


def evaluate_pictures(
    generated: str | Path,
    real: str | Path | None,
    train: str | Path | None,
    *,
    features: str | None,
    chosen: Sequence[str],
    split: str,
    limit: int | None,
    seed: int,
    overrides: Sequence[str],
    cache: BankCache,
    **settings: Any,
) -> dict[str, Any]:
    """Compare generated with real pictures, both from folders or `.npz` files.

    Both are brought to the smaller of their common sizes (medians of the shorter sides) and to the colours that both
    have: grey if all pictures of both are, with alpha if both have transparent parts (in at least a quarter of the
    pictures), otherwise colour. A classifier whose features are used decides both. The overrides `resolution=` and
    `channels=` choose otherwise.

    Args:
        generated: what is judged.
        real: what it is compared with.
        train: training data, for metrics of memorisation.
        features: name of an extractor or a classifier model; Inception where it is on this machine, otherwise pixels.
        chosen: names of metrics; those of `METRICS` when empty.
        split: part of `real` to take, if its folders or files name parts.
        limit: most generated pictures to use, chosen at random.
        seed: of that choice and of the subsets.
        overrides: `extractor...`, `metrics...`, `resolution`, `channels`.
        cache: where features are kept.
        settings: of `toolkit.metrics.comparison.compare`.

    Raises:
        DataError: a set is absent or has too few pictures.
    """
    if real is None:
        raise DataError(f"{generated} holds pictures, not a model", "give what to compare them with: --real DIR_OR_NPZ")
    wanted = _settings(overrides, features)
    sets = _Sets(look_at(generated), look_at(real), None if train is None else look_at(train))
    resolution, channels, extractor = _form(sets, wanted)
    fake, held_out = sets.generated.open(resolution, channels), sets.real.open(resolution, channels, split)
    seen = None if sets.train is None else sets.train.open(resolution, channels, "train")
    fake = _some(fake, limit, seed)
    fake, held_out, classes, notes = _aligned(sets, fake, held_out, tuple(getattr(extractor, "classes", ())))

    usual = [*METRICS, *(["score", "accuracy"] if isinstance(extractor, ClassifierExtractor) else [])]
    usual += ["memorisation"] if seen is not None else []
    metrics = build_metrics(metric_specs(chosen, wanted.get("metrics") or usual))
    asked = named_metrics(chosen, overrides, metrics)
    needed = seen if any(metric.needs_train for metric in metrics.values()) else None
    banks = Banks(
        real_bank(held_out, extractor, cache),
        real_bank(fake, extractor, BankCache(), generated_capacity(metrics.values())),
        None if needed is None else real_bank(needed, extractor, cache, capacity=None),
    )
    skipped = drop_unfit_accuracy(metrics, extractor, classes, banks)
    refuse_if_asked(skipped, asked)
    found = compare(banks, metrics, seed=seed, lenient=not asked, **settings)
    found.skipped.update(skipped)
    resized = any(one.unlike(resolution) for one in (sets.generated, sets.real))
    return verdict(
        {"generated": str(generated)},
        found,
        real=str(real),
        real_samples=banks.real.count,
        samples=banks.fake.count,
        features=extractor.name,
        fid=is_fid(extractor.name, banks.fake.count, resized),
        seed=seed,
        classes=classes,
        notes=[*sets.notes, *notes, *cache.take_notes()],
        left_out=[*fake.problems, *held_out.problems, *(seen.problems if seen is not None else [])],
    ) | {"resolution": resolution, "channels": channels}


@dataclass
class _Sets:
    """What is compared, looked at."""

    generated: PictureSet
    real: PictureSet
    train: PictureSet | None

    @property
    def notes(self) -> list[str]:
        sets = (self.generated, self.real, self.train)
        return [note for one in sets if one is not None for note in one.notes]


def _settings(overrides: Sequence[str], features: str | None) -> Spec:
    """The few settings that a comparison without a recipe has."""
    document: Spec = {} if features is None else {"extractor": feature_spec(features)}
    if any(text.startswith("extractor.") for text in overrides) and not document:
        document = {"extractor": {"name": "pixels"}}
    wanted = apply_overrides(document, overrides, "this comparison")
    problems = [
        Problem(key, f"is no setting of a comparison of pictures; {nearest(key, _SETTINGS)}")
        for key in wanted
        if key not in _SETTINGS
    ]
    for key, choices in (("resolution", range(4, 4097)), ("channels", (1, 3, 4))):
        if key in wanted and wanted[key] not in choices:
            what = "a whole number from 4 to 4096" if key == "resolution" else "1, 3 or 4"
            problems.append(Problem(key, f"is {wanted[key]!r}; it must be {what}"))
    if problems:
        raise ConfigError(problems, "the overrides")
    return wanted


def _form(sets: _Sets, wanted: Spec) -> tuple[int, int, Extractor]:
    """Resolution, channels, and the extractor that looks at them."""
    one, other = sets.generated, sets.real
    resolution = max(1, min(one.side, other.side))
    channels = one.channels if one.channels == other.channels else 3
    spec = wanted.get("extractor") or default_features(int(wanted.get("resolution", resolution)))
    extractor = build_extractor(spec, choose_device())
    network = getattr(extractor, "module", None)
    resolution = getattr(network, "resolution", resolution)
    if isinstance(extractor, ClassifierFeatures):
        channels = getattr(network, "channels", channels)
    return int(wanted.get("resolution", resolution)), int(wanted.get("channels", channels)), extractor


def _some(source: Source, limit: int | None, seed: int) -> Source:
    if limit is None or limit >= len(source):
        return source
    random = np.random.default_rng(fold(seed, "limit") % 2**63)
    return Subset(source, np.sort(random.permutation(len(source))[:limit]))


def _aligned(
    sets: _Sets, fake: Source, held_out: Source, known: tuple[str, ...]
) -> tuple[Source, Source, tuple[str, ...], list[str]]:
    """Both sets with labels that mean the same: the classifier's classes if both fit them, else all that there are."""
    labelled = [(source, one) for source, one in ((held_out, sets.real), (fake, sets.generated)) if source.classes]
    if not labelled:
        return fake, held_out, (), []
    names: tuple[str, ...] = ()
    for source, one in labelled:
        names = names if one.numbered else common_classes(names, source.classes)
    if not names:
        names = max((source.classes for source, _ in labelled), key=len)
    goal = known if known and all(_fits(source, known, one) for source, one in labelled) else names
    notes = []
    aligned = []
    for source, one in ((fake, sets.generated), (held_out, sets.real)):
        if source.classes:
            source, note = with_classes(source, goal, str(one.path), numbered=one.numbered)
            notes += [note] if note else []
        elif len(labelled) == 1:
            notes.append(f"{one.path} has no labels")
        aligned.append(source)
    return aligned[0], aligned[1], goal, notes


def _fits(source: Source, classes: tuple[str, ...], one: PictureSet) -> bool:
    try:
        return not with_classes(source, classes, str(one.path), numbered=one.numbered)[1]
    except DataError:
        return False

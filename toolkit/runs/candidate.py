"""A model that is to be judged, with the data it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolkit.config import Recipe, build, validate
from toolkit.config.overrides import apply_overrides
from toolkit.config.schema import Spec
from toolkit.data.alignment import with_classes
from toolkit.data.source import Source
from toolkit.engine.models import locate_model
from toolkit.errors import CheckpointError, DataError
from toolkit.image.picture_set import look_at
from toolkit.metrics.bank_cache import BankCache
from toolkit.metrics.base import Metric
from toolkit.metrics.comparison import Banks
from toolkit.runs.assemble import Opened, open_recipe
from toolkit.runs.choices import (
    default_features,
    drop_unfit_accuracy,
    feature_spec,
    is_fid,
    metric_specs,
    named_metrics,
    refuse_if_asked,
)
from toolkit.runs.measure import build_extractor, build_metrics, held_out_part, measure_network, recipe_metrics
from toolkit.runs.models import load
from toolkit.runs.verdict import verdict


@dataclass
class Candidate:
    """A model on its way through an evaluation.

    Args:
        target: a run folder, a model folder or a shipped model's name.
        features: name of the extractor, or of a classifier model, instead of the recipe's.
        chosen: names of metrics instead of the recipe's.
        overrides: changes of its recipe.

    Attributes:
        held_out: what to compare with, once `open` was called.
        train: the training data, where it is known.
        real: words for what it is compared with.
        remembers: whether it knows its recipe; one that was imported does not.
        notes: sentences for the user.

    Raises:
        CheckpointError: there is no model, or it is neither an image model nor remembers its recipe.
    """

    target: str | Path
    features: str | None = None
    chosen: Sequence[str] = ()
    overrides: Sequence[str] = ()
    notes: list[str] = field(default_factory=list)
    resized: bool = False

    def __post_init__(self) -> None:
        self.pipeline: Any = load(self.target)
        document = self.pipeline.config.get("recipe")
        self.remembers = isinstance(document, dict)
        if not self.remembers:
            document = self._without_recipe()
        if self.features is not None:
            document = {**document, "extractor": feature_spec(self.features)}
        source = f"{locate_model(self.target)}/config.json"
        self.recipe: Recipe = validate(apply_overrides(document, self.overrides, source), source)

    def _without_recipe(self) -> Spec:
        """A stand-in for the recipe of a generator of pictures that was trained elsewhere."""
        config = self.pipeline.config
        if config.get("pipeline") != "image" or "generator" not in config:
            raise CheckpointError(
                f"{self.target} does not remember the recipe it was trained with, so it cannot be evaluated"
            )
        task = {"name": "image", "conditional": bool(config.get("classes"))}
        return {"task": task, "data": {"name": "folder", "path": "unknown"}, "generator": config["generator"]}

    def open(self, real: str | Path | None, train: str | Path | None, split: str) -> None:
        """Open what to compare with: the recipe's own data, or what was given.

        Raises:
            CheckpointError: nothing was given, and the model does not remember what it was trained with.
            DataError: the data is absent.
        """
        if real is None and not self.remembers:
            raise CheckpointError(
                f"{self.target} does not remember the recipe it was trained with, nor its data",
                "say what to compare with: --real DIR_OR_NPZ",
            )
        if real is None:
            try:
                self.opened = open_recipe(self.recipe)
            except DataError as error:
                raise DataError(
                    f"the data of {self.target}, '{self.recipe.data['name']}', cannot be opened: {error.message}",
                    f"{error.way_out or 'put it in its place'}; or compare with other pictures: --real DIR_OR_NPZ",
                ) from error
            self.held_out = held_out_part(self.opened, split)
            self.train: Source | None = self.opened.splits["train"]
            self.real = f"{self.recipe.data['name']} ({split})"
        else:
            self.opened, self.held_out = self._against(Path(real), split)
            self.train = None
            self.real = str(real)
        if train is not None:
            looked = look_at(train)
            self.train = looked.open(*self._shape(), "train")
            self.notes += looked.notes
        elif real is not None:
            self._find_training_data()

    def _against(self, path: Path, split: str) -> tuple[Opened, Source]:
        """The task on other data than the recipe's, brought to the model's form."""
        if not path.exists():
            raise DataError(f"--real {path}: there is no such folder or file")
        resolution, channels = self._shape()
        looked = look_at(path)
        source = looked.open(resolution, channels, split)
        self.notes += looked.notes
        self.resized = looked.unlike(resolution) > 0
        task = build("tasks", self.recipe.task, "task")
        classes = self.pipeline.config.get("classes") or ()
        if classes:
            required = not hasattr(task, "feature_banks")  # a classifier is measured by labels alone
            source, note = with_classes(source, classes, str(path), numbered=looked.numbered, required=required)
            self.notes += [note] if note else []
        task.open(source)
        return Opened(self.recipe, task, source, {"test": source}), source

    def _shape(self) -> tuple[int, int]:
        """Resolution and channels of the model's pictures."""
        try:
            return int(self.recipe.generator["resolution"]), int(self.recipe.generator["channels"])
        except KeyError:
            raise DataError(f"{self.target} is no model of pictures, so --real and --train do not go with it") from None

    def _find_training_data(self) -> None:
        """The recipe's own training data, only if a metric wants it; that metric is left out where it is not here."""
        needed = [spec for spec in self._specs() if getattr(build("metrics", spec, "metrics"), "needs_train", False)]
        if not needed:
            return
        if not self.remembers:
            self.notes.append("the training data is not known, for metrics that need it give --train")
            return
        try:
            self.train = open_recipe(self.recipe).splits["train"]
        except DataError as error:
            self.notes.append(f"the training data is not here, for metrics that need it give --train: {error.message}")

    def _specs(self) -> list[Any]:
        return metric_specs(self.chosen, recipe_metrics(self.opened))

    def measure(
        self,
        samples: int | None,
        seed: int,
        cache: BankCache,
        pages: Callable[[Any], Callable[..., Any]] | None,
        settings: dict[str, Any],
    ) -> dict[str, Any]:
        """Compare, and put the result into words."""
        network = self.pipeline.module
        device = next(network.parameters()).device
        in_features = hasattr(self.opened.task, "feature_banks")
        usual = default_features(int(self.recipe.generator.get("resolution", 8))) if in_features else None
        extractor = build_extractor(self.recipe.extractor or usual, device)
        metrics: dict[str, Metric] = build_metrics(self._specs())
        asked = named_metrics(self.chosen, self.overrides, metrics)
        skipped: dict[str, str] = {}
        counted: list[int] = []

        def check(banks: Banks) -> None:
            counted.append(banks.fake.count)  # a judge may accept fewer than were asked for
            classes = self.pipeline.config.get("classes") or ()
            skipped.update(drop_unfit_accuracy(metrics, extractor, classes, banks))
            refuse_if_asked(skipped, asked)

        count = samples or self.recipe.report.evaluation_samples
        found = measure_network(
            self.opened,
            network,
            self.held_out,
            self.train,
            count,
            device,
            extractor=extractor,
            metrics=metrics,
            seed=seed,
            cache=cache,
            pages=None if pages is None else pages(self.pipeline),
            check=check,
            lenient=not asked,
            **settings,
        )
        found.skipped.update(skipped)
        return verdict(
            {"model": str(locate_model(self.target))},
            found,
            real=self.real,
            real_samples=len(self.held_out),
            samples=counted[0] if in_features else len(self.held_out),
            features=extractor.name if in_features else None,
            fid=in_features and is_fid(extractor.name, counted[0], self.resized),
            seed=seed,
            classes=self.pipeline.config.get("classes") or (),
            notes=self.notes + cache.take_notes(),
            left_out=self.held_out.problems,
        )

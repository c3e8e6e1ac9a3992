"""Short trial games with other penalty weights, before a run begins: is the planned weight healthy, is another better?

The trials play the run's own game through its trainer, from the same beginning, on the same batches; only the penalty
weights differ. `toolkit.runs.trial` says how they are judged.
"""

from __future__ import annotations

import copy
import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from toolkit.adversarial.trainer import Trainer
from toolkit.config import Recipe, build, to_document, validate
from toolkit.config.plan import Probe
from toolkit.data.source import Source, Subset
from toolkit.engine.device import Precision
from toolkit.engine.processes import Processes
from toolkit.errors import TrainingError
from toolkit.metrics.base import FewSamplesWarning
from toolkit.metrics.extractor import Extractor
from toolkit.runs.assemble import Opened, build_game, build_loader, build_trainer, open_recipe
from toolkit.runs.measure import build_extractor, measure_network
from toolkit.runs.trial import Trial, choose, judge

REFERENCE = 256
"""Held-out samples that a distance needs; with fewer, trials are compared with training data."""
SAMPLES, MOST_REAL = 512, 2_000
JUDGED_FROM = 2 / 3
"""Share of a trial after which its distance is measured first, and from which its statistics are averaged."""
_LEVELS = ("value", "start", "end")  # of the schedules; their other numbers are lengths


@dataclass(frozen=True)
class Probed:
    """What a probe found.

    Attributes:
        trials: in the order of their factors.
        chosen: the trial whose weights the run takes.
        why: in a sentence.
        features: what the distances were measured in.
    """

    trials: tuple[Trial, ...]
    chosen: Trial
    why: str
    features: str


def play_trials(
    recipe: Recipe,
    probe: Probe,
    source: Source,
    device: torch.device,
    precision: Precision,
    after_step: Callable[[], None] = lambda: None,
) -> Probed:
    """Play each trial from its beginning and judge them.

    Args:
        recipe: the planned recipe.
        probe: which weights to vary, by how much, for how long.
        source: the recipe's data.
        device: where to play.
        precision: how.
        after_step: called after every step of every trial.
    """
    trials = []
    extractor: Extractor | None = None
    for factor in probe.factors:
        opened = open_recipe(_trial_recipe(recipe, probe, factor), precision.parameter_dtype, source)
        extractor = build_extractor(recipe.extractor, device) if extractor is None else extractor
        trials.append(_play(opened, probe, factor, extractor, device, precision, after_step))
    judged = judge(trials)
    chosen, why = choose(judged)
    return Probed(tuple(judged), chosen, why, extractor.name if extractor is not None else "")


def with_weights(recipe: Recipe, probe: Probe, factor: float) -> Recipe:
    """The recipe with the probed weights multiplied, schedules from beginning to end."""
    document = to_document(recipe)
    for path in probe.paths:
        holder, last = _place(document, path)
        holder[last] = _scaled(holder[last], factor)
    return validate(document)


def _trial_recipe(recipe: Recipe, probe: Probe, factor: float) -> Recipe:
    """Without an average of the weights: it would still show the beginning."""
    trial = with_weights(recipe, probe, factor)
    return trial.model_copy(update={"ema": None, "trainer": trial.trainer.model_copy(update={"steps": probe.steps})})


def _play(
    opened: Opened,
    probe: Probe,
    factor: float,
    extractor: Extractor,
    device: torch.device,
    precision: Precision,
    after_step: Callable[[], None],
) -> Trial:
    trainer = build_trainer(opened, build_game(opened, device, precision), device, precision, Processes())
    watch = _Watch(after_step)
    trainer.observers = [watch]
    stream = build_loader(opened, Processes())
    marks = (max(1, round(probe.steps * JUDGED_FROM)), probe.steps)
    distances: list[float] = []
    try:
        for mark in marks:
            trainer.fit(stream, mark)
            distances.append(_distance(opened, trainer.game.generator, extractor, device))
            watch.pause()
    except TrainingError:  # not finite, many times in a row
        distances.append(math.inf)
    if trainer.progress.skipped_turns:
        distances.append(math.inf)
    late = watch.values[marks[0] :] or watch.values
    weights = tuple(float(penalty.weight(0.0)) for penalty in trainer.game.penalties)
    return Trial(
        factor,
        weights,
        math.exp(sum(math.log(max(value, 1e-12)) for value in distances) / len(distances)),
        _mean(late, "diversity"),
        _mean(late, "win_rate"),
        watch.seconds / max(len(watch.values), 1),
    )


class _Watch:
    """Keeps what each step reported, and the time of the steps alone."""

    def __init__(self, after_step: Callable[[], None]) -> None:
        self.values: list[Mapping[str, float]] = []
        self.seconds = 0.0
        self._after_step = after_step
        self._since = time.perf_counter()

    def after_step(self, trainer: Trainer, values: Mapping[str, float]) -> None:
        """Note the step."""
        now = time.perf_counter()
        self.seconds += now - self._since
        self._since = now
        self.values.append(dict(values))
        self._after_step()

    def pause(self) -> None:
        """What was done since the last step was no step."""
        self._since = time.perf_counter()


def _distance(opened: Opened, network: nn.Module, extractor: Extractor, device: torch.device) -> float:
    shown = copy.deepcopy(network).eval().requires_grad_(False)  # its batch statistics must not be disturbed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FewSamplesWarning)  # trials are compared with each other, at equal numbers
        found = measure_network(
            opened,
            shown,
            _reference(opened),
            None,
            SAMPLES,
            device,
            extractor=extractor,
            metrics={"frechet": build("metrics", "frechet")},
        )
    distance = found.values["frechet_distance"]
    return distance if math.isfinite(distance) else math.inf


def _reference(opened: Opened) -> Source:
    held_out = opened.splits["validation"]
    source = held_out if len(held_out) >= REFERENCE else opened.splits["train"]
    return Subset(source, range(min(len(source), MOST_REAL)))


def _mean(reports: Sequence[Mapping[str, float]], name: str) -> float:
    found = [report[name] for report in reports if math.isfinite(report.get(name, math.nan))]
    return sum(found) / len(found) if found else 0.0


def _place(document: Any, path: str) -> tuple[Any, Any]:
    """What holds the value at a dotted path, and its key there."""
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps:
        document = document[step]
    return document, last


def _scaled(weight: Any, factor: float) -> Any:
    """A number, or those numbers of a schedule that are levels rather than lengths."""
    if isinstance(weight, Mapping):
        return {
            key: value * factor if key in _LEVELS and isinstance(value, (int, float)) else value
            for key, value in weight.items()
        }
    return weight * factor

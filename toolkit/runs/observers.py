"""What looks on while a run trains: reports, pictures, measures, checkpoints. None of it changes the training."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from toolkit.adversarial.health import HealthMonitor
from toolkit.adversarial.trainer import Trainer
from toolkit.engine.checkpoint import CheckpointStore
from toolkit.engine.progress import Progress
from toolkit.engine.trackers import Tracker
from toolkit.runs.remarks import Remarks
from toolkit.runs.snapshot import state_of, weights_of


def evaluated_network(trainer: Trainer) -> nn.Module:
    """The network that is looked at, measured and shipped: the average if there is one."""
    return trainer.game.generator if trainer.ema is None else trainer.ema.module


class Reporter:
    """Progress bar at every step, trackers at every `log_every` steps (means since the last time), sentences.

    Args:
        health: makes sentences of values.
        progress: the bar.
        trackers: get the means.
        every: steps between them.
        remarks: where sentences go; to the bar alone when left out.
    """

    def __init__(
        self,
        health: HealthMonitor,
        progress: Progress,
        trackers: Sequence[Tracker],
        every: int,
        remarks: Remarks | None = None,
    ) -> None:
        self.health = health
        self.remarks = remarks or Remarks(progress)
        self.progress = progress
        self.trackers = trackers
        self.every = every
        self.last: dict[str, float] = {}
        self._sums: dict[str, list[float]] = {}
        self._since = time.perf_counter()
        self._samples: int | None = None

    def after_step(self, trainer: Trainer, values: Mapping[str, float]) -> None:
        """Count, show, and now and then write down."""
        samples = trainer.progress.samples
        for name, value in values.items():
            self._sums.setdefault(name, []).append(value)
        self.progress.update(samples, _headline(values))
        for sentence in self.health.update(samples, values):
            self.remarks.write(trainer, "health", sentence)
        band = trainer.game.band
        if band is not None:
            for sentence in band.sentences:
                self.remarks.write(trainer, "game", sentence)
            band.sentences.clear()
        strange = [name for name, value in values.items() if not math.isfinite(value)]
        if strange:
            words = f"step {trainer.progress.step}: not finite, turn skipped: {', '.join(strange)}"
            self.remarks.write(trainer, "health", words)
        if trainer.progress.step % self.every == 0:
            self._write(trainer)

    def finish(self, trainer: Trainer) -> None:
        """Report the steps since the last report, when training ends between two."""
        if self._sums:
            self._write(trainer)

    def _write(self, trainer: Trainer) -> None:
        samples = trainer.progress.samples
        self.last = {name: sum(values) / len(values) for name, values in self._sums.items()}
        now = time.perf_counter()
        if self._samples is not None:
            self.last["samples_per_second"] = (samples - self._samples) / max(now - self._since, 1e-9)
        strength = getattr(trainer.game.augmentation, "strength", None)
        if strength is not None:
            self.last["augmentation"] = float(strength)
        self._samples, self._since = samples, now
        self._sums.clear()
        record = {
            "step": float(trainer.progress.step),
            **self.last,
            "skipped_turns": float(trainer.progress.skipped_turns),
        }
        for tracker in self.trackers:
            tracker.log(samples, record)


def _headline(values: Mapping[str, float]) -> dict[str, float]:
    """The few values worth a place on the bar: each player's whole loss and the win rate."""
    shown = {}
    for player, short in (("discriminator", "D"), ("generator", "G")):
        parts = [value for name, value in values.items() if name.startswith(f"{player}/")]
        if parts:
            shown[short] = sum(parts)
    if "win_rate" in values:
        shown["win"] = values["win_rate"]
    return shown


class SampleWriter:
    """A picture of samples every `every` steps."""

    def __init__(
        self, preview: Callable[[nn.Module, Path], None], folder: Path, trackers: Sequence[Tracker], every: int | None
    ) -> None:
        self.preview = preview
        self.folder = folder
        self.trackers = trackers
        self.every = every

    def after_step(self, trainer: Trainer, values: Mapping[str, float]) -> None:
        """Write one when it is time."""
        if self.every and trainer.progress.step % self.every == 0:
            self.write(trainer)

    def write(self, trainer: Trainer) -> None:
        """Write one now."""
        samples = trainer.progress.samples
        file = self.folder / f"samples-{samples:09d}.png"
        self.preview(_evaluating(evaluated_network(trainer)), file)
        if file.is_file():
            for tracker in self.trackers:
                tracker.picture(samples, "samples", file)


def _evaluating(network: nn.Module) -> nn.Module:
    return network.eval() if not network.training else _frozen_copy(network)


def _frozen_copy(network: nn.Module) -> nn.Module:
    """A copy of the training network, shown where there is no average: its batch statistics must not be disturbed."""
    import copy

    return copy.deepcopy(network).eval().requires_grad_(False)


class Evaluator:
    """Measures on the validation split every `every` steps."""

    def __init__(
        self,
        measure: Callable[[nn.Module], dict[str, float]],
        trackers: Sequence[Tracker],
        progress: Progress,
        every: int | None,
    ) -> None:
        self.measure = measure
        self.trackers = trackers
        self.progress = progress
        self.every = every
        self.last: dict[str, float] = {}

    def after_step(self, trainer: Trainer, values: Mapping[str, float]) -> None:
        """Measure when it is time."""
        if self.every and trainer.progress.step % self.every == 0:
            self.evaluate(trainer)

    def evaluate(self, trainer: Trainer) -> None:
        """Measure now."""
        self.last = self.measure(_evaluating(evaluated_network(trainer)))
        for tracker in self.trackers:
            tracker.log(trainer.progress.samples, {f"validation/{name}": value for name, value in self.last.items()})
        words = ", ".join(f"{name} {value:.4g}" for name, value in self.last.items())
        self.progress.note(f"step {trainer.progress.step}: {words}")


class Checkpointer:
    """A checkpoint every `every` steps; comes after the evaluator, whose measure decides which is best.

    Args:
        store: where checkpoints go.
        health: its state is part of a checkpoint.
        documents: texts to put beside the weights.
        evaluator: has the newest measures.
        metric: the measure that the best are chosen by.
        every: steps between checkpoints.
        saved: the step that the run was resumed from, which is saved already, together with its score.
    """

    def __init__(
        self,
        store: CheckpointStore,
        health: HealthMonitor,
        documents: Mapping[str, str],
        evaluator: Evaluator,
        metric: str,
        every: int,
        saved: int | None = None,
    ) -> None:
        self.store = store
        self.health = health
        self.documents = documents
        self.evaluator = evaluator
        self.metric = metric
        self.every = every
        self.saved = saved

    def after_step(self, trainer: Trainer, values: Mapping[str, float]) -> None:
        """Save when it is time, unless the step went wrong: then what was saved before is the better place to go on."""
        if trainer.progress.step % self.every == 0 and not trainer.progress.bad_steps:
            self.save(trainer)

    def save(self, trainer: Trainer) -> None:
        """Save now, unless this very step is saved already."""
        if self.saved == trainer.progress.step:
            return
        state: dict[str, Any] = state_of(trainer, self.health)
        fresh = self.evaluator.every and trainer.progress.step % self.evaluator.every == 0
        score = self.evaluator.last.get(self.metric) if fresh else None
        if fresh and score is None and self.store.keep_best:
            warnings.warn(
                f"trainer.best_metric={self.metric} is none of the measures ({', '.join(self.evaluator.last)}), "
                "so no checkpoint is kept as the best; name one of them, or set trainer.keep_best=0",
                RuntimeWarning,
                stacklevel=2,
            )
        self.store.save(trainer.progress.step, weights_of(trainer), state, self.documents, score)
        self.saved = trainer.progress.step

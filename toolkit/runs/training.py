"""Training, from a recipe to a run folder; and going on with one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from toolkit.adversarial.health import HealthMonitor
from toolkit.adversarial.trainer import Observer, Trainer
from toolkit.config import Recipe, build, load_recipe, to_document
from toolkit.config.yaml import dump_yaml
from toolkit.engine.checkpoint import CheckpointStore
from toolkit.engine.device import Precision, choose_device, choose_precision, choose_threads, tune_allocator
from toolkit.engine.processes import Processes, agree, barrier, start_processes
from toolkit.engine.progress import Progress
from toolkit.engine.signals import StopRequest
from toolkit.engine.trackers import Tracker, Truncating
from toolkit.errors import CheckpointError
from toolkit.runs.assemble import Opened, build_game, build_loader, build_trainer, open_recipe
from toolkit.runs.folder import RunFolder
from toolkit.runs.measure import measure_network
from toolkit.runs.models import write_model
from toolkit.runs.observers import Checkpointer, Evaluator, Reporter, SampleWriter
from toolkit.runs.snapshot import restore


@dataclass(frozen=True)
class RunResult:
    """How a training run ended.

    Attributes:
        path: the run folder.
        step: steps done.
        samples: training samples seen.
        values: the last report: losses and statistics, means over the last interval.
        stopped_by: the signal that ended it early, or `None`.
        skipped: input files that were left out, with reasons.
        main: whether this process is the one that reports.
    """

    path: Path
    step: int
    samples: int
    values: dict[str, float] = field(default_factory=dict)
    stopped_by: str | None = None
    skipped: tuple[str, ...] = ()
    main: bool = True


def train(
    recipe: str | Path | Mapping[str, Any] | Recipe,
    out: str | Path | None = None,
    overrides: Sequence[str] = (),
    *,
    quiet: bool = False,
) -> RunResult:
    """Train a recipe from its beginning.

    Args:
        recipe: a recipe folder or file, the name of a packaged recipe, a document, or a validated recipe.
        out: the run folder; `runs/<name of the recipe>` when left out.
        overrides: `a.b=value` texts.
        quiet: no progress bar.

    Raises:
        ConfigError: the recipe is wrong; nothing has been written then.
        CheckpointError: the folder already holds a run.
        DataError: the data is absent or unfit.
        TrainingError: values stopped being finite, or the disk is full.
    """
    checked = recipe if isinstance(recipe, Recipe) else load_recipe(recipe, list(overrides))
    folder = RunFolder(Path(out) if out is not None else Path("runs") / checked.name)
    if folder.started():
        raise CheckpointError(
            f"{folder.path} already holds a run",
            f"go on with it: toolkit resume {folder.path}; or choose another folder with --out",
        )
    return _run(checked, folder, fresh=True, quiet=quiet)


def resume(run: str | Path, overrides: Sequence[str] = (), *, quiet: bool = False) -> RunResult:
    """Go on with a run from its newest good checkpoint; a finished run needs `trainer.steps=...` to go further.

    Raises:
        CheckpointError: this is no run, every checkpoint is damaged, or the checkpoint belongs to other networks.
    """
    folder = RunFolder(Path(run))
    return _run(folder.recipe(list(overrides)), folder, fresh=False, quiet=quiet)


def _run(recipe: Recipe, folder: RunFolder, *, fresh: bool, quiet: bool) -> RunResult:
    device = choose_device(recipe.engine.device)
    precision = choose_precision(recipe.engine.precision, device)
    with ExitStack() as stack:
        processes = stack.enter_context(start_processes(device))
        device = processes.device(device)
        stack.enter_context(_tuned(recipe))
        opened = open_recipe(recipe, precision.parameter_dtype)
        trainer = build_trainer(opened, build_game(opened, device, precision), device, precision, processes)
        session = _Session(opened, folder, trainer, device, precision, processes, quiet or not processes.is_main)
        session.prepare(fresh)
        return session.play(stack)


@contextmanager
def _tuned(recipe: Recipe) -> Iterator[None]:
    """Process-wide settings for the length of a run; global generators are given back as they were."""
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()
    torch.set_num_threads(choose_threads(recipe.engine.threads))
    torch.use_deterministic_algorithms(recipe.engine.deterministic)
    if recipe.engine.allocator == "auto":
        tune_allocator()
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic)
        torch.set_rng_state(states[0])
        random.setstate(states[1])
        np.random.set_state(states[2])


class _Session:
    """One stretch of training in this process."""

    def __init__(
        self,
        opened: Opened,
        folder: RunFolder,
        trainer: Trainer,
        device: torch.device,
        precision: Precision,
        processes: Processes,
        quiet: bool,
    ) -> None:
        self.opened = opened
        self.recipe = opened.recipe
        self.folder = folder
        self.trainer = trainer
        self.device = device
        self.precision = precision
        self.processes = processes
        self.quiet = quiet
        self.health = HealthMonitor()
        options = self.recipe.trainer
        self.store = CheckpointStore(
            folder.checkpoints, options.keep_checkpoints, options.keep_best, options.best_is == "lowest"
        )

    def prepare(self, fresh: bool) -> None:
        """Begin the folder, or take up the newest checkpoint."""
        if fresh:
            if self.processes.is_main:
                self.folder.begin(self.recipe, self.device)
            barrier()
            return
        checkpoint = self.store.latest()
        if checkpoint is not None:
            restore(self.trainer, self.health, checkpoint)
        barrier()
        if self.processes.is_main:
            self.folder.begin(self.recipe, self.device)

    def play(self, stack: ExitStack) -> RunResult:
        """Train until the end or a signal, then save and write the model."""
        options, progress = self.recipe.trainer, self.trainer.progress
        bar = stack.enter_context(Progress(options.steps * options.batch_size, self.quiet, start=progress.samples))
        trackers = self._trackers(stack) if self.processes.is_main else []
        reporter = Reporter(self.health, bar, trackers, options.log_every)
        writer = SampleWriter(self._preview, self.folder.samples, trackers, options.samples_every)
        evaluator = Evaluator(self._measure, trackers, bar, options.evaluate_every)
        checkpointer = Checkpointer(
            self.store, self.health, self._documents(), evaluator, options.best_metric, options.checkpoint_every
        )
        observers: list[Observer] = [reporter]
        if self.processes.is_main:
            observers += [writer, evaluator, checkpointer]
        self.trainer.observers = observers
        request = stack.enter_context(StopRequest())
        stream = build_loader(self.opened, self.processes)
        self.trainer.fit(stream, options.steps, stop=self._stop(request))
        if self.processes.is_main:
            checkpointer.save(self.trainer)
            writer.write(self.trainer)
            self._write_model(reporter.last)
            self._note_skipped(bar)
        barrier()
        return RunResult(
            self.folder.path,
            self.trainer.progress.step,
            self.trainer.progress.samples,
            reporter.last,
            request.requested,
            tuple(str(skipped) for skipped in self.opened.source.problems),
            self.processes.is_main,
        )

    def _stop(self, request: StopRequest) -> Callable[[], bool]:
        return lambda: agree(request.requested is not None)

    def _trackers(self, stack: ExitStack) -> list[Tracker]:
        names = ["jsonl", *(name for name in self.recipe.report.trackers if name != "jsonl")]
        trackers: list[Tracker] = []
        for name in names:
            tracker: Tracker = build("trackers", name)
            stack.callback(tracker.close)
            tracker.start(self.folder.path, to_document(self.recipe))
            if isinstance(tracker, Truncating):  # reports of steps that the checkpoint does not know of
                tracker.truncate_after(self.trainer.progress.samples)
            trackers.append(tracker)
        return trackers

    def _preview(self, network: nn.Module, file: Path) -> None:
        recipe = self.recipe
        with torch.no_grad():
            self.opened.task.preview(network, file, recipe.report.samples, recipe.seed, self.device)

    def _measure(self, network: nn.Module) -> dict[str, float]:
        return measure_network(self.opened, network, "validation", self.recipe.report.evaluation_samples, self.device)

    def _documents(self) -> dict[str, str]:
        return {"recipe.yaml": dump_yaml(to_document(self.recipe))}

    def _write_model(self, values: Mapping[str, float]) -> None:
        network = self.trainer.game.generator if self.trainer.ema is None else self.trainer.ema.module
        write_model(self.folder.model, self.opened, network, self.trainer.progress, values)

    def _note_skipped(self, bar: Progress) -> None:
        problems = self.opened.source.problems
        if problems:
            bar.note(f"{len(problems)} input files were left out:")
            for skipped in problems[:20]:
                bar.note(f"  {skipped}")
            if len(problems) > 20:
                bar.note(f"  ... and {len(problems) - 20} more")


def finished_words(result: RunResult, seconds: float) -> str:
    """How the run ended, in a sentence for the terminal."""
    if result.stopped_by:
        return (
            f"stopped by {result.stopped_by} at step {result.step}; everything is saved. "
            f"Go on with: toolkit resume {result.path}"
        )
    done = f"{result.step} steps ({result.samples:,} samples) done in {seconds:.0f} s"
    return f"{done}; the model is {result.path / 'model'}"


__all__ = ["RunResult", "finished_words", "resume", "train"]

"""One stretch of training: what looks on, what is saved, how it ends."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from toolkit.adversarial.health import HealthMonitor
from toolkit.adversarial.trainer import Observer, Trainer
from toolkit.config import build, to_document
from toolkit.config.yaml import dump_yaml, parse_yaml
from toolkit.data.source import Source
from toolkit.engine.cache import cache_folder
from toolkit.engine.checkpoint import Checkpoint, CheckpointStore
from toolkit.engine.processes import Processes, agree, barrier, gather_objects
from toolkit.engine.progress import Progress
from toolkit.engine.signals import StopRequest
from toolkit.engine.trackers import Tracker, Truncating, read_metrics
from toolkit.errors import CheckpointError
from toolkit.metrics.bank_cache import BankCache
from toolkit.metrics.extractor import Extractor
from toolkit.runs.assemble import Opened, build_loader
from toolkit.runs.folder import RunFolder
from toolkit.runs.guard import Guard
from toolkit.runs.judging import make_judge
from toolkit.runs.measure import build_extractor, build_metrics, held_out_part, measure_network, recipe_metrics
from toolkit.runs.models import task_files, write_model
from toolkit.runs.observers import Checkpointer, Evaluator, Reporter, SampleWriter, evaluated_network
from toolkit.runs.remarks import NOTES, Remarks
from toolkit.runs.snapshot import restore

_COUNTERS = ("samples", "step", "skipped_turns")


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


class Session:
    """One stretch of training in this process."""

    def __init__(
        self,
        opened: Opened,
        folder: RunFolder,
        trainer: Trainer,
        device: torch.device,
        processes: Processes,
        quiet: bool,
    ) -> None:
        self.opened = opened
        self.recipe = opened.recipe
        self.folder = folder
        self.trainer = trainer
        self.device = device
        self.processes = processes
        self.quiet = quiet
        self.health = HealthMonitor()
        self.stream = build_loader(opened, processes)
        self.restored: int | None = None
        self._stopped_by: str | None = None
        self._eye: tuple[Extractor, Source] | None = None
        splits = opened.splits
        self._shown = next(splits[part] for part in ("validation", "test", "train") if len(splits[part]))
        self._cache = BankCache(cache_folder("features"))
        self._trackers: list[Tracker] = []  # of the main process
        options = self.recipe.trainer
        self.store = CheckpointStore(
            folder.checkpoints, options.keep_checkpoints, options.keep_best, options.best_is == "lowest"
        )

    def prepare(self, stack: ExitStack, fresh: bool, documents: Mapping[str, str] | None = None) -> None:
        """Begin the folder, with further texts to keep in it, or take up the newest checkpoint; start the trackers.

        A tracker that refuses is heard before a new folder counts as a run, so the same command can be given again.
        """
        if fresh:
            if self.processes.is_main:
                self.folder.make()
                self._trackers = self._start_trackers(stack)
                self.folder.begin(self.recipe, self.device, documents)
                self.folder.keep(task_files(self.opened.task))
            barrier()
            return
        self.folder.require_same(task_files(self.opened.task))
        checkpoint = self.store.latest()
        if checkpoint is not None:
            self._check_optimizers(checkpoint)
            restore(self.trainer, self.health, checkpoint)
            self.restored = checkpoint.step
        barrier()
        if self.processes.is_main:
            self.folder.begin(self.recipe, self.device)
            self._trackers = self._start_trackers(stack)

    def _check_optimizers(self, checkpoint: Checkpoint) -> None:
        """Another optimiser could not use the state of the one that was saved, and some would not even say so."""
        saved = parse_yaml(checkpoint.document("recipe.yaml"), f"{checkpoint.path}/recipe.yaml")["optimizer"]
        for player in self.trainer.game.players():
            before, now = saved[player]["name"], getattr(self.recipe.optimizer, player)["name"]
            if before != now:
                raise CheckpointError(
                    f"{checkpoint.path} holds the state of the {player}'s optimiser '{before}', not of '{now}'",
                    f"go on with optimizer.{player}.name={before}, or start a new run",
                )

    def play(self, stack: ExitStack) -> RunResult:
        """Train until the end or a signal, then save and write the model."""
        options, progress = self.recipe.trainer, self.trainer.progress
        total = round(options.steps * self.stream.samples_per_batch)
        bar = stack.enter_context(Progress(total, self.quiet, start=progress.samples))
        trackers = self._trackers
        remarks = Remarks(bar, self.folder.path / NOTES if self.processes.is_main else None)
        reporter = Reporter(self.health, bar, trackers, options.log_every, remarks)
        writer = SampleWriter(self._preview, self.folder.samples, trackers, options.samples_every)
        evaluator = Evaluator(self._measure, trackers, bar, options.evaluate_every)
        checkpointer = Checkpointer(
            self.store,
            self.health,
            self._documents(),
            evaluator,
            options.best_metric,
            options.checkpoint_every,
            self.restored,
        )
        observers: list[Observer] = [reporter]
        if self.processes.is_main:
            observers += [writer, evaluator]
        guard = self._guard(evaluator, checkpointer, remarks)
        if guard is not None:
            observers.append(guard)
        if self.processes.is_main:
            observers.append(checkpointer)
        self.trainer.observers = observers
        request = stack.enter_context(StopRequest())
        if guard is not None and self.restored is None:
            guard.begin(self.trainer)
        barrier()
        self.trainer.fit(self.stream, options.steps, stop=self._stop(request))
        reporter.finish(self.trainer)
        skipped = tuple(f"{skipped.path}: {skipped.reason}" for skipped in self.opened.source.problems)
        values = reporter.last
        if self.processes.is_main:
            checkpointer.save(self.trainer)
        if guard is not None and self._stopped_by is None:
            guard.finish(self.trainer)
        if self.processes.is_main:
            writer.write(self.trainer)
            values = reporter.last or self._reported_before()
            self._write_model(values)
            self._note_skipped(skipped, bar)
        barrier()
        return RunResult(
            self.folder.path,
            self.trainer.progress.step,
            self.trainer.progress.samples,
            values,
            self._stopped_by,
            skipped,
            self.processes.is_main,
        )

    def _guard(self, evaluator: Evaluator, checkpointer: Checkpointer, remarks: Remarks) -> Guard | None:
        options = self.recipe.trainer
        if options.fall_back is None or options.evaluate_every is None:
            return None
        mine = self.processes.is_main
        return Guard(
            self.store,
            evaluator if mine else None,
            checkpointer if mine else None,
            options.best_metric,
            options.best_is == "lowest",
            options.fall_back,
            options.evaluate_every,
            remarks,
        )

    def _stop(self, request: StopRequest) -> Callable[[], bool]:
        """Whether any process was told to stop; all of them then stop after the same step, and know why."""

        def asked() -> bool:
            if not agree(request.requested is not None):
                return False
            if self.trainer.progress.step < self.recipe.trainer.steps:
                self._stopped_by = next(name for name in gather_objects(request.requested) if name is not None)
            return True

        return asked

    def _start_trackers(self, stack: ExitStack) -> list[Tracker]:
        specs = [{"name": "jsonl"}, *(spec for spec in self.recipe.report.trackers if spec["name"] != "jsonl")]
        trackers: list[Tracker] = []
        for place, spec in enumerate(specs):
            tracker: Tracker = build("trackers", spec, f"report.trackers.{place - 1}")
            stack.callback(tracker.close)
            tracker.start(self.folder.path, to_document(self.recipe))
            if isinstance(tracker, Truncating):  # reports of steps that the checkpoint does not know of
                tracker.truncate_after(self.trainer.progress.samples)
            trackers.append(tracker)
        return trackers

    def _preview(self, network: nn.Module, file: Path) -> None:
        recipe = self.recipe
        with torch.no_grad():
            self.opened.task.preview(
                network,
                self._shown,
                file,
                count=recipe.report.samples,
                seed=recipe.seed,
                device=self.device,
            )

    def _measure(self, network: nn.Module) -> dict[str, float]:
        if self._eye is None:
            extractor = build_extractor(self.recipe.extractor, self.device)
            self._eye = extractor, held_out_part(self.opened, "validation")
        extractor, held_out = self._eye
        found = measure_network(
            self.opened,
            network,
            held_out,
            self.opened.splits["train"],
            self.recipe.report.evaluation_samples,
            self.device,
            extractor=extractor,
            metrics=build_metrics(recipe_metrics(self.opened)),
            cache=self._cache,
        )
        for note in self._cache.take_notes():
            warnings.warn(note, RuntimeWarning, stacklevel=2)
        return found.values

    def _documents(self) -> dict[str, str]:
        return {"recipe.yaml": dump_yaml(to_document(self.recipe))}

    def _write_model(self, values: Mapping[str, float]) -> None:
        network, discriminators = evaluated_network(self.trainer), self.trainer.game.discriminators
        judge = make_judge(self.opened, network, dict(discriminators.items()), self.device)
        write_model(self.folder.model, self.opened, network, self.trainer.progress, values, judge)

    def _reported_before(self) -> dict[str, float]:
        """The last report of an earlier stretch, for one that had nothing left to do."""
        reports = [report for report in read_metrics(self.folder.path) if "step" in report]
        return {name: value for name, value in reports[-1].items() if name not in _COUNTERS} if reports else {}

    def _note_skipped(self, skipped: Sequence[str], bar: Progress) -> None:
        """Also when the bar is quiet: that data was left out is for every user to know."""
        if not skipped:
            return
        files = "1 input file was" if len(skipped) == 1 else f"{len(skipped)} input files were"
        heading = getattr(self.opened.source, "left_out", f"{files} left out:")
        lines = [heading, *(f"  {line}" for line in skipped[:20])]
        if len(skipped) > 20:
            lines.append(f"  ... and {len(skipped) - 20} more")
        for line in lines:
            if self.quiet:
                print(line, file=sys.stderr)
            else:
                bar.note(line)

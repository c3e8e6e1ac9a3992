"""Starting on a folder of data in one call: plan, probe, train; and going on by itself when called again."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from toolkit.config import Recipe, build, load_recipe, to_document
from toolkit.config.overrides import apply_overrides
from toolkit.config.plan import Probe, Starter
from toolkit.data.source import Source
from toolkit.engine.checkpoint import CheckpointStore
from toolkit.engine.device import choose_device, choose_precision
from toolkit.engine.processes import start_processes
from toolkit.engine.progress import Progress
from toolkit.engine.trackers import read_metrics
from toolkit.errors import CheckpointError
from toolkit.runs.folder import RunFolder
from toolkit.runs.probe import Probed, play_trials, with_weights
from toolkit.runs.records import PLAN_FILE, PLAN_WORDS, plan_record, plan_words, probe_lines
from toolkit.runs.training import RunResult, resume, train, tuned

Say = Callable[[str], object]

_LASTING = ("task", "data", "generator", "discriminators")
_MAY_CHANGE = ("data.cache_gib",)


@dataclass(frozen=True)
class Started:
    """How a start ended.

    Attributes:
        result: of the training.
        state: `new`, `continued`, or `finished` when an earlier call had reached the end already.
        plan: what was planned, by this call or by the one that began the run; see `records.plan_record`.
    """

    result: RunResult
    state: Literal["new", "continued", "finished"]
    plan: Mapping[str, Any]


def start(
    starter: str,
    data: str | Path,
    out: str | Path | None = None,
    overrides: Sequence[str] = (),
    *,
    imports: Sequence[str | Path] = (),
    quiet: bool = False,
    probe: bool = True,
    say: Say = print,
) -> Started:
    """Train on a folder of data with a recipe that is written for it; go on with the run when it was begun before.

    Args:
        starter: name of a part of kind `starters`, e.g. `image`.
        data: the folder.
        out: the run folder; `runs/<name of the data>` when left out.
        overrides: `a.b=value` texts; they win over what is chosen.
        imports: Python files whose parts the overrides use.
        quiet: no progress bar.
        probe: play the trial games that the plan asks for.
        say: is called with every line that the user should read.

    Raises:
        DataError: nothing can be learned from the data; nothing has been written then.
        ConfigError: an override is wrong; nothing has been written then.
        CheckpointError: the run folder holds a run that was begun otherwise, or on other data.
        TrainingError: values stopped being finite, or the disk is full.
    """
    planner: Starter = build("starters", starter)
    place = Path(data).expanduser().absolute()
    scripts = [str(script) for script in imports]
    name = (place.stem if place.is_file() else place.name) or starter
    folder = RunFolder(Path(out) if out is not None else Path("runs") / name)
    device = choose_device(_asked_device(overrides))
    with start_processes(device) as processes:
        heard = say if processes.is_main else _silent
        call = _Call(starter, planner, place, folder, list(overrides), scripts, quiet, heard)
        if folder.started():
            return call.go_on()
        return call.begin(device, probe and processes.world_size == 1)


@dataclass(frozen=True)
class _Call:
    starter: str
    planner: Starter
    data: Path
    folder: RunFolder
    overrides: list[str]
    scripts: list[str]
    quiet: bool
    say: Say

    # -- a new run ------------------------------------------------------------------------------------------------

    def begin(self, device: torch.device, probe: bool) -> Started:
        """Plan, say why, probe, train."""
        plan = self.planner.plan(self.data, self.overrides, device.type)
        recipe = load_recipe(plan.document, self.overrides, self.scripts)
        self.say(f"planning a run on {self.data}")
        for line in (*plan.reasons, *(f"note: {notice}" for notice in plan.notices)):
            self.say(f"  {line}")
        source: Source = build("datasets", recipe.data, "data")
        probed = None
        if probe and plan.probe is not None:
            recipe, probed = self._probe(recipe, plan.probe, source, device)
        record = plan_record(self.starter, self.data, self.overrides, plan, probed)
        documents = {PLAN_FILE: json.dumps(record, indent=2) + "\n", PLAN_WORDS: plan_words(record, recipe)}
        options = recipe.trainer
        size = f"{options.batch_size}" if options.batch_tokens is None else f"{options.batch_tokens:,} places"
        self.say(f"training {options.steps:,} steps of {size} into {self.folder.path}/")
        result = train(recipe, self.folder.path, quiet=self.quiet, documents=documents, source=source)
        return Started(result, "new", record)

    def _probe(self, recipe: Recipe, probe: Probe, source: Source, device: torch.device) -> tuple[Recipe, Probed]:
        """The recipe with the weights that the trial games speak for."""
        batch, played = recipe.trainer.batch_size, 0
        self.say(
            f"probing the penalty weight: {len(probe.factors)} trial games of {probe.steps} steps "
            "(--no-probe leaves them out)"
        )
        bar = Progress(len(probe.factors) * probe.steps * batch, self.quiet)

        def after_step() -> None:
            nonlocal played
            played += batch
            bar.update(played, {})

        with tuned(recipe), bar:
            precision = choose_precision(recipe.engine.precision, device)
            probed = play_trials(recipe, probe, source, device, precision, after_step)
        for line in probe_lines(probed):
            self.say(f"  {line}")
        seconds = probed.chosen.seconds_per_step * recipe.trainer.steps
        self.say(f"  at the speed of the trial games, {recipe.trainer.steps:,} steps take {_duration(seconds)}")
        return with_weights(recipe, probe, probed.chosen.factor), probed

    # -- a run that was begun before ------------------------------------------------------------------------------

    def go_on(self) -> Started:
        """Go on with the run in the folder, if it is one of this data."""
        record = self._record()
        overrides = [*self._same_data(record), *self.overrides]
        before = self.folder.recipe(imports=self.scripts)
        after = self.folder.recipe(overrides, self.scripts)
        self._check_changes(before, after, _place(record))
        done = self._steps_done()
        if done >= after.trainer.steps and self.folder.model.is_dir():
            self.say(f"{self.folder.path} is finished: it was trained for {done:,} steps")
            return Started(self._finished(done, before), "finished", record)
        self.say(f"going on with {self.folder.path}: {done:,} of {after.trainer.steps:,} steps are done")
        return Started(resume(self.folder.path, overrides, imports=self.scripts, quiet=self.quiet), "continued", record)

    def _record(self) -> Mapping[str, Any]:
        file = self.folder.path / PLAN_FILE
        words = "was not begun on a folder of data" if not file.is_file() else None
        record: Any = None
        if words is None:
            try:
                record = json.loads(file.read_text(encoding="utf-8"))
            except ValueError:
                words = f"has a damaged {PLAN_FILE}"
        if not isinstance(record, dict) or "data" not in record:
            raise CheckpointError(
                f"{self.folder.path} already holds a run, which {words or 'has a damaged ' + PLAN_FILE}",
                f"go on with it: toolkit resume {self.folder.path}; or choose another folder with --out",
            )
        return record

    def _same_data(self, record: Mapping[str, Any]) -> list[str]:
        """What the recipe must be told of where the data lies now.

        Data that has moved is recognised; data that has changed in its place is gone on with, and said; other data in
        another place is refused.
        """
        changes = self.planner.changes(self.data, record.get("seen", {}))
        before = Path(record["data"])
        if before == self.data:
            for change in changes:
                self.say(f"note: {change}; going on with what is there")
            return []
        if changes:
            raise CheckpointError(
                f"{self.folder.path} was begun on {before}, not on {self.data}, which holds something else",
                f"choose another folder with --out; or, if it shall go on with these: toolkit resume "
                f"{self.folder.path} {_place(record)}={self.data}",
            )
        self.say(f"note: the data has moved here from {before}")
        return [f"{_place(record)}={self.data}"]

    def _check_changes(self, before: Recipe, after: Recipe, place: str) -> None:
        """Say what is changed for the rest of the run; refuse changes that make it another one."""
        old, new = _leaves(to_document(before)), _leaves(to_document(after))
        allowed = (place, *_MAY_CHANGE)
        changed = [path for path in {**old, **new} if old.get(path) != new.get(path) and path not in allowed]
        lasting = [path for path in changed if path.split(".")[0] in _LASTING]
        if lasting:
            raise CheckpointError(
                f"{self.folder.path} was begun with {', '.join(f'{path}={old.get(path)}' for path in lasting)}; "
                "a run keeps its task, its data and its networks",
                "choose another folder with --out, where a new run is begun",
            )
        for path in changed:
            self.say(f"note: from here on {path} is {new.get(path)} (it was {old.get(path)})")

    def _steps_done(self) -> int:
        newest = CheckpointStore(self.folder.checkpoints).latest()
        return 0 if newest is None else newest.step

    def _finished(self, done: int, recipe: Recipe) -> RunResult:
        reports = [report for report in read_metrics(self.folder.path) if "step" in report]
        counters = ("samples", "step", "skipped_turns")
        values = {name: value for name, value in reports[-1].items() if name not in counters} if reports else {}
        return RunResult(self.folder.path, done, done * recipe.trainer.batch_size, values)


def _place(record: Mapping[str, Any]) -> str:
    """Where the recipe of a run says where its data lies."""
    return str(record.get("place", "data.path"))


def _asked_device(overrides: Sequence[str]) -> str:
    engine = apply_overrides({}, overrides, "the command line").get("engine")
    asked = engine.get("device") if isinstance(engine, Mapping) else None
    return asked if isinstance(asked, str) else "auto"


def _silent(text: str) -> None:
    """What another process says already."""


def _leaves(document: Any, path: str = "") -> dict[str, Any]:
    """Every value of a document by its dotted path."""
    if isinstance(document, (Mapping, list)) and document:
        found: dict[str, Any] = {}
        for key, value in document.items() if isinstance(document, Mapping) else enumerate(document):
            found |= _leaves(value, f"{path}.{key}" if path else str(key))
        return found
    return {path: document}


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"about {max(1, math.ceil(seconds))} s"
    if seconds < 5400:
        return f"about {round(seconds / 60)} min"
    return f"about {seconds / 3600:.1f} hours"

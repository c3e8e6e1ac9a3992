"""Training, from a recipe to a run folder; and going on with one."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from toolkit.config import Recipe, load_recipe
from toolkit.data.source import Source
from toolkit.engine.device import choose_device, choose_precision, choose_threads, tune_allocator
from toolkit.engine.processes import start_processes
from toolkit.errors import CheckpointError, TrainingError
from toolkit.runs.assemble import build_game, build_trainer, open_recipe
from toolkit.runs.beginning import begin_with
from toolkit.runs.folder import RunFolder
from toolkit.runs.session import RunResult, Session


def train(
    recipe: str | Path | Mapping[str, Any] | Recipe,
    out: str | Path | None = None,
    overrides: Sequence[str] = (),
    *,
    imports: Sequence[str | Path] = (),
    quiet: bool = False,
    documents: Mapping[str, str] | None = None,
    source: Source | None = None,
) -> RunResult:
    """Train a recipe from its beginning.

    Args:
        recipe: a recipe folder or file, the name of a packaged recipe, a document, or a validated recipe.
        out: the run folder; `runs/<name of the recipe>` when left out.
        overrides: `a.b=value` texts.
        imports: Python files whose parts the recipe uses; the run remembers them.
        quiet: no progress bar.
        documents: further texts to keep in the run folder, by file name.
        source: the recipe's data, when it has been opened already.

    Raises:
        ConfigError: the recipe is wrong; nothing has been written then.
        CheckpointError: the folder already holds a run.
        DataError: the data is absent or unfit.
        TrainingError: values stopped being finite, or the disk is full.
    """
    scripts = [str(script) for script in imports]
    checked = recipe if isinstance(recipe, Recipe) else load_recipe(recipe, list(overrides), scripts)
    folder = RunFolder(Path(out) if out is not None else Path("runs") / checked.name)
    if folder.started():
        raise CheckpointError(
            f"{folder.path} already holds a run",
            f"go on with it: toolkit resume {folder.path}; or choose another folder with --out",
        )
    return _run(checked, folder, fresh=True, quiet=quiet, documents=documents, source=source)


def resume(
    run: str | Path, overrides: Sequence[str] = (), *, imports: Sequence[str | Path] = (), quiet: bool = False
) -> RunResult:
    """Go on with a run from its newest good checkpoint; a finished run needs `trainer.steps=...` to go further.

    Args:
        run: the run folder.
        overrides: `a.b=value` texts.
        imports: Python files whose parts the overrides use; those of the run are known.
        quiet: no progress bar.

    Raises:
        CheckpointError: this is no run, every checkpoint is damaged, or the checkpoint belongs to other networks.
    """
    folder = RunFolder(Path(run))
    recipe = folder.recipe(list(overrides), [str(script) for script in imports])
    return _run(recipe, folder, fresh=False, quiet=quiet)


def _run(
    recipe: Recipe,
    folder: RunFolder,
    *,
    fresh: bool,
    quiet: bool,
    documents: Mapping[str, str] | None = None,
    source: Source | None = None,
) -> RunResult:
    device = choose_device(recipe.engine.device)
    precision = choose_precision(recipe.engine.precision, device)
    with ExitStack() as stack:
        processes = stack.enter_context(start_processes(device))
        device = processes.device(device)
        stack.enter_context(tuned(recipe))
        opened = open_recipe(recipe, precision.parameter_dtype, source)
        game = build_game(opened, device, precision)
        if fresh and recipe.start is not None:
            begin_with(recipe.start, opened, game.generator)
        trainer = build_trainer(opened, game, device, precision, processes)
        session = Session(opened, folder, trainer, device, processes, quiet or not processes.is_main)
        session.prepare(stack, fresh, documents)
        try:
            return session.play(stack)
        except torch.OutOfMemoryError as error:
            raise TrainingError(
                f"out of memory on {device}: {str(error).splitlines()[0]}",
                "set a smaller trainer.batch_size, or trainer.micro_batch=8; what was saved before is intact",
            ) from error


@contextmanager
def tuned(recipe: Recipe) -> Iterator[None]:
    """Process-wide settings for the length of a run; the CPU's global generators are given back as they were."""
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


def finished_words(result: RunResult, seconds: float) -> str:
    """How the run ended, in a sentence for the terminal."""
    if result.stopped_by:
        return (
            f"stopped by {result.stopped_by} at step {result.step}; everything is saved. "
            f"Go on with: toolkit resume {result.path}"
        )
    done = f"{result.step} steps ({result.samples:,} samples) done in {seconds:.0f} s"
    return f"{done}; the model is {result.path / 'model'}"


__all__ = ["RunResult", "finished_words", "resume", "train", "tuned"]

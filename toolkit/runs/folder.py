"""Where a run keeps what it makes.

recipe.yaml      the resolved recipe
run.json         versions, plugin origins, git commit, machine, command
metrics.jsonl    one line per report
notes.txt        what was noticed and decided, in words
checkpoints/     step-00000500/ ...
samples/         pictures made while it trained
task/            what models of the task need beside weights, e.g. a vocabulary
model/           the model as users pass it around: EMA weights, config, card
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

import toolkit
from toolkit.config import Recipe, load_recipe, to_document
from toolkit.config.yaml import dump_yaml
from toolkit.engine.device import describe_machine
from toolkit.engine.files import atomic_write, remove_leftovers
from toolkit.errors import CheckpointError, ToolkitError
from toolkit.registry import REGISTRY


@dataclass(frozen=True)
class RunFolder:
    """Paths of one run."""

    path: Path

    @property
    def recipe_file(self) -> Path:
        """The resolved recipe."""
        return self.path / "recipe.yaml"

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def samples(self) -> Path:
        """Folder of the pictures made while training."""
        return self.path / "samples"

    @property
    def model(self) -> Path:
        """The model folder, rewritten whenever training pauses or ends."""
        return self.path / "model"

    def started(self) -> bool:
        """Whether a run has begun here."""
        return self.recipe_file.is_file()

    def make(self) -> None:
        """Make the folder; it is no run before `begin`.

        Raises:
            ToolkitError: it cannot be made.
        """
        try:
            self.samples.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ToolkitError(
                f"the run folder {self.path} cannot be made: {error.strerror}", "choose another folder with --out"
            ) from error

    def begin(self, recipe: Recipe, device: torch.device, documents: Mapping[str, str] | None = None) -> None:
        """Write down what is being run, and with what.

        Args:
            recipe: the resolved recipe.
            device: where it runs.
            documents: further texts to keep with the run, by file name.

        Raises:
            ToolkitError: the folder cannot be made.
            TrainingError: the disk is full.
        """
        self.make()
        remove_leftovers(self.path)  # of a process that was killed while it wrote the model
        for name, text in (documents or {}).items():
            atomic_write(self.path / name, text)
        atomic_write(self.recipe_file, dump_yaml(to_document(recipe)))
        atomic_write(self.path / "run.json", json.dumps(provenance(device), indent=2) + "\n")

    def keep(self, files: Mapping[str, bytes]) -> None:
        """Keep what models of this run need beside their weights, so that it cannot change while the run goes on."""
        for name, content in files.items():
            self._task_files.mkdir(exist_ok=True)
            atomic_write(self._task_files / name, content)

    def require_same(self, files: Mapping[str, bytes]) -> None:
        """See that the data still gives what was kept.

        A run that was killed before its first checkpoint has no weights that could be given another meaning, and
        perhaps not all of its files: they are kept anew.

        Raises:
            CheckpointError: it does not, so that the weights would be given another meaning.
        """
        if not any(self.checkpoints.glob("*")):
            self.keep(files)
            return
        kept = {file.name: file.read_bytes() for file in sorted(self._task_files.glob("*")) if file.is_file()}
        other = [name for name in {**kept, **files} if kept.get(name) != files.get(name)]
        if other:
            raise CheckpointError(
                f"the data now gives another {', '.join(other)} than when {self.path} was begun, "
                "and the weights belong to the old one",
                "put the data back as it was, or begin a new run",
            )

    @property
    def _task_files(self) -> Path:
        return self.path / "task"

    def recipe(self, overrides: tuple[str, ...] | list[str] = (), imports: tuple[str, ...] | list[str] = ()) -> Recipe:
        """The recipe that was run, with changes and further Python files.

        Raises:
            CheckpointError: this is no run folder.
        """
        if not self.started():
            raise CheckpointError(
                f"{self.path} is not a run: it has no recipe.yaml", "give the folder that `toolkit train --out` wrote"
            )
        return load_recipe(self.recipe_file, overrides, imports)


def provenance(device: torch.device) -> dict[str, Any]:
    """Versions, plugin origins, commit, machine and command line."""
    return {
        "toolkit": toolkit.__version__,
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in ("torch", "numpy", "safetensors", "pydantic")},
        "plugins": REGISTRY.origins(),
        "commit": _commit(),
        "machine": describe_machine(device),
        "command": sys.argv,
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """The git commit of the folder that training was started in, if it is in a repository."""
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.SubprocessError):  # no git here
        return None
    return found.stdout.strip() or None

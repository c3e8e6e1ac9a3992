"""The models that the studio works with: which there are, each loaded once, and one computation at a time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.engine.models import locate_model, read_config, shipped_models
from toolkit.errors import CheckpointError, ToolkitError
from toolkit.runs import load
from toolkit.studio.settings import Settings

_KEPT = 6  # loaded models; the one that was used longest ago goes first
_DEEP = 3  # folders below the folder of runs in which runs are looked for


class BusyError(ToolkitError):
    """Too many requests wait for their turn."""


@dataclass(frozen=True, slots=True)
class Available:
    """A model that can be used.

    Attributes:
        name: what it is asked for by: the name of a shipped model, or the path of a run below the folder of runs.
        origin: `shipped` or `run`.
        path: its folder.
        config: its `config.json`.
    """

    name: str
    origin: str
    path: Path
    config: Mapping[str, Any]


class Workshop:
    """Models by name, and a turn for each request that computes.

    Args:
        settings: where runs are, and where models compute.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._loaded: OrderedDict[str, Any] = OrderedDict()
        self._loading = threading.Lock()
        self._turn = threading.Lock()
        self._waiting = 0
        self._count = threading.Lock()

    def models(self, *pipelines: str) -> list[Available]:
        """Shipped models and those of local runs, for some kinds of pipelines."""
        return [model for model in self._all() if model.config.get("pipeline") in pipelines]

    def pipeline(self, name: str, *pipelines: str) -> Any:
        """A model, ready to use; loaded when it is first asked for.

        Raises:
            CheckpointError: there is no such model of these kinds, or it is damaged.
        """
        known = {model.name: model for model in self.models(*pipelines)}
        if name not in known:  # names come from outside: only what was offered is opened
            raise CheckpointError(f"there is no model '{name}' here", "choose one of the list")
        model = known[name]
        key = f"{model.path}:{(model.path / 'config.json').stat().st_mtime_ns}"  # a run may have gone on
        with self._loading:
            if key not in self._loaded:
                self._loaded[key] = load(model.path, self.settings.device)
                while len(self._loaded) > _KEPT:
                    self._loaded.popitem(last=False)
            self._loaded.move_to_end(key)
            return self._loaded[key]

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for one's turn: computations of several users one after the other are as fast as side by side.

        Raises:
            BusyError: too many wait already.
        """
        with self._count:
            if self._waiting >= self.settings.limits.waiting:
                raise BusyError("the studio is busy with other requests", "try again in a moment")
            self._waiting += 1
        try:
            with self._turn:
                yield
        finally:
            with self._count:
                self._waiting -= 1

    def _all(self) -> Iterator[Available]:
        for name in shipped_models():
            path = locate_model(name)
            if (config := _config(path)) is not None:
                yield Available(name, "shipped", path, config)
        for run in run_folders(self.settings.runs):
            path = run / "model"
            if (path / "config.json").is_file() and (config := _config(path)) is not None:
                yield Available(run_name(self.settings.runs, run), "run", path, config)


def run_folders(folder: Path) -> list[Path]:
    """Folders of runs in a folder and up to three levels below, in the order of their names."""
    found: list[Path] = []
    level = [folder]
    for _ in range(_DEEP):
        below = sorted(child for parent in level for child in _folders(parent))
        found += [child for child in below if (child / "recipe.yaml").is_file()]
        level = [child for child in below if child not in found]
    return sorted(found)


def run_name(folder: Path, run: Path) -> str:
    """What a run is asked for by: its path below the folder of runs, with `/` between its parts."""
    return run.relative_to(folder).as_posix()


def _folders(parent: Path) -> list[Path]:
    try:
        children = list(parent.iterdir())
    except OSError:  # no such folder, or not for us to read
        return []
    return [child for child in children if child.is_dir() and not child.name.startswith(".")]


def _config(path: Path) -> Mapping[str, Any] | None:
    try:
        return read_config(path)
    except ToolkitError:  # a damaged model is not offered; loading it by name on the command line says what is wrong
        return None

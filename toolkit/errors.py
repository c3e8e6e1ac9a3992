"""Errors a user can act on: each says what is wrong, where, and the way out.

The command line prints them without a traceback and exits with `exit_code`. Anything else that escapes is a defect of
ours and keeps its traceback.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

DISTRIBUTION = "adversarial-toolkit"


class ToolkitError(Exception):
    """A mistake in the input or the surroundings, explained.

    Args:
        message: what is wrong, naming the file and the field.
        way_out: what the user can do about it; may be empty.
    """

    exit_code = 2

    def __init__(self, message: str, way_out: str = "") -> None:
        self.message = message
        self.way_out = way_out
        super().__init__(f"{message}\n  -> {way_out}" if way_out else message)

    def __reduce__(self) -> tuple[Any, ...]:
        """As it is: an exception is else made anew of its message when it comes from another process."""
        return _unchanged, (type(self), self.args), self.__dict__


def _unchanged(kind: type[ToolkitError], words: tuple[Any, ...]) -> ToolkitError:
    return kind.__new__(kind, *words)


class DataError(ToolkitError):
    """Training or evaluation data is missing, empty or unreadable."""


class CheckpointError(ToolkitError):
    """A checkpoint or model folder is missing, damaged or belongs to something else."""


class TrainingError(ToolkitError):
    """Training cannot go on: values stopped being finite, the disk is full, processes disagree."""

    exit_code = 3


class UnknownPartError(ToolkitError):
    """No part of that name and kind is registered."""


class DuplicatePartError(ToolkitError):
    """Two origins claim the same part name."""


class PluginError(ToolkitError):
    """A registered part cannot be imported, or does not do what parts of its kind do."""


class MissingExtraError(ToolkitError):
    """An optional dependency is not installed."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a recipe: the dotted path of the field and what to know about it."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class ConfigError(ToolkitError):
    """A recipe is wrong; holds every problem found, not only the first.

    Args:
        problems: what is wrong, in the order of the recipe.
        source: the file that was read, or words for where the recipe came from.
    """

    def __init__(self, problems: Sequence[Problem], source: str = "the recipe") -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        super().__init__(f"{count} in {source}:\n{lines}")


def require(module: str, extra: str, purpose: str) -> ModuleType:
    """Import an optional dependency, or say which extra brings it.

    Args:
        module: dotted module name.
        extra: the extra of this distribution that installs it.
        purpose: what needs it, as the beginning of a sentence ("ONNX export").

    Raises:
        MissingExtraError: the module, or something it needs, is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"{purpose} needs the package '{error.name or module}', which is not installed.",
            f"pip install '{DISTRIBUTION}[{extra}]'",
        ) from error


def nearest(name: str, choices: Iterable[str]) -> str:
    """Words that point from a mistyped name to the valid ones, for use inside an error message."""
    import difflib  # only needed once something is wrong, so `toolkit list` does not pay for it

    options = sorted(choices)
    close = difflib.get_close_matches(name, options, n=1, cutoff=0.5)
    hint = f"did you mean '{close[0]}'? " if close else ""
    return f"{hint}choices: {', '.join(options)}" if options else "there are no choices"

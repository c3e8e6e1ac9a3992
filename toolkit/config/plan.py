"""A plan: the recipe that a starter wrote for a folder of data, and why it chose what it chose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True)
class Probe:
    """Short trial games that a plan asks for before its training begins.

    Attributes:
        paths: places of the penalty weights in the recipe, e.g. `penalties.0.weight`; all are multiplied alike.
        factors: what they are multiplied with; 1 stands for the plan's own weights.
        steps: length of each trial game.
    """

    paths: tuple[str, ...]
    factors: tuple[float, ...]
    steps: int


@dataclass(frozen=True)
class Plan:
    """What a starter made of a folder of data.

    Attributes:
        document: a recipe, not validated yet.
        reasons: one sentence for each choice, in the order in which a reader wants them.
        notices: what the user should know of the data: left out, made smaller, too few.
        seen: what the data was, as plain values; `Starter.changes` compares with it when the run is called again.
        probe: the trial games it wants; `None` for none.
        place: where the recipe says where the data lies.
    """

    document: dict[str, Any]
    reasons: tuple[str, ...]
    notices: tuple[str, ...] = ()
    seen: Mapping[str, Any] = field(default_factory=dict)
    probe: Probe | None = None
    place: str = "data.path"


class Starter(Protocol):
    """A part of kind `starters`: looks at data of one modality and plans a run on it."""

    def plan(self, data: Path, overrides: Sequence[str], device: str) -> Plan:
        """Look at the data and choose.

        Args:
            data: absolute path of the data.
            overrides: `a.b=value` texts that the user gave. They are applied to the document afterwards, and win; a
                starter reads them so that its other choices fit (a smaller resolution wants other networks).
            device: `cpu`, `cuda` or `mps`: what the run will compute on.

        Raises:
            DataError: there is nothing that a model could be trained on.
        """
        ...

    def changes(self, data: Path, seen: Mapping[str, Any]) -> list[str]:
        """Sentences on how the data differs from what a plan saw; empty when it is the same, wherever it lies.

        Raises:
            DataError: the data is absent.
        """
        ...

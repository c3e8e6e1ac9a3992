"""Weights & Biases, for teams that compare runs there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from toolkit.engine.files import atomic_write
from toolkit.errors import ToolkitError, require


class WeightsAndBiases:
    """Weights & Biases, online or offline.

    Args:
        project: the project the run belongs to.
        run_name: what to call the run there; `None` takes the name of the run folder.
        mode: `offline` writes into the run folder for `wandb sync` later; `disabled` does nothing; `None` leaves it to
            the variable WANDB_MODE.
    """

    ID_FILE = "wandb-run-id.txt"

    def __init__(
        self,
        project: str = "adversarial-toolkit",
        run_name: str | None = None,
        mode: Literal["online", "offline", "disabled"] | None = None,
    ) -> None:
        self.project = project
        self.run_name = run_name
        self.mode = mode
        self._wandb: Any = None
        self._run: Any = None

    def start(self, run: Path, recipe: Mapping[str, Any]) -> None:
        """Begin a run there, or go on with the one this run folder began.

        Raises:
            MissingExtraError: the package is not installed.
            ToolkitError: the service refuses, for instance because nobody is logged in.
        """
        self._wandb = require("wandb", "tracking", "Tracking with Weights & Biases")
        known = run / self.ID_FILE
        try:
            self._run = self._wandb.init(
                project=self.project,
                name=self.run_name or run.name,
                dir=str(run),
                config=dict(recipe),
                mode=self.mode,
                id=known.read_text(encoding="utf-8") if known.is_file() else None,
                resume="allow",
            )
        except self._wandb.Error as error:
            raise ToolkitError(
                f"Weights & Biases refuses the run: {error}",
                "run `wandb login`, or set the variable WANDB_MODE=offline",
            ) from error
        atomic_write(known, str(self._run.id))
        # Its own step may only grow, which a resumed run does not; samples are the axis instead.
        self._run.define_metric("samples")
        self._run.define_metric("*", step_metric="samples")

    def log(self, samples: int, values: Mapping[str, float]) -> None:
        """One point on each value's curve."""
        self._run.log({"samples": samples, **values})

    def picture(self, samples: int, name: str, file: Path) -> None:
        """One picture in the series of that name, apart from the values, one of which may have the same name."""
        self._run.log({"samples": samples, f"pictures/{name}": self._wandb.Image(str(file))})

    def close(self) -> None:
        """Finish the run there."""
        if self._run is not None:
            self._run.finish()
            self._run = None

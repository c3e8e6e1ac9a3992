"""MLflow, for teams that compare runs there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from toolkit.engine.files import atomic_write
from toolkit.errors import ToolkitError, require

_LONGEST_VALUE = 500  # what every MLflow server takes for one parameter
_MOST_PARAMETERS = 100  # ... and for one request


class MLflow:
    """MLflow, with a tracking server or a local store.

    Args:
        experiment: the experiment the run belongs to.
        uri: the tracking server; `None` takes `MLFLOW_TRACKING_URI`, or MLflow's own local store, which needs the whole
            package `mlflow` (the extra brings `mlflow-skinny`, the client).
        run_name: what to call the run there; `None` takes the name of the run folder.
    """

    ID_FILE = "mlflow-run-id.txt"

    def __init__(
        self, experiment: str = "adversarial-toolkit", uri: str | None = None, run_name: str | None = None
    ) -> None:
        self.experiment = experiment
        self.uri = uri
        self.run_name = run_name
        self._mlflow: Any = None

    def start(self, run: Path, recipe: Mapping[str, Any]) -> None:
        """Begin a run there, or go on with the one this run folder began.

        Raises:
            MissingExtraError: the package is not installed.
            ToolkitError: the server refuses.
        """
        self._mlflow = require("mlflow", "tracking", "Tracking with MLflow")
        if self.uri is not None:
            self._mlflow.set_tracking_uri(self.uri)
        try:
            self._begin(run, recipe)
        except self._mlflow.MlflowException as error:
            raise ToolkitError(
                f"MLflow refuses the run: {error}",
                "set MLFLOW_TRACKING_URI to a server that runs, or `pip install mlflow` for a local store",
            ) from error

    def _begin(self, run: Path, recipe: Mapping[str, Any]) -> None:
        self._mlflow.set_experiment(self.experiment)
        known = run / self.ID_FILE
        if known.is_file():
            self._mlflow.start_run(run_id=known.read_text(encoding="utf-8"))
            return  # its parameters are there and cannot be changed
        begun = self._mlflow.start_run(run_name=self.run_name or run.name)
        atomic_write(known, str(begun.info.run_id))
        parameters = list(_flat(recipe))
        for first in range(0, len(parameters), _MOST_PARAMETERS):
            self._mlflow.log_params(dict(parameters[first : first + _MOST_PARAMETERS]))

    def log(self, samples: int, values: Mapping[str, float]) -> None:
        """One point on each value's curve."""
        self._mlflow.log_metrics(dict(values), step=samples)

    def picture(self, samples: int, name: str, file: Path) -> None:
        """Store the picture among the run's artifacts."""
        self._mlflow.log_artifact(str(file), artifact_path=name)

    def close(self) -> None:
        """End the run there."""
        if self._mlflow is not None:
            self._mlflow.end_run()
            self._mlflow = None


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Nested values as `("penalties.0.weight", "5")`, as they are written in an override."""
    if isinstance(value, Mapping):
        items: list[tuple[Any, Any]] = list(value.items())
    elif isinstance(value, list | tuple):
        items = list(enumerate(value))
    else:
        yield path, str(value)[:_LONGEST_VALUE]
        return
    for key, inner in items:
        yield from _flat(inner, f"{path}.{key}" if path else str(key))

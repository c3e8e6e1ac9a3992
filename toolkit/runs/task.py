"""What a run asks of a task, beyond what the game asks of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from toolkit.adversarial.task import Task
from toolkit.data.loader import Transform
from toolkit.data.source import Source
from toolkit.metrics.base import Metric
from toolkit.metrics.extractor import Extractor


class RunnableTask(Task, Protocol):
    """A task that can be prepared, looked at and measured; parts of kind `tasks` are of this form.

    A task that is measured in features may also have `feature_banks`, with the arguments of `measure` except `metrics`,
    and `capacity`, `cache` and `pages` (see `toolkit.image.task.ImageTask.feature_banks`). Evaluations then add
    confidence intervals and numbers by class, keep features of real data, and can judge samples made in other ways.

    A task whose models need further files (a vocabulary) has `files()`, which gives them by name, as bytes. They are
    kept with a run from its beginning: where the data has come to give others, the run is not resumed.

    Attributes:
        provides: names of the context values that `open` returns; recipes may leave them out of the networks' specs.
        pipeline: the part of kind `pipelines` that its models are loaded with.
        default_metrics: used when a recipe names none.
    """

    provides: tuple[str, ...]
    pipeline: str
    default_metrics: tuple[str, ...]

    def open(self, source: Source, dtype: torch.dtype) -> dict[str, Any]:
        """Look at the data once; returns what the networks must know of it."""
        ...

    def transform(self) -> Transform | None:
        """What happens to a training sample when it is loaded."""
        ...

    def preview(
        self, generator: nn.Module, held_out: Source, file: Path, *, count: int, seed: int, device: torch.device
    ) -> None:
        """Write samples to look at (or to listen to) to `file`, and others beside it; may write nothing.

        Args:
            generator: in evaluation mode.
            held_out: data that is not trained on, for tasks that make something of something.
            file: a `.png` file.
            count: how many samples, at most.
            seed: the same at every call, so that previews of a run can be compared.
            device: where the generator is.
        """
        ...

    def measure(
        self,
        generator: nn.Module,
        held_out: Source,
        train: Source | None,
        *,
        extractor: Extractor,
        metrics: Sequence[Metric],
        samples: int,
        seed: int,
        device: torch.device,
    ) -> dict[str, float]:
        """How good the generator is, by name of the measure."""
        ...

    def model_config(self, network: nn.Module) -> dict[str, Any]:
        """What a model with this generator must remember beside the generator's spec."""
        ...

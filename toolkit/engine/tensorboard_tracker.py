"""TensorBoard event files, written without TensorBoard itself. See them with `tensorboard --logdir runs`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class TensorBoard:
    """TensorBoard event files in the run folder.

    Args:
        folder: its name in the run folder.
        flush_seconds: how long values may wait before they are written.
    """

    def __init__(self, folder: str = "tensorboard", flush_seconds: int = 10) -> None:
        self.folder = folder
        self.flush_seconds = flush_seconds
        self._run: Path | None = None
        self._recipe: Mapping[str, Any] = {}
        self._purge_after: int | None = None
        self._writer: Any = None

    def start(self, run: Path, recipe: Mapping[str, Any]) -> None:
        """Remember the run; the event file is opened with the first value, when it is known what to purge."""
        self._run = run
        self._recipe = recipe

    def log(self, samples: int, values: Mapping[str, float]) -> None:
        """One point on each value's curve."""
        writer = self._open()
        for name, value in values.items():
            writer.add_scalar(name, value, samples)

    def picture(self, samples: int, name: str, file: Path) -> None:
        """One picture in the series of that name."""
        import numpy as np
        from PIL import Image

        with Image.open(file) as image:
            pixels = np.asarray(image.convert("RGB"))
        self._open().add_image(name, pixels, samples, dataformats="HWC")

    def truncate_after(self, samples: int) -> None:
        """Tell TensorBoard to hide older points beyond `samples`; event files are never rewritten."""
        self._purge_after = samples

    def close(self) -> None:
        """Write what is waiting and close the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _open(self) -> Any:
        if self._writer is None:
            if self._run is None:
                raise RuntimeError("log() or picture() before start()")
            from tensorboardX import SummaryWriter

            purge = None if self._purge_after is None else self._purge_after + 1
            self._writer = SummaryWriter(
                str(self._run / self.folder), purge_step=purge, flush_secs=self.flush_seconds, write_to_disk=True
            )
            recipe = json.dumps(self._recipe, indent=2, default=str)
            self._writer.add_text("recipe", f"```json\n{recipe}\n```", self._purge_after or 0)
        return self._writer

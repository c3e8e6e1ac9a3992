"""Trackers: where the values and pictures of a run go while it trains.

`metrics.jsonl` in the run folder needs nothing but a text editor and is what the toolkit itself reads back.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TextIO, runtime_checkable

from toolkit.engine.files import atomic_write, explain_disk_full
from toolkit.errors import DataError


class Tracker(Protocol):
    """Receives the values of a run. Only the main process has trackers."""

    def start(self, run: Path, recipe: Mapping[str, Any]) -> None:
        """Begin, or go on with, the run in that folder; `recipe` is the resolved recipe in plain values."""

    def log(self, samples: int, values: Mapping[str, float]) -> None:
        """Note values by name, after so many samples seen."""

    def picture(self, samples: int, name: str, file: Path) -> None:
        """Show a picture file (PNG or JPEG)."""

    def close(self) -> None:
        """End; may be called twice."""


@runtime_checkable
class Truncating(Protocol):
    """A tracker that can forget what came after the point a run is resumed from."""

    def truncate_after(self, samples: int) -> None:
        """Forget values and pictures of more than that many samples; called after `start`, before anything else."""


class JSONLines:
    """One JSON object a line in a text file of the run folder; values that are not finite become null.

    Args:
        file: its name in the run folder.
    """

    def __init__(self, file: str = "metrics.jsonl") -> None:
        self.file = file
        self._path: Path | None = None
        self._handle: TextIO | None = None

    def start(self, run: Path, recipe: Mapping[str, Any]) -> None:
        """Open the file for appending; a last line that an interrupted run left unfinished is removed."""
        self._path = run / self.file
        run.mkdir(parents=True, exist_ok=True)
        self._rewrite(None)

    def log(self, samples: int, values: Mapping[str, float]) -> None:
        """Append one line and hand it to the system at once, so that other programs can follow.

        Raises:
            TrainingError: the disk is full.
        """
        if self._handle is None or self._path is None:
            raise RuntimeError("log() before start()")
        numbers = {name: float(value) for name, value in values.items()}
        entry = {"samples": samples, **{name: n if math.isfinite(n) else None for name, n in numbers.items()}}
        with explain_disk_full(self._path):
            self._handle.write(json.dumps(entry) + "\n")
            self._handle.flush()

    def picture(self, samples: int, name: str, file: Path) -> None:
        """Nothing: the picture is in the run folder already."""

    def truncate_after(self, samples: int) -> None:
        """Remove the lines of more than `samples` samples."""
        self._rewrite(samples)

    def close(self) -> None:
        """Close the file."""
        if self._handle is not None:
            self._handle.close()
            self._handle = None

    def _rewrite(self, last: int | None) -> None:
        """Reopen the file with only whole lines of at most `last` samples in it."""
        if self._path is None:
            raise RuntimeError("truncate_after() before start()")
        self.close()
        if self._path.is_file():
            content = self._path.read_bytes()
            kept = b"".join(
                line
                for line, entry in _lines(self._path, content)
                if last is None or int(entry.get("samples", 0)) <= last
            )
            if kept != content:
                atomic_write(self._path, kept)
        with explain_disk_full(self._path):
            self._handle = open(self._path, "a", encoding="utf-8", newline="\n")  # noqa: SIM115 - open until close()


def read_metrics(path: Path) -> list[dict[str, float]]:
    """The lines of a `metrics.jsonl`, also while a run is writing it.

    Args:
        path: the file, or the run folder it is in.

    Returns:
        One dict a line, with `samples` (an int) and the values by name; null becomes NaN. A torn last line is left out.

    Raises:
        DataError: there is no such file, or a line in it is no JSON object.
    """
    path = Path(path)
    path = path / "metrics.jsonl" if path.is_dir() else path
    if not path.is_file():
        raise DataError(f"{path}: there is no such file", "name a run folder, or the metrics.jsonl in it")
    return [
        {name: math.nan if value is None else value for name, value in entry.items()}
        for _, entry in _lines(path, path.read_bytes())
    ]


def _lines(path: Path, content: bytes) -> list[tuple[bytes, dict[str, Any]]]:
    """Every whole line with its meaning; a last line without a line end was torn by a crash and is left out."""
    found = []
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise DataError(f"{path}, line {number}: not valid JSON: {error}", "remove or repair that line") from error
        if not isinstance(entry, dict):
            raise DataError(f"{path}, line {number}: not a JSON object", "remove or repair that line")
        found.append((line + b"\n", entry))
    return found

"""How far a run is: a bar on a terminal, a line now and then in a log file. Always on stderr; stdout is for results."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as RichProgress

_VALUES_SHOWN = 4
_SECONDS_BETWEEN_LINES = 10.0


class _Display(Protocol):
    def open(self) -> None: ...
    def show(self, samples: int, text: str) -> None: ...
    def note(self, text: str) -> None: ...
    def close(self) -> None: ...


class Progress:
    """Context manager that shows how far a run is.

    On a terminal it is a bar; elsewhere a plain line at most every ten seconds, and a last one.

    Args:
        total_samples: samples the run is to see, or whatever else is counted.
        quiet: show nothing at all; for every process but the main one.
        start: samples seen before, when the run is resumed; they do not count as throughput.
        stream: where to write; `None` is stderr.
        unit: what is counted.
    """

    def __init__(
        self,
        total_samples: int,
        quiet: bool = False,
        *,
        start: int = 0,
        stream: TextIO | None = None,
        unit: str = "samples",
    ) -> None:
        stream = sys.stderr if stream is None else stream
        self.total_samples = total_samples
        self.unit = unit
        self._start = start
        self._began = time.monotonic()
        self._display: _Display | None = None
        if not quiet:
            console = Console(file=stream)
            terminal = stream.isatty() and not console.is_dumb_terminal
            self._display = _Bar(console, total_samples, start) if terminal else _Lines(stream, unit)

    def __enter__(self) -> Progress:
        self._began = time.monotonic()
        if self._display:
            self._display.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._display:
            self._display.close()

    def update(self, samples: int, values: Mapping[str, float]) -> None:
        """Show that so many samples have been seen, counted from the beginning of the run, with the latest values."""
        if self._display:
            self._display.show(samples, self._describe(samples, values))

    def note(self, text: str) -> None:
        """Print a line that stays: a warning about the run's health, a saved checkpoint."""
        if self._display:
            self._display.note(text)

    def _describe(self, samples: int, values: Mapping[str, float]) -> str:
        elapsed = time.monotonic() - self._began
        rate = (samples - self._start) / elapsed if elapsed > 0 else 0.0
        percent = 100 * samples / self.total_samples if self.total_samples else 100.0
        left = _clock((self.total_samples - samples) / rate) if rate > 0 else "?"
        shown = [f"{name} {value:.3g}" for name, value in itertools.islice(values.items(), _VALUES_SHOWN)]
        return "  ".join([f"{percent:.1f} %", f"{left} left", f"{rate:,.3g} {self.unit}/s", *shown])


class _Lines:
    """Plain lines, for log files."""

    def __init__(self, stream: TextIO, unit: str) -> None:
        self.stream = stream
        self.unit = unit
        self.printed_at: float | None = None
        self.waiting = ""

    def open(self) -> None:
        """Nothing to prepare."""

    def show(self, samples: int, text: str) -> None:
        self.waiting = f"{samples:,} {self.unit}  {text}"
        now = time.monotonic()
        if self.printed_at is None or now - self.printed_at >= _SECONDS_BETWEEN_LINES:
            self.printed_at = now
            self._print_waiting()

    def note(self, text: str) -> None:
        print(text, file=self.stream, flush=True)

    def close(self) -> None:
        if self.waiting:
            self._print_waiting()

    def _print_waiting(self) -> None:
        print(self.waiting, file=self.stream, flush=True)
        self.waiting = ""


class _Bar:
    """A bar that is redrawn in place, for terminals."""

    def __init__(self, console: Console, total: int, start: int) -> None:
        self.total = total
        self.start = start
        self.rich = RichProgress(
            BarColumn(bar_width=24),
            TextColumn("{task.description}", markup=False),
            console=console,
            refresh_per_second=4,  # redrawing costs processor time that training wants
            redirect_stdout=False,  # results printed to stdout must not end up on stderr
        )
        self.task: TaskID | None = None

    def open(self) -> None:
        self.task = self.rich.add_task("", total=self.total, completed=min(self.start, self.total))
        self.rich.start()

    def show(self, samples: int, text: str) -> None:
        if self.task is not None:
            self.rich.update(self.task, completed=min(samples, self.total), description=text)

    def note(self, text: str) -> None:
        self.rich.console.print(text, markup=False, highlight=False)

    def close(self) -> None:
        self.rich.stop()


def _clock(seconds: float) -> str:
    """Hours, minutes and seconds.

    >>> _clock(3725.4)
    '1:02:05'
    """
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"

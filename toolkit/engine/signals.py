"""Stopping a run politely: a signal asks, the training loop finishes its step, saves and ends."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Context manager in which SIGINT (Ctrl-C) and SIGTERM set `requested` instead of killing the process.

    A second SIGINT raises KeyboardInterrupt, for the user who does not want to wait. The handlers that were there
    before are put back at exit. Python delivers signals to the main thread only; in another thread this does nothing.

    Attributes:
        requested: the name of the first signal that came, such as `"SIGTERM"`; `None` so far.
    """

    def __init__(self) -> None:
        self.requested: str | None = None
        self._interrupts = 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            # None stands for a handler that was not set from Python and cannot be put back.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._before.clear()

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.requested is None:
            self.requested = signal.Signals(number).name
        self._interrupts += number == signal.SIGINT
        if self._interrupts > 1:
            raise KeyboardInterrupt

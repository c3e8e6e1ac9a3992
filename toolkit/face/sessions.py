"""The sessions of several users at once, kept apart and in memory only."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic

from toolkit.face.states import FaceSession, Result, SessionError

MOST_SESSIONS = 64
IDLE_SECONDS = 3600.0


@dataclass
class _Kept(Generic[Result]):
    session: FaceSession[Result]
    used: float
    lock: threading.Lock = field(default_factory=threading.Lock)


class Sessions(Generic[Result]):
    """The sessions of several users at once, in memory only; names cannot be guessed.

    Args:
        most: when there are more, the one that was used longest ago is forgotten.
        idle_seconds: a session that is not used for so long is forgotten.
        clock: gives seconds; for tests.
    """

    def __init__(
        self,
        most: int = MOST_SESSIONS,
        idle_seconds: float = IDLE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.most = most
        self.idle_seconds = idle_seconds
        self._clock = clock
        self._kept: dict[str, _Kept[Result]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        with self._lock:
            self._forget_idle()
            return len(self._kept)

    def start(self) -> str:
        """A new, empty session; returns its name."""
        name = secrets.token_urlsafe(24)
        with self._lock:
            self._forget_idle()
            while len(self._kept) >= self.most:
                del self._kept[min(self._kept, key=lambda one: self._kept[one].used)]
            self._kept[name] = _Kept(FaceSession(), self._clock())
        return name

    def get(self, name: str) -> FaceSession[Result]:
        """The session of that name.

        Raises:
            SessionError: there is none, or it was not used for too long.
        """
        return self._find(name).session

    def change(self, name: str, step: Callable[[FaceSession[Result]], FaceSession[Result]]) -> FaceSession[Result]:
        """Take a session one step further; two changes of one session wait for each other.

        Args:
            name: of the session.
            step: from the session as it is to the one that follows. When it fails the session stays as it was.

        Raises:
            SessionError: there is no such session, or the step is not allowed.
        """
        kept = self._find(name)
        with kept.lock:
            kept.session = step(kept.session)
            return kept.session

    def end(self, name: str) -> None:
        """Forget a session and its pictures; nothing happens where there is none."""
        with self._lock:
            self._kept.pop(name, None)

    def _find(self, name: str) -> _Kept[Result]:
        with self._lock:
            self._forget_idle()
            kept = self._kept.get(name)
            if kept is None:
                raise SessionError("there is no such session, or it was idle for too long", "upload a picture again")
            kept.used = self._clock()
            return kept

    def _forget_idle(self) -> None:
        latest = self._clock() - self.idle_seconds
        for name in [name for name, kept in self._kept.items() if kept.used < latest]:
            del self._kept[name]

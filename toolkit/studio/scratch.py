"""Files that a library insists on: in a folder of our own, for the time of one request."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """An empty folder that only this user can read, and that is gone with everything in it afterwards."""
    with tempfile.TemporaryDirectory(prefix="toolkit-studio-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def plain_name(name: str, otherwise: str) -> str:
    """The last part of a name from outside, percent-encoded as headers need it, without what could lead elsewhere."""
    last = unquote(name).replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(letter for letter in last if letter.isprintable() and letter not in '<>:"|?*').strip(". ")
    return kept[-120:] or otherwise

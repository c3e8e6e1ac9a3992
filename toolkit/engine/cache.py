"""Where things are kept that can be made again: found by name, deleted without loss."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from toolkit.errors import DISTRIBUTION

CACHE_VARIABLE = "TOOLKIT_CACHE"
"""Environment variable that names the toolkit's cache folder."""


def cache_folder(name: str) -> Path:
    """The part of the cache for one kind of things; it may not exist yet.

    Args:
        name: the kind, e.g. `features`.

    Returns:
        A folder in `$TOOLKIT_CACHE`, or in `adversarial-toolkit` in the user's cache folder (`$XDG_CACHE_HOME`, else
        `~/.cache`).
    """
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named).expanduser() / name
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / DISTRIBUTION / name


def keep_within(folder: Path, pattern: str, limit_bytes: int) -> list[Path]:
    """Delete the files that were used longest ago until the rest fits; the newest one always stays.

    Args:
        folder: where to look; not in sub folders.
        pattern: which files belong to the cache, e.g. `*.safetensors`.
        limit_bytes: most bytes that may stay.

    Returns:
        What was deleted. A file that another process deletes meanwhile, or that may not be deleted, is passed over.
    """
    found = []
    for file in folder.glob(pattern):
        with suppress(OSError):
            status = file.stat()
            found.append((status.st_mtime_ns, status.st_size, file))
    found.sort(reverse=True)
    used = 0
    deleted = []
    for place, (_, size, file) in enumerate(found):
        used += size
        if place and used > limit_bytes:
            with suppress(OSError):
                file.unlink()
                deleted.append(file)
    return deleted

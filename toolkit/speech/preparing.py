"""Putting folders of recordings to where recipes look for them by name."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from toolkit.data.listing import list_files
from toolkit.data.prepare import data_folder, written
from toolkit.errors import DataError
from toolkit.speech.collection import collect, find_folder, is_name
from toolkit.speech.files import EXTENSIONS

_BESIDE = frozenset((".tar", ".txt", ".csv", ".tsv", ".lst", ".lab", ".json", ".md"))
"""What is copied along with recordings: archives of them, texts, lists of what is held out, licences."""


def prepare_recordings(path: str | list[str] | None, source: Path | None, destination: Path | None) -> Path:
    """Copy the recordings that a recipe names to where it looks for them; nothing is downloaded.

    Args:
        path: what the recipe's data says: names of data sets, or folders (which need no preparation).
        source: a folder that holds them: a sub folder for each name, or, for a single name, the recordings themselves.
            `None` only checks that they are there.
        destination: where to put them; `$TOOLKIT_DATA` or the user's cache folder by default. With several names each
            gets a sub folder.

    Returns:
        The folder of the recordings; with several names the one that holds their folders.

    Raises:
        DataError: no source and nothing there yet, a name that the source lacks, no recordings, a full disk.
    """
    paths = [path] if isinstance(path, str) else list(path or [])
    names = [name for name in paths if is_name(name) and not Path(name).is_dir()]
    if source is None:
        return _common([find_folder(name) for name in paths])
    if not names:
        raise DataError(
            "the recipe names no data set of recordings to be prepared",
            f"start with the folder itself: data.path={source}",
        )
    source = source.expanduser()
    whole = len(names) == 1 and not (source / names[0]).is_dir()
    missing = [] if whole else [name for name in names if not (source / name).is_dir()]
    if missing:
        raise DataError(
            f"{source} has no folder {' and no folder '.join(missing)}",
            f"give a folder with the sub folders {', '.join(names)}",
        )
    origins = [source if whole else source / name for name in names]
    for origin in origins:
        collect([str(origin)])  # says what is missing before anything is copied
    targets = [_target(name, destination, len(names)) for name in names]
    for origin, target in zip(origins, targets, strict=True):
        if origin.resolve() != target.resolve():
            _copy(origin, target)
    return _common(targets)


def _target(name: str, destination: Path | None, count: int) -> Path:
    if destination is None:
        return data_folder(name)
    return destination.expanduser() / name if count > 1 else destination.expanduser()


def _common(folders: list[Path]) -> Path:
    if not folders:
        raise DataError("the recipe names no recordings", "set data.path to a folder of recordings")
    return folders[0] if len(folders) == 1 else Path(os.path.commonpath([folder.resolve() for folder in folders]))


def _copy(origin: Path, target: Path) -> None:
    """All recordings and what belongs to them, with their times, so that what was decoded before stays valid."""
    for name, file in list_files(origin, EXTENSIONS | _BESIDE, "recordings").files:
        status, copy = file.stat(), target / name
        if copy.is_file() and (copy.stat().st_size, copy.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns):
            continue
        with written(copy) as stream, file.open("rb") as original:
            shutil.copyfileobj(original, stream)
        os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))

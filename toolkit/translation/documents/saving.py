"""Putting a translated document on the disk."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping
from pathlib import Path

from toolkit.engine.files import atomic_write
from toolkit.errors import DataError, nearest
from toolkit.translation.documents.segment import Segment, Translated


def save(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, compressed when its name ends in `.gz`.

    Raises:
        DataError: the file cannot be written.
        TrainingError: the disk is full.
    """
    path = Path(path)
    try:
        atomic_write(path, gzip.compress(content, mtime=0) if path.suffix.lower() == ".gz" else content)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}", "choose another place") from error


def check_keys(segments: Iterable[Segment], translations: Mapping[str, Translated], path: Path) -> None:
    """Refuse translations for segments that there are not: they belong to another document.

    Raises:
        DataError: a key is unknown.
    """
    known = {segment.key for segment in segments}
    for key in translations:
        if key not in known:
            close = nearest(key, known) if len(known) < 50 else ""
            raise DataError(f"{path} has no segment with the key '{key}'; {close}".rstrip("; "), "open it again")

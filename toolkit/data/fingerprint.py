"""What identifies the content of a data set, so that what was computed from it is not used for other data."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from toolkit.data.loader import evaluation_batches
from toolkit.data.source import Source

_PAGE = 256  # part of the result: shapes of whole pages are hashed with them


def content_fingerprint(source: Source) -> str:
    """A hash of every sample of a source as it is read: pictures, labels and order, not names or dates.

    Two sources have the same fingerprint if and only if an evaluation would see the same batches: a replaced file,
    another resolution, channel count, split or labelling changes it. It costs one pass over the data, about a second
    per gigabyte for what lies in memory.

    Raises:
        DataError: no sample can be read.
    """
    digest = hashlib.blake2b(digest_size=16)
    for batch in evaluation_batches(source, _PAGE):
        for name in sorted(batch):
            values = batch[name].contiguous().numpy()
            digest.update(f"{name} {values.dtype} {values.shape};".encode())
            digest.update(values.reshape(-1).view("uint8").data)
    return digest.hexdigest()


def names_fingerprint(files: Iterable[tuple[str, int]]) -> str:
    """A hash of what can be told of files without reading them.

    Args:
        files: name below the data folder, and size in bytes, of each.

    >>> names_fingerprint([("a.png", 10)]) == names_fingerprint([("a.png", 11)])
    False
    """
    digest = hashlib.blake2b(digest_size=16)
    for name, size in files:
        digest.update(f"{name}\0{size}\n".encode())
    return digest.hexdigest()

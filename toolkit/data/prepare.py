"""Bringing data sets to this machine: where they lie, downloading and checking."""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from toolkit.errors import DISTRIBUTION, DataError

Progress: TypeAlias = Callable[[int, int | None], None]
"""Called with the bytes so far and the total, `None` when the server does not say."""
Opener: TypeAlias = Callable[[str], AbstractContextManager[Any]]

DATA_VARIABLE = "TOOLKIT_DATA"
"""Environment variable that names a folder of data sets."""

_CHUNK = 1 << 16
_TIMEOUT = 30.0  # seconds without an answer


def data_folder(name: str, files: Sequence[str] = ()) -> Path:
    """Where a data set lies: in `$TOOLKIT_DATA`, or in the user's cache folder.

    Args:
        name: the folder of the data set, e.g. `fashion-mnist`.
        files: what must be in it.

    Returns:
        The first place that has it; if there is none, the place where it should be prepared.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    places = [cache / DISTRIBUTION / name]
    if os.environ.get(DATA_VARIABLE):
        places.insert(0, Path(os.environ[DATA_VARIABLE]).expanduser() / name)
    for place in places:
        if place.is_dir() and all((place / file).is_file() for file in files):
            return place
    return places[0]


def fetch(
    url: str,
    destination: Path,
    *,
    md5: str | None = None,
    sha256: str | None = None,
    opener: Opener | None = None,
    progress: Progress | None = None,
) -> Path:
    """Download a file, check it, and only then put it in its place.

    A file that is there already and has the right checksum is left alone.

    Args:
        url: the address.
        destination: the file to write; its folder is made.
        md5: expected checksum, in hexadecimal digits.
        sha256: expected checksum.
        opener: makes a response with `read(size)` and `headers` from the address; `urllib` by default.
        progress: called after every piece.

    Raises:
        DataError: no connection, an error of the server, an incomplete or different file, a full disk.
    """
    expected = {name: digest.lower() for name, digest in (("md5", md5), ("sha256", sha256)) if digest}
    if expected and destination.is_file() and expected == {name: _digest(destination, name) for name in expected}:
        return destination
    with written(destination) as file:
        hashes = {name: hashlib.new(name) for name in expected}
        for piece in _pieces(url, opener or _open, progress):
            file.write(piece)
            for running in hashes.values():
                running.update(piece)
        for name, digest in expected.items():
            if hashes[name].hexdigest() != digest:
                raise DataError(
                    f"{url} has the {name} {hashes[name].hexdigest()}, expected {digest}",
                    "try again; if it stays so the file has changed at its source, or something on the way replaces it",
                )
    return destination


def _digest(file: Path, name: str) -> str:
    digest = hashlib.new(name)
    with file.open("rb") as stream:
        while piece := stream.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


@contextmanager
def written(destination: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name only when it is complete.

    Raises:
        DataError: it cannot be written.
    """
    temporary = destination.with_name(f".{destination.name}.{os.getpid()}.part")
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, destination)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        way_out = "free some space, or choose another folder"
        if error.errno != errno.ENOSPC:
            way_out = f"check that {destination.parent} is a folder that you may write to, or choose another"
        raise DataError(f"cannot write {destination}: {error.strerror or error}", way_out) from error


def _open(url: str) -> AbstractContextManager[Any]:
    request = urllib.request.Request(url, headers={"User-Agent": DISTRIBUTION})
    response: AbstractContextManager[Any] = urllib.request.urlopen(request, timeout=_TIMEOUT)
    return response


def _pieces(url: str, opener: Opener, progress: Progress | None) -> Iterator[bytes]:
    """The content of an address; what goes wrong on the way becomes a DataError."""
    done = 0
    try:
        with opener(url) as response:
            length = response.headers.get("Content-Length")
            total = int(length) if length and length.isdecimal() else None
            while piece := response.read(_CHUNK):
                done += len(piece)
                if progress is not None:
                    progress(done, total)
                yield piece
    except urllib.error.HTTPError as error:
        raise DataError(f"{url}: the server answers {error.code} {error.reason}", "check the address") from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise DataError(
            f"cannot download {url}: {reason}",
            "check the network connection, or get the files another way and give their folder with --from",
        ) from error
    if total is not None and done != total:  # urllib ends silently when the connection breaks
        raise DataError(f"{url} broke off after {done} of {total} bytes", "try again")

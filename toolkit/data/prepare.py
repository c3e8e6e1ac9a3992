"""Bringing data sets to this machine: where they lie, downloading, checking, converting."""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np

from toolkit.data.idx import read_idx
from toolkit.data.npz import read_npz
from toolkit.data.source import Array
from toolkit.errors import DISTRIBUTION, DataError

Progress: TypeAlias = Callable[[int, int | None], None]
"""Called with the bytes so far and the total, `None` when the server does not say."""
Opener: TypeAlias = Callable[[str], AbstractContextManager[Any]]

DATA_VARIABLE = "TOOLKIT_DATA"
"""Environment variable that names a folder of data sets."""

FASHION_MNIST_ADDRESS = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
FASHION_MNIST_MD5 = {
    "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
}
"""The files that Zalando Research publishes, with the checksums in its README (zalandoresearch/fashion-mnist)."""
FASHION_MNIST_FILES = ("fashion-mnist-train.npz", "fashion-mnist-test.npz")

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


def prepare_fashion_mnist(
    destination: Path,
    source: Path | None = None,
    *,
    address: str = FASHION_MNIST_ADDRESS,
    checksums: Mapping[str, str] = FASHION_MNIST_MD5,
    progress: Progress | None = None,
) -> Path:
    """Put Fashion-MNIST into a folder as two `.npz` files with `images` [N, 28, 28], `labels` and `index`.

    Source: H. Xiao, K. Rasul and R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
    Algorithms", arXiv:1708.07747, 2017.

    Args:
        destination: the folder to fill.
        source: a folder that holds the two `.npz` files or the four original `.gz` files; `None` downloads the latter.
        address: where to download from.
        checksums: md5 of each original file, checked after downloading.
        progress: called while a file is downloaded.

    Raises:
        DataError: the source is incomplete or damaged, or see `fetch`.
    """
    if source is None:
        with tempfile.TemporaryDirectory(prefix="fashion-mnist-") as folder:
            for name, md5 in checksums.items():
                fetch(address + name, Path(folder) / name, md5=md5, progress=progress)
            return _convert_fashion_mnist(Path(folder), destination)
    source = source.expanduser()
    if all((source / name).is_file() for name in FASHION_MNIST_FILES):
        for name in FASHION_MNIST_FILES:
            arrays = read_npz(source / name, ("images", "labels"))
            _check_fashion_mnist(arrays["images"], arrays["labels"], source / name)
            if (source / name).resolve() != (destination / name).resolve():
                with written(destination / name) as file, (source / name).open("rb") as original:
                    shutil.copyfileobj(original, file)
        return destination
    missing = [name for name in FASHION_MNIST_MD5 if not (source / name).is_file()]
    if missing:
        raise DataError(
            f"{source} holds neither {' and '.join(FASHION_MNIST_FILES)} nor all four original files; "
            f"{', '.join(missing)} missing",
            "give the folder that holds them, or leave --from out to download",
        )
    return _convert_fashion_mnist(source, destination)


def _convert_fashion_mnist(source: Path, destination: Path) -> Path:
    for part, target in zip(("train", "t10k"), FASHION_MNIST_FILES, strict=True):
        images = read_idx(source / f"{part}-images-idx3-ubyte.gz")
        labels = read_idx(source / f"{part}-labels-idx1-ubyte.gz")
        _check_fashion_mnist(images, labels, source / f"{part}-*-ubyte.gz")
        with written(destination / target) as file:
            np.savez_compressed(file, images=images, labels=labels, index=np.arange(len(images), dtype=np.int32))
    return destination


def _check_fashion_mnist(images: Array, labels: Array, where: Path) -> None:
    right = images.dtype == np.uint8 and images.ndim == 3 and images.shape[1:] == (28, 28) and len(images) > 0
    if not right or labels.shape != images.shape[:1] or labels.max() > 9:
        raise DataError(
            f"{where} holds pictures {images.dtype} {images.shape} and labels {labels.shape}; "
            "expected uint8 [N, 28, 28] and as many labels from 0 to 9"
        )


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

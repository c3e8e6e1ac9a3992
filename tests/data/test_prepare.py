from __future__ import annotations

import errno
import gzip
import hashlib
import http.server
import io
import struct
import threading
import urllib.error
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolkit.data.fashion_mnist import RELEASE, FashionMNIST
from toolkit.data.mnist_family import prepare_release
from toolkit.data.prepare import data_folder, fetch, written
from toolkit.errors import DataError

CONTENT = bytes(range(256)) * 1000
MD5 = hashlib.md5(CONTENT).hexdigest()
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Response(io.BytesIO):
    """What an opener returns."""

    def __init__(self, content: bytes, length: int | None = None) -> None:
        super().__init__(content)
        self.headers = {} if length is None else {"Content-Length": str(length)}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address at which it is served."""
    folder = tmp_path / "served"
    folder.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def originals(folder: Path, train: int = 12, test: int = 4) -> dict[str, str]:
    """The four files in the original format, small; returns their checksums."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    for part, count in (("train", train), ("t10k", test)):
        images = random.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        header = bytes((0, 0, 8, 3)) + struct.pack(">3I", count, 28, 28)
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(header + images.tobytes()))
        labels = (np.arange(count) % 10).astype(np.uint8)
        header = bytes((0, 0, 8, 1)) + struct.pack(">I", count)
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(header + labels.tobytes()))
    return {name: hashlib.md5((folder / name).read_bytes()).hexdigest() for name in RELEASE.md5}


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir()) if folder.exists() else []


def test_a_file_is_downloaded_checked_and_its_progress_told(served: tuple[Path, str], tmp_path: Path) -> None:
    folder, address = served
    (folder / "a.bin").write_bytes(CONTENT)
    told: list[tuple[int, int | None]] = []
    target = tmp_path / "new" / "deep" / "a.bin"
    result = fetch(address + "a.bin", target, md5=MD5, sha256=SHA256.upper(), progress=lambda *now: told.append(now))
    assert result == target
    assert target.read_bytes() == CONTENT
    assert told[-1] == (256_000, 256_000)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert names(target.parent) == ["a.bin"]


def test_a_file_that_is_there_and_right_is_not_downloaded_again(tmp_path: Path) -> None:
    def no_network(url: str) -> Any:
        raise AssertionError("opened")

    (tmp_path / "a.bin").write_bytes(CONTENT)
    assert fetch("http://nowhere/a", tmp_path / "a.bin", sha256=SHA256, opener=no_network).read_bytes() == CONTENT
    (tmp_path / "a.bin").write_bytes(b"old")
    fetch("http://nowhere/a", tmp_path / "a.bin", md5=MD5, opener=lambda url: Response(CONTENT))
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_a_different_file_is_refused_and_the_old_one_stays(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"old")
    with pytest.raises(DataError, match=f"has the md5 [0-9a-f]*, expected {MD5}"):
        fetch("http://nowhere/a", tmp_path / "a.bin", md5=MD5, opener=lambda url: Response(CONTENT + b"!"))
    assert (tmp_path / "a.bin").read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


def test_a_connection_that_breaks_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="broke off after 256000 of 300000 bytes"):
        fetch("http://nowhere/a", tmp_path / "a.bin", opener=lambda url: Response(CONTENT, 300_000))

    class Torn(Response):
        def read(self, size: int | None = -1) -> bytes:
            raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")

    with pytest.raises(DataError, match=r"cannot download http://nowhere/a: .*Connection reset by peer"):
        fetch("http://nowhere/a", tmp_path / "a.bin", opener=lambda url: Torn(CONTENT))
    assert names(tmp_path) == []


def test_a_missing_network_and_a_missing_page_are_told_apart(served: tuple[Path, str], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the server answers 404"):
        fetch(served[1] + "missing.bin", tmp_path / "a.bin")

    def offline(url: str) -> Any:
        raise urllib.error.URLError(OSError(errno.ENETUNREACH, "Network is unreachable"))

    with pytest.raises(DataError, match="Network is unreachable") as caught:
        fetch("http://nowhere/a", tmp_path / "a.bin", opener=offline)
    assert "--from" in caught.value.way_out
    assert not (tmp_path / "a.bin").exists()


def test_a_full_disk_is_explained_and_leaves_nothing_behind(tmp_path: Path) -> None:
    def fill() -> None:
        with written(tmp_path / "a.bin") as file:
            file.write(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DataError, match=r"cannot write .*a\.bin: No space left on device"):
        fill()
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="cannot write"):
        fetch("http://nowhere/a", tmp_path / "file" / "a.bin", opener=lambda url: Response(CONTENT))


def test_data_is_looked_for_in_the_variable_then_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_DATA", str(tmp_path / "variable"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    first, second = tmp_path / "variable" / "set", tmp_path / "cache" / "adversarial-toolkit" / "set"
    assert data_folder("set") == first  # where it would be prepared
    second.mkdir(parents=True)
    (second / "a.npz").touch()
    assert data_folder("set", ["a.npz"]) == second
    first.mkdir(parents=True)
    assert data_folder("set", ["a.npz"]) == second  # the first lacks the file
    (first / "a.npz").touch()
    assert data_folder("set", ["a.npz"]) == first
    monkeypatch.delenv("TOOLKIT_DATA")
    assert data_folder("set") == second
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert data_folder("set") == tmp_path / ".cache" / "adversarial-toolkit" / "set"


def test_fashion_mnist_is_downloaded_and_converted(served: tuple[Path, str], tmp_path: Path) -> None:
    folder, address = served
    checksums = originals(folder)
    target = prepare_release(replace(RELEASE, address=address, md5=checksums), tmp_path / "out")
    assert names(target) == ["fashion-mnist-test.npz", "fashion-mnist-train.npz"]
    source = FashionMNIST(str(target))
    assert len(source) == 16
    assert [source[index]["label"] for index in range(16)] == [*range(10), 0, 1, *range(4)]
    assert source.key(11) == "train/11"
    assert source.split_of(12) == "test"


def test_a_download_with_another_checksum_is_refused(served: tuple[Path, str], tmp_path: Path) -> None:
    originals(served[0])
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz has the md5"):
        prepare_release(replace(RELEASE, address=served[1]), tmp_path / "out")
    assert names(tmp_path / "out") == []


def test_fashion_mnist_is_taken_from_a_folder_in_either_layout(tmp_path: Path) -> None:
    originals(tmp_path / "idx")
    first = prepare_release(RELEASE, tmp_path / "one", tmp_path / "idx")
    second = prepare_release(RELEASE, tmp_path / "two", first)
    for name in names(first):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    assert prepare_release(RELEASE, second, second) == second  # in place: checked, nothing to copy
    assert len(FashionMNIST(str(second))) == 16


def test_an_incomplete_or_wrong_folder_is_explained(tmp_path: Path) -> None:
    originals(tmp_path / "idx")
    (tmp_path / "idx" / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte\.gz missing"):
        prepare_release(RELEASE, tmp_path / "out", tmp_path / "idx")
    for name in ("fashion-mnist-train.npz", "fashion-mnist-test.npz"):
        np.savez(tmp_path / name, images=np.zeros((3, 32, 32), np.uint8), labels=np.zeros(3, np.uint8))
    with pytest.raises(DataError, match=r"uint8 \(3, 32, 32\) and labels \(3,\)"):
        prepare_release(RELEASE, tmp_path / "out", tmp_path)
    assert names(tmp_path / "out") == []

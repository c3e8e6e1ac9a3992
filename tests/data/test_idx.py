from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.data.idx import read_idx
from toolkit.errors import DataError

HEADER = bytes((0, 0, 8, 1)) + struct.pack(">I", 3)


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_what_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, shape: list[int]) -> None:
    array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    file = tmp_path_factory.mktemp("idx") / "a.gz"
    header = bytes((0, 0, 8, len(shape))) + struct.pack(f">{len(shape)}I", *shape)
    file.write_bytes(gzip.compress(header + array.tobytes()))
    assert np.array_equal(read_idx(file), array)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no gzip", "not a readable gzip"),
        (gzip.compress(HEADER + b"abc")[:-9], "not a readable gzip"),
        (gzip.compress(b""), "not an IDX file"),
        (gzip.compress(b"\0\0\x0d\1" + HEADER[4:] + b"abc"), "not an IDX file"),  # floats
        (gzip.compress(bytes((0, 0, 8, 3, 0, 0))), "not an IDX file"),
        (gzip.compress(HEADER + b"ab"), r"holds 2 values, but its shape is \(3,\)"),
        (gzip.compress(HEADER + b"abcd"), "holds 4 values"),
    ],
    # Named by hand: gzip writes the time into the bytes, so names made of them differ from
    # one test process to the next, and the processes then refuse to share the work.
    ids=["no gzip", "cut short", "empty", "floats", "short header", "two of three", "four of three"],
)
def test_other_files_are_explained(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "a.gz"
    file.write_bytes(content)
    with pytest.raises(DataError, match=words):
        read_idx(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.gz"):
        read_idx(tmp_path / "gone.gz")

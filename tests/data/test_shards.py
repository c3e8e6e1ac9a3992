from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.data.making import encoded, photo
from toolkit.data.images import decode_image
from toolkit.data.shards import TarShards
from toolkit.data.source import SampleError, Skipped
from toolkit.errors import DataError

JPEG = [encoded(photo(seed=seed), "JPEG") for seed in range(4)]


def shard(file: Path, members: Mapping[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(file, mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return file


def keys(source: TarShards) -> list[str]:
    return [source.key(index) for index in range(len(source))]


def test_pictures_of_all_shards_are_read_in_any_order(tmp_path: Path) -> None:
    shard(tmp_path / "b.tar", {"sub/0.png": encoded(photo(), "PNG"), "sub/notes.txt": b"x", ".hidden.jpg": JPEG[0]})
    shard(tmp_path / "a.tar", {"0.jpg": JPEG[0], "1.JPEG": JPEG[1]})
    source = TarShards(str(tmp_path), resolution=8, channels=1)
    assert keys(source) == ["a.tar/0", "a.tar/1", "b.tar/sub/0"]
    with ThreadPoolExecutor(4) as pool:
        images = [item["image"] for item in pool.map(source.__getitem__, [2, 0, 1] * 20)]
    for place, content in enumerate([encoded(photo(), "PNG"), JPEG[0], JPEG[1]] * 20):
        assert np.array_equal(images[place], decode_image(content, "L", 8))
    assert source.classes == ()
    assert source.problems == []


def test_a_pattern_and_a_single_file_choose_shards(tmp_path: Path) -> None:
    for name in ("train-0", "train-1", "test-0"):
        shard(tmp_path / f"{name}.tar", {"0.jpg": JPEG[0], "1.jpg": JPEG[1]})
    assert len(TarShards(str(tmp_path / "train-*.tar"))) == 4
    assert len(TarShards(str(tmp_path / "test-0.tar"))) == 2


def test_numbers_and_names_are_labels(tmp_path: Path) -> None:
    shard(
        tmp_path / "a.tar",
        {"0.jpg": JPEG[0], "0.cls": b"2\n", "1.json": json.dumps({"label": 0}).encode(), "1.jpg": JPEG[1]},
    )
    numbers = TarShards(str(tmp_path / "a.tar"), 8)
    assert numbers.classes == ("0", "1", "2")
    assert [numbers[index]["label"] for index in range(2)] == [2, 0]
    members: dict[str, bytes] = {}
    for number, name in enumerate(["dog", "ant", "dog"]):
        members |= {f"{number}.jpg": JPEG[number], f"{number}.json": json.dumps({"label": name}).encode()}
    shard(tmp_path / "b.tar", members)
    named = TarShards(str(tmp_path / "b.tar"), 8)
    assert named.classes == ("ant", "dog")
    assert [named[index]["label"] for index in range(3)] == [1, 0, 1]


def test_samples_with_a_missing_or_broken_label_leave_a_labelled_set(tmp_path: Path) -> None:
    members = {f"{i}.jpg": JPEG[i] for i in range(4)}
    members |= {"0.cls": b"1", "1.cls": b"one", "2.cls": b"0"}
    source = TarShards(str(shard(tmp_path / "a.tar", members)), 8)
    assert keys(source) == ["a.tar/0", "a.tar/2"]
    assert [source[index]["label"] for index in range(2)] == [1, 0]
    assert {problem.path for problem in source.problems} == {"a.tar/1", "a.tar/3"}


def test_a_truncated_shard_keeps_its_complete_samples_and_is_reported(tmp_path: Path) -> None:
    file = shard(tmp_path / "a.tar", {f"{i}.jpg": JPEG[i] for i in range(4)})
    with tarfile.open(file) as archive:
        last = archive.getmember("3.jpg")
    content = file.read_bytes()
    for end in (last.offset_data + 10, last.offset + 100, last.offset):
        file.write_bytes(content[:end])
        source = TarShards(str(file), 8)
        assert keys(source) == ["a.tar/0", "a.tar/1", "a.tar/2"]
        assert np.array_equal(source[2]["image"], decode_image(JPEG[2], "RGB", 8))
        [problem] = source.problems
        assert problem.path == "a.tar"
        assert "truncated" in problem.reason


def test_a_damaged_picture_is_found_when_it_is_read(tmp_path: Path) -> None:
    source = TarShards(str(shard(tmp_path / "a.tar", {"0.jpg": JPEG[0][:300], "1.jpg": JPEG[1]})), 8)
    with pytest.raises(SampleError, match=r"^a\.tar/0: "):
        source[0]
    (tmp_path / "a.tar").unlink()
    with pytest.raises(SampleError, match=r"^a\.tar/1: cannot be read"):
        source[1]


def test_compressed_and_foreign_files_are_explained(tmp_path: Path) -> None:
    shard(tmp_path / "a.tar", {"0.jpg": JPEG[0], "1.jpg": JPEG[1]}, "w:gz")
    with pytest.raises(DataError, match=r"a\.tar: the tar file is compressed; unpack it"):
        TarShards(str(tmp_path))
    shard(tmp_path / "b.tar", {"0.jpg": JPEG[0], "1.jpg": JPEG[1]})
    (tmp_path / "c.tar").write_text("no archive")
    (tmp_path / "d.tar").touch()
    source = TarShards(str(tmp_path))
    assert keys(source) == ["b.tar/0", "b.tar/1"]
    assert [problem.path for problem in source.problems] == ["a.tar", "c.tar", "d.tar"]
    assert all(isinstance(problem, Skipped) and problem.reason for problem in source.problems)


def test_nothing_to_read_is_explained(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no \.tar files"):
        TarShards(str(tmp_path))
    shard(tmp_path / "a.tar", {"0.jpg": JPEG[0], "1.txt": b"x"})
    with pytest.raises(DataError, match="1 usable pictures"):
        TarShards(str(tmp_path))
    shard(tmp_path / "a.tar", {"0.jpg": JPEG[0], "0.cls": b"-1", "1.jpg": JPEG[1], "1.cls": b"0"})
    with pytest.raises(DataError, match=r"a\.tar/0 has the label -1"):
        TarShards(str(tmp_path))

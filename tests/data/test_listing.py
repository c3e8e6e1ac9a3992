from __future__ import annotations

import os
import sys
import unicodedata
from pathlib import Path

import pytest

from tests.data.making import photo
from toolkit.data.listing import extensions, list_pictures
from toolkit.errors import DataError


def keys(folder: Path) -> list[str]:
    return [key for key, _ in list_pictures(folder).pictures]


def touch(folder: Path, *names: str) -> None:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")


def test_sub_folders_are_searched_and_the_order_is_that_of_the_names(tmp_path: Path) -> None:
    touch(tmp_path, "b/2.PNG", "b/deep/er/1.webp", "a.jpeg", "a/z.tif")
    assert keys(tmp_path) == ["a.jpeg", "a/z.tif", "b/2.PNG", "b/deep/er/1.webp"]


def test_other_files_are_counted_and_not_listed(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "notes.txt", "more.txt", "LICENSE", ".DS_Store", ".git/x.png", "__MACOSX/._a.png")
    listing = list_pictures(tmp_path)
    assert [key for key, _ in listing.pictures] == ["a.png"]
    assert listing.problems == []
    assert listing.note == f"ignored in {tmp_path}: 2 .txt, 1 without extension, 3 hidden"


def test_a_folder_of_pictures_only_needs_no_note(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    assert list_pictures(tmp_path).note == ""


def test_common_formats_are_known_and_vector_formats_are_not() -> None:
    assert {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm"} <= extensions()
    assert not {".eps", ".pdf", ".svg", ".txt"} & extensions()


def test_links_are_followed_once_and_loops_end(tmp_path: Path) -> None:
    inside, outside = tmp_path / "set", tmp_path / "elsewhere"
    touch(inside, "a.png", "sub/b.png")
    touch(outside, "c.png")
    (inside / "sub" / "loop").symlink_to(inside, target_is_directory=True)
    (inside / "linked").symlink_to(outside, target_is_directory=True)
    (outside / "back").symlink_to(outside, target_is_directory=True)
    assert keys(inside) == ["a.png", "linked/c.png", "sub/b.png"]


def test_links_to_nothing_and_to_themselves_are_reported(tmp_path: Path) -> None:
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "self.png").symlink_to(tmp_path / "self.png")
    listing = list_pictures(tmp_path)
    assert listing.pictures == []
    assert {problem.path for problem in listing.problems} == {"gone.png", "self.png"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_with_the_name_of_a_picture_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert [problem.path for problem in list_pictures(tmp_path).problems] == ["pipe.png"]


def test_keys_are_the_same_however_a_system_composes_letters(tmp_path: Path) -> None:
    touch(tmp_path, unicodedata.normalize("NFD", "é 日本 🎨.png"))
    assert keys(tmp_path) == [unicodedata.normalize("NFC", "é 日本 🎨.png")]
    assert list_pictures(tmp_path).pictures[0][1].read_bytes() == b"x"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux allows names that are no text")
def test_a_name_that_is_no_text_has_a_printable_key_and_can_be_opened(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff\xfe.png"
    photo().save(os.fsdecode(name))
    [(key, path)] = list_pictures(tmp_path).pictures
    assert key.encode() == b"\\xff\\xfe.png"
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_missing_folder_and_a_file_are_told_apart(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    with pytest.raises(DataError, match="does not exist"):
        list_pictures(tmp_path / "b")
    with pytest.raises(DataError, match="is a file, not a folder"):
        list_pictures(tmp_path / "a.png")

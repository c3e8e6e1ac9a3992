"""Text files that name what a collection holds out."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.errors import DataError
from toolkit.speech.split_lists import listed_splits, split_lists


def test_lists_are_found_by_their_names_and_read_by_their_first_column(tmp_path: Path) -> None:
    (tmp_path / "val-ids.txt").write_text("a1\nwavs/a2.wav\n\n")
    (tmp_path / "test.csv").write_text("./wavs/b1.FLAC|What was said.\nb.2\tx\n", "utf-8-sig")
    (tmp_path / "training_files.lst").write_text("c1\n")
    (tmp_path / "metadata.csv").write_text("a1|text\n")
    (tmp_path / "testimony.txt").write_text("no list\n")
    assert split_lists(tmp_path) == {
        "validation": {"a1", "wavs/a2"},
        "test": {"wavs/b1", "b.2"},
        "train": {"c1"},
    }


def test_recordings_in_no_list_are_for_training() -> None:
    lists = {"validation": frozenset({"1"}), "test": frozenset({"x/2"})}
    assert listed_splits(["x/1", "x/2", "y/2", "y/3"], lists) == {
        "x/1": "validation",
        "x/2": "test",
        "y/2": "train",
        "y/3": "train",
    }


def test_the_only_held_out_list_is_the_test_split() -> None:
    lists = {"train": frozenset({"a"}), "validation": frozenset({"b"})}
    assert listed_splits(["a", "b"], lists) == {"a": "train", "b": "test"}


def test_lists_that_name_nothing_that_is_there_fix_nothing() -> None:
    assert listed_splits(["a"], {"test": frozenset({"z"})}) == {}
    assert listed_splits(["a"], {}) == {}


def test_a_list_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "test.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"test\.txt.*not text in UTF-8"):
        split_lists(tmp_path)

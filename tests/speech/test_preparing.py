"""Putting recordings to where recipes look for them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from tests.speech.folders import RATE, archive, clips
from toolkit.errors import DataError
from toolkit.runs import preparation
from toolkit.speech.preparing import prepare_recordings
from toolkit.speech.recordings import Recordings


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOOLKIT_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_one_data_set_is_the_folder_that_is_given(tmp_path: Path, data: Path) -> None:
    source = clips(tmp_path / "downloads", ["wavs/a.wav", "wavs/b.wav"])
    archive(source / "more.tar", clips(tmp_path / "packed", ["c.wav", "d.wav"]))
    for name in ("val-ids.txt", "metadata.csv", "wavs/a.lab", "program.exe", ".hidden.txt"):
        (source / name).write_text("b\n")
    os.utime(source / "wavs" / "a.wav", ns=(10**18, 10**18))
    ready = prepare_recordings("my-voice", source, None)
    assert ready == data / "my-voice"
    found = sorted(path.relative_to(ready).as_posix() for path in ready.rglob("*") if path.is_file())
    assert found == ["metadata.csv", "more.tar", "val-ids.txt", "wavs/a.lab", "wavs/a.wav", "wavs/b.wav"]
    assert (ready / "wavs" / "a.wav").stat().st_mtime_ns == 10**18
    opened = Recordings("my-voice", sample_rate=RATE, cache=False)
    assert {opened.key(place): opened.split_of(place) for place in range(4)} == {
        "c": "train",
        "d": "train",
        "wavs/a": "train",
        "wavs/b": "test",
    }
    assert prepare_recordings("my-voice", None, None) == ready
    assert prepare_recordings("my-voice", ready, None) == ready


def test_several_data_sets_are_sub_folders_of_what_is_given(tmp_path: Path, data: Path) -> None:
    for name in ("one", "two"):
        clips(tmp_path / "all" / name)
    assert prepare_recordings(["one", "two"], tmp_path / "all", None) == data
    assert prepare_recordings(["one", "two"], tmp_path / "all", tmp_path / "there") == tmp_path / "there"
    assert (tmp_path / "there" / "two" / "d.wav").is_file()
    with pytest.raises(DataError, match="has no folder three"):
        prepare_recordings(["one", "three"], tmp_path / "all", None)


def test_what_is_not_there_is_said_with_the_way_out(tmp_path: Path, data: Path) -> None:
    with pytest.raises(DataError, match="toolkit prepare RECIPE --from DIR"):
        prepare_recordings("my-voice", None, None)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no recordings"):
        prepare_recordings("my-voice", tmp_path / "empty", None)
    assert not data.exists()
    with pytest.raises(DataError, match="names no data set"):
        prepare_recordings(str(tmp_path / "empty"), tmp_path, None)
    with pytest.raises(DataError, match=r"set data\.path"):
        prepare_recordings(None, None, None)


def test_a_recipe_says_which_recordings_it_needs(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Checked:
        data = yaml.safe_load("{name: recordings, path: [one, two]}")

    monkeypatch.setattr(preparation, "load_recipe", lambda recipe: Checked)
    for name in ("one", "two"):
        clips(tmp_path / "all" / name)
    assert preparation.prepare("recipe", tmp_path / "all") == data
    assert len(Recordings(["one", "two"], sample_rate=RATE, cache=False)) == 8

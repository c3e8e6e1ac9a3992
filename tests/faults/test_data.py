"""Data that is missing, empty, mixed or damaged."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.tiny import refused, reports, tiny_recipe, toolkit


def folder_recipe(folder: Path, *overrides: str) -> list[str]:
    """The tiny recipe on a folder of pictures."""
    data = f"data={{name: folder, path: {folder}, resolution: 8}}"
    return tiny_recipe("task.conditional=false", data, *overrides)


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Pictures of many sizes and modes, and four files that only look like pictures."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    random = np.random.default_rng(0)
    modes = ("RGB", "L", "RGBA", "P", "1", "CMYK", "I;16", "LA")
    for number in range(24):
        pixels = random.integers(0, 256, (9 + number, 30 - number, 3), dtype=np.uint8)
        mode = modes[number % len(modes)]
        picture = Image.fromarray(pixels)
        picture = picture.convert("L").convert("I;16") if mode == "I;16" else picture.convert(mode)
        picture.save(folder / f"{number:02}.{'jpg' if mode == 'CMYK' else 'png'}")
    whole = (folder / "00.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.jpg").touch()
    (folder / "letter.png").write_text("dear reader")
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    (folder / "notes.txt").write_text("not a picture, and not called one")
    return folder


LEFT_OUT = {
    "cut.png: the picture is truncated",
    "empty.jpg: the file is empty",
    "letter.png: not a picture in a format that can be read",
    "gone.png: not a regular file, or a link to nothing",
}


@pytest.mark.parametrize("cache", ["data.cache_gib=2", "data.cache_gib=0"])
@pytest.mark.parametrize("quiet", [[], ["--quiet"]])
def test_training_goes_on_with_the_good_pictures_and_lists_the_others(
    mixed: Path, tmp_path: Path, cache: str, quiet: list[str]
) -> None:
    arguments = folder_recipe(mixed, cache, "trainer.steps=8", "split={train: 1, validation: 0, test: 0}")
    outcome = toolkit("train", *arguments, "--out", tmp_path / "run", "--json", *quiet)
    assert outcome.code == 0, outcome.err
    assert set(outcome.json["skipped"]) == LEFT_OUT
    assert outcome.json["step"] == len(reports(tmp_path / "run")) == 8
    ending = outcome.err[outcome.err.index("4 input files were left out:") :]
    assert all(f"  {line}" in ending for line in LEFT_OUT)
    assert "notes.txt" not in outcome.err


def test_many_left_out_files_are_not_all_listed_on_the_terminal(mixed: Path, tmp_path: Path) -> None:
    for number in range(30):
        (mixed / f"bad{number:02}.png").write_text("no")
    outcome = toolkit("train", *folder_recipe(mixed, "trainer.steps=1"), "--out", tmp_path / "run", "--json")
    assert len(outcome.json["skipped"]) == 34
    assert "34 input files were left out:" in outcome.err
    assert "... and 14 more" in outcome.err


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    message = refused("train", *folder_recipe(tmp_path / "nowhere"), "--out", tmp_path / "run")
    assert f"the folder {tmp_path / 'nowhere'} does not exist" in message
    assert "-> give the path of a folder with pictures" in message
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("content", [[], ["notes.txt"], ["broken.png", "other.png"], [".hidden.png"]])
def test_a_folder_without_pictures_is_named_with_what_is_in_it(tmp_path: Path, content: list[str]) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    for name in content:
        (folder / name).write_text("words")
    message = refused("train", *folder_recipe(folder), "--out", tmp_path / "run")
    assert f"{folder} holds no usable pictures" in message
    assert "check the path" in message
    assert all(name in message for name in content if name.endswith(".png") and not name.startswith("."))
    assert not (tmp_path / "run").exists()


def test_one_picture_is_too_few(mixed: Path, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    shutil.copy(mixed / "00.png", tmp_path / "one")
    assert "training needs at least two" in refused(
        "train", *folder_recipe(tmp_path / "one"), "--out", tmp_path / "run"
    )


def test_pictures_that_vanish_while_training_are_left_out(mixed: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    arguments = folder_recipe(mixed, "data.cache_gib=0", "trainer.steps=2", "split={train: 1, validation: 0, test: 0}")
    assert toolkit("train", *arguments, "--out", run, "--quiet").code == 0
    for number in range(2, 24, 2):
        (mixed / f"{number:02}.png").write_text("overwritten")
    outcome = toolkit("resume", run, "trainer.steps=8", "--quiet", "--json")
    assert outcome.code == 0, outcome.err
    assert "02.png: not a picture in a format that can be read" in outcome.json["skipped"]


def test_data_that_has_to_be_prepared_first_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOOLKIT_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    message = refused("train", *tiny_recipe("data=fashion_mnist"), "--out", tmp_path / "run")
    assert f"Fashion-MNIST is not in {tmp_path / 'cache'}" in message
    assert "-> toolkit prepare image/fashion_mnist" in message
    assert not (tmp_path / "run").exists()


def test_a_run_whose_data_has_moved_loses_nothing(mixed: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert toolkit("train", *folder_recipe(mixed, "trainer.steps=2"), "--out", run, "--quiet").code == 0
    moved = mixed.rename(tmp_path / "moved")
    before = {file: file.read_bytes() for file in run.rglob("*") if file.is_file()}
    assert "does not exist" in refused("resume", run, "trainer.steps=4")
    assert {file: file.read_bytes() for file in run.rglob("*") if file.is_file()} == before
    outcome = toolkit("resume", run, "trainer.steps=4", f"data.path={moved}", "--quiet", "--json")
    assert outcome.json["step"] == 4

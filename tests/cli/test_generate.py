from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.judged import judged
from tests.tiny import contents, refused, tiny_recipe, toolkit

__all__ = ["judged"]


def generate(run: Path, out: Path, *arguments: object) -> dict[str, bytes]:
    """The files that a call writes."""
    outcome = toolkit("generate", "image", run, "--out", out, *arguments)
    assert outcome.code == 0, outcome.err
    return contents(out)


def test_pictures_and_their_grid_are_written_and_described(trained: Path, tmp_path: Path) -> None:
    outcome = toolkit("generate", "image", trained, "--count", 12, "--seed", 7, "--out", tmp_path / "p", "--json")
    told = outcome.json
    assert (told["model"], told["count"], told["grid"]) == (str(trained), 12, str(tmp_path / "p" / "grid.png"))
    assert [entry["index"] for entry in told["pictures"]] == list(range(12))
    assert {entry["seed"] for entry in told["pictures"]} == {7}
    assert [entry["class"] for entry in told["pictures"]] == [*map(str, range(10)), "0", "1"]
    for entry in told["pictures"]:
        with Image.open(entry["file"]) as picture:
            assert (picture.size, picture.mode) == ((8, 8), "L")
    with Image.open(told["grid"]) as grid:
        assert min(grid.size) >= 64


def test_the_same_seed_gives_the_same_files_and_another_seed_others(trained: Path, tmp_path: Path) -> None:
    once = generate(trained, tmp_path / "a", "--count", 5, "--seed", 1)
    assert generate(trained, tmp_path / "b", "--count", 5, "--seed", 1) == once
    other = generate(trained, tmp_path / "c", "--count", 5, "--seed", 2)
    assert all(other[name] != once[name] for name in once)


def test_how_many_are_made_does_not_change_any_of_them(trained: Path, tmp_path: Path) -> None:
    few = generate(trained, tmp_path / "few", "--count", 3)
    many = generate(trained, tmp_path / "many", "--count", 70)  # more than one batch
    assert len(many) == 72  # with grid.png and pictures.json
    assert all(many[name] == few[name] for name in few if name not in ("grid.png", "pictures.json"))


def test_a_class_is_chosen_by_name_or_number(trained: Path, tmp_path: Path) -> None:
    outcome = toolkit("generate", "image", trained, "--class", 3, "--count", 4, "--out", tmp_path / "p", "--json")
    assert {entry["class"] for entry in outcome.json["pictures"]} == {"3"}
    mixed = generate(trained, tmp_path / "mixed", "--count", 4)
    assert contents(tmp_path / "p")["00003.png"] == mixed["00003.png"]  # the fourth is a 3 either way
    assert contents(tmp_path / "p")["00001.png"] != mixed["00001.png"]


def test_the_default_words_say_where_the_pictures_are(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = toolkit("generate", "image", trained)
    assert outcome.out.startswith("16 pictures in ")
    assert outcome.out.endswith("pictures/  (all of them: pictures/grid.png)\n")
    assert len(list((tmp_path / "pictures").iterdir())) == 18


def test_a_smaller_set_in_the_same_folder_leaves_nothing_of_the_larger_one(trained: Path, tmp_path: Path) -> None:
    generate(trained, tmp_path / "p", "--count", 6)
    (tmp_path / "p" / "letter.txt").write_text("mine")
    left = generate(trained, tmp_path / "p", "--count", 2)
    assert left.keys() == {"00000.png", "00001.png", "grid.png", "pictures.json", "letter.txt"}


def test_judged_pictures_come_with_score_origin_and_acceptance_rate(judged: Path, tmp_path: Path) -> None:
    arguments = ["--count", 64, "--judge", "--seed", 1, "--out", tmp_path / "p", "--json"]
    told = toolkit("generate", "image", judged, *arguments).json
    assert told["count"] == len(told["pictures"]) == 64
    assert told["acceptance_rate"] == 64 / told["candidates"] < 1
    for entry in told["pictures"]:
        assert Path(entry["file"]).is_file()
        assert entry["seed"] == 1
        assert 0 <= entry["score"] <= 1
    assert len({entry["index"] for entry in told["pictures"]}) == 64
    assert told["judged"]["after"]["mean_score"] > told["judged"]["before"]["mean_score"]
    assert told["judged"]["after"]["frechet_distance"] is None
    assert "too few" in told["judged"]["reason"]
    once = contents(tmp_path / "p")
    assert toolkit("generate", "image", judged, *arguments).json["pictures"] == told["pictures"]
    assert contents(tmp_path / "p") == once


def test_judging_is_told_in_words_with_the_distance_before_and_after(judged: Path, tmp_path: Path) -> None:
    outcome = toolkit("generate", "image", judged, "--count", 80, "--judge", "--out", tmp_path / "p")
    lines = outcome.out.splitlines()
    assert lines[0].startswith("80 pictures in ")
    assert lines[1].startswith("the judge accepted ")
    assert "unjudged" in lines[2]
    assert lines[3].startswith("Fréchet distance to ")
    assert "pixels-8x8" in lines[3]


def test_a_class_and_a_share_go_with_the_judge(judged: Path, tmp_path: Path) -> None:
    arguments = ["--judge", "--class", "7", "--acceptance", 0.8, "--count", 5, "--out", tmp_path / "p", "--json"]
    told = toolkit("generate", "image", judged, *arguments).json
    assert {entry["class"] for entry in told["pictures"]} == {"7"}
    assert "one class" in told["judged"]["reason"]


def test_a_model_without_a_judge_is_explained_and_nothing_written(judged: Path, tmp_path: Path) -> None:
    config = json.loads((judged / "config.json").read_text())
    del config["judge"]
    (judged / "config.json").write_text(json.dumps(config))
    message = refused("generate", "image", judged, "--judge", "--out", tmp_path / "p")
    assert "no discriminator to judge with" in message
    assert "toolkit resume" in message
    assert not (tmp_path / "p").exists()


def test_an_unconditional_model_has_no_classes(tmp_path: Path) -> None:
    arguments = tiny_recipe("task.conditional=false", "trainer.steps=1")
    assert toolkit("train", *arguments, "--out", tmp_path / "run", "--quiet").code == 0
    told = toolkit("generate", "image", tmp_path / "run", "--count", 2, "--out", tmp_path / "p", "--json").json
    assert all("class" not in entry for entry in told["pictures"])
    pictures = [np.asarray(Image.open(entry["file"])) for entry in told["pictures"]]
    assert not np.array_equal(*pictures)
    assert "unconditional" in refused("generate", "image", tmp_path / "run", "--class", 3, "--out", tmp_path / "q")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--class", "11"], "no class '11'"),
        (["--class", "cat"], "choices: 0, 1, 2"),
        (["--acceptance", "0.5"], "goes with a judge"),
        (["--judge", "--acceptance", "0"], "acceptance"),
        (["--device", "cuda:99"], "device"),
        (["--device", "gpu"], "unknown device 'gpu'"),
    ],
)
def test_mistakes_are_explained_and_write_nothing(
    trained: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    assert words in refused("generate", "image", trained, *arguments, "--out", tmp_path / "p")
    assert not (tmp_path / "p").exists()


def test_a_model_or_a_folder_that_is_not_there_is_named(trained: Path, tmp_path: Path) -> None:
    assert "nosuch" in refused("generate", "image", tmp_path / "nosuch", "--out", tmp_path / "p")
    (tmp_path / "file").write_text("mine")
    assert str(tmp_path / "file") in refused("generate", "image", trained, "--out", tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"

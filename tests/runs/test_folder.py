from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import toolkit as package
from tests.tiny import TINY, newest, tiny_recipe, toolkit
from toolkit.config import load_recipe, to_document
from toolkit.config.yaml import parse_yaml
from toolkit.errors import CheckpointError, ToolkitError
from toolkit.runs import RunFolder


def test_the_stored_recipe_is_the_resolved_one(trained: Path) -> None:
    stored = parse_yaml((trained / "recipe.yaml").read_text(), "stored")
    assert stored["generator"] == {
        "name": "dcgan",
        "width": 8,
        "latent": 8,
        "norm": "none",
        "resolution": 8,
        "channels": 1,
        "classes": 10,
    }
    assert stored["trainer"]["max_bad_steps"] == 10
    assert stored["optimizer"]["generator"]["lr"]["name"] == "constant"
    assert to_document(RunFolder(trained).recipe()) == stored
    assert newest(trained).document("recipe.yaml") == (trained / "recipe.yaml").read_text()


def test_run_json_says_with_what_it_was_run(trained: Path) -> None:
    told = json.loads((trained / "run.json").read_text())
    assert told["toolkit"] == package.__version__
    assert told["versions"]["torch"] == torch.__version__
    assert told["machine"]["device"] == "cpu"
    assert told["machine"]["cores"] >= 1
    assert told["command"]
    assert told["commit"] is None or len(told["commit"]) == 40


def test_run_json_names_the_origin_of_parts_that_are_not_built_in(tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text(
        "from toolkit.adversarial.losses import Hinge\n"
        "from toolkit.registry import register\n"
        "@register('losses', 'folder_mine')\n"
        "class Mine(Hinge):\n"
        "    'My hinge.'\n"
    )
    arguments = tiny_recipe("loss=folder_mine", "trainer.steps=1")
    assert toolkit("--import", script, "train", *arguments, "--out", tmp_path / "run", "--quiet").code == 0
    told = json.loads((tmp_path / "run" / "run.json").read_text())
    assert told["plugins"]["losses/folder_mine"] == str(script)


def test_a_folder_without_a_recipe_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"is not a run: it has no recipe\.yaml"):
        RunFolder(tmp_path).recipe()
    assert not RunFolder(tmp_path).started()


def test_a_place_that_cannot_be_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    recipe = load_recipe(TINY)
    for place in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(ToolkitError, match=r"the run folder .* cannot be made"):
            RunFolder(place).begin(recipe, torch.device("cpu"))
    assert (tmp_path / "file").read_text() == "mine"


def test_a_run_that_was_killed_while_it_began_gets_its_files_anew(tmp_path: Path) -> None:
    folder, files = RunFolder(tmp_path / "run"), {"vocab.json": b"{}", "a.spm": b"model"}
    folder.make()
    folder.keep({"a.spm": b"mod"})  # the others, and the rest of it, were never written
    folder.require_same(files)
    folder.checkpoints.mkdir()
    (folder.checkpoints / "step-10").mkdir()
    folder.require_same(files)
    with pytest.raises(CheckpointError, match=r"another vocab\.json"):
        folder.require_same({**files, "vocab.json": b"[]"})

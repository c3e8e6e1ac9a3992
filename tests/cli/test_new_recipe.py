from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tiny import refused, toolkit
from toolkit.config import load_recipe
from toolkit.config.documents import packaged_recipes, recipe_names


@pytest.mark.parametrize("like", recipe_names())
def test_any_packaged_recipe_can_be_begun_from(like: str, tmp_path: Path) -> None:
    toolkit("new", "recipe", "mine", "--like", like, "--out", tmp_path / "mine")
    assert load_recipe(tmp_path / "mine").name == "mine"
    root = packaged_recipes()
    assert root is not None
    comments = [(folder / "recipe.yaml").read_text().count("#") for folder in (root / like, tmp_path / "mine")]
    assert comments[0] == comments[1], "the lesson comes along"
    compile((tmp_path / "mine" / "run.py").read_text(), "run.py", "exec")


def test_the_recipe_trains_as_it_was_made(tmp_path: Path) -> None:
    toolkit("new", "recipe", "mine", "--out", tmp_path / "mine")
    small = ["trainer.steps=2", "trainer.batch_size=8", "generator.width=8", "discriminator.width=8"]
    command = ["-m", "toolkit", "train", "mine", "--out", "run", "--quiet", *small]
    done = subprocess.run([sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "model" / "model.safetensors").is_file()


def test_an_unknown_beginning_is_answered_with_the_nearest(tmp_path: Path) -> None:
    assert "did you mean 'image/digits'" in refused(
        "new", "recipe", "mine", "--like", "image/digit", "--out", tmp_path / "m"
    )
    assert "is no name for a recipe" in refused("new", "recipe", "a b", "--out", tmp_path / "m")

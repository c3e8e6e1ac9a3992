from __future__ import annotations

from pathlib import Path

from tests.tiny import TINY, refused, toolkit


def test_a_recipe_whose_data_comes_with_the_toolkit_needs_nothing() -> None:
    assert toolkit("prepare", TINY).out == f"{TINY} needs no preparation\n"
    assert toolkit("prepare", TINY, "--json").json == {"recipe": str(TINY), "data": None}


def test_mistakes_are_explained(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("task: image\ndata: fashion_mnist\ngenerator: dcgan\ndiscriminator: dcgan\n")
    message = refused("prepare", recipe, "--from", tmp_path, "--to", tmp_path / "data")
    assert str(tmp_path) in message
    assert "fashion-mnist-train.npz" in message
    assert not (tmp_path / "data").exists()
    assert "nosuch" in refused("prepare", tmp_path / "nosuch")

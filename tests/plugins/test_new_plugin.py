"""`toolkit new plugin`: what it makes is installed, tested and trained with, as its user would."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugins.environment import Environment
from tests.tiny import refused, toolkit

SHORT = ["trainer.steps=3", "trainer.batch_size=8", "generator.width=16", "discriminator.width=8"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    root = tmp_path_factory.mktemp("new")
    toolkit("new", "plugin", "my-parts", "--out", root / "my-parts")
    environment = Environment(root)
    environment.install(root / "my-parts")
    return environment


def test_its_parts_are_found_by_name(installed: Environment) -> None:
    entries = {f"{entry['kind']}/{entry['name']}": entry for entry in installed.toolkit("list")}
    mine = {name for name, entry in entries.items() if entry["origin"] == "my-parts 0.1.0"}
    assert mine == {"generators/my_parts_mlp", "losses/my_parts_tempered"}


def test_it_passes_its_own_tests(installed: Environment) -> None:
    outcome = installed.passes_tests(installed.work.parent / "my-parts" / "tests")
    assert "4 passed" in outcome


def test_its_recipe_trains(installed: Environment) -> None:
    recipe = str(installed.work.parent / "my-parts" / "recipe.yaml")
    assert installed.toolkit("train", recipe, *SHORT, "--out", "run", "--quiet")["step"] == 3


@pytest.mark.parametrize("name", ["My Parts", "1parts", "a--b", "class", "../up"])
def test_names_that_python_could_not_import_are_refused(name: str, tmp_path: Path) -> None:
    assert "is no name for a package" in refused("new", "plugin", name, "--out", tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    assert "exists already" in refused("new", "plugin", "mine", "--out", tmp_path / "mine")
    assert "exists already" in refused("new", "recipe", "mine", "--out", tmp_path / "mine")
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["letter.txt"]

"""The example package from outside: installed with pip into an environment of its own, used by name, tested there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.plugins.environment import CHECKOUT, Environment

PACKAGE = CHECKOUT / "examples" / "plugin_package"
ORIGIN = "toolkit-example-plugin 0.1.0"
PARTS = {"generators/coordinate", "losses/alpha", "datasets/shapes"}
SHORT = ["trainer.steps=3", "trainer.batch_size=8", "data.count=80", "generator.width=16", "discriminator.width=8"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment in which pip has installed the package."""
    environment = Environment(tmp_path_factory.mktemp("plugin"))
    environment.install(PACKAGE)
    return environment


@pytest.fixture(scope="module")
def trained(installed: Environment) -> Path:
    """A run of the package's own recipe, three steps long."""
    recipe = str(PACKAGE / "recipe.yaml")
    result = installed.toolkit("train", recipe, *SHORT, "--out", "run", "--quiet")
    assert result["step"] == 3
    return installed.work / "run"


def test_the_parts_are_listed_with_their_origin_and_the_rest_is_unchanged(installed: Environment) -> None:
    entries = {f"{entry['kind']}/{entry['name']}": entry for entry in installed.toolkit("list")}
    assert {path for path, entry in entries.items() if entry["origin"] == ORIGIN} == PARTS
    assert all(entries[path]["summary"] and entries[path]["broken"] is None for path in PARTS)
    assert entries["losses/hinge"]["origin"] == "built-in"


def test_a_part_can_be_shown(installed: Environment) -> None:
    shown = installed.run("-m", "toolkit", "show", "alpha").stdout
    assert f"losses/alpha  ({ORIGIN}, toolkit_example_plugin.alpha:AlphaLoss)" in shown
    assert "alpha: float = 1.5" in shown
    assert str(installed.python.parent.parent) in shown  # where it is defined: in the environment, not in the checkout


def test_a_mistyped_keyword_of_an_outside_part_is_explained(installed: Environment) -> None:
    recipe = str(PACKAGE / "recipe.yaml")
    words = installed.run("-m", "toolkit", "train", recipe, "loss.alhpa=2", "--out", "wrong", code=2).stderr
    assert "'alpha' has no parameter 'alhpa'; did you mean 'alpha'" in words
    assert not (installed.work / "wrong").exists()


def test_a_run_records_where_its_parts_came_from(trained: Path) -> None:
    plugins = json.loads((trained / "run.json").read_text())["plugins"]
    assert {path: plugins.get(path) for path in PARTS} == dict.fromkeys(PARTS, ORIGIN)
    recipe = (trained / "recipe.yaml").read_text()
    assert "coordinate" in recipe
    assert "shapes" in recipe


def test_the_model_generates_what_was_asked_for(installed: Environment, trained: Path) -> None:
    made = installed.toolkit("generate", "image", str(trained), "--count", "2", "--class", "triangle", "--out", "made")
    assert [picture["class"] for picture in made["pictures"]] == ["triangle", "triangle"]
    assert (installed.work / made["grid"]).stat().st_size > 0


def test_a_run_can_be_resumed(installed: Environment, trained: Path) -> None:
    result = installed.toolkit("resume", str(trained), "trainer.steps=5", "--quiet")
    assert (result["step"], result["samples"]) == (5, 40)


def test_the_package_passes_its_own_tests(installed: Environment) -> None:
    outcome = installed.passes_tests(PACKAGE / "tests")
    assert " passed" in outcome
    assert "skipped" not in outcome

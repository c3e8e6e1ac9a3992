"""Every packaged recipe: it validates, its golden losses hold, its files are complete."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.recipes.smoke import NEEDS_DATA, ROOT, SMOKE, TABLE, smoke
from toolkit.config import load_recipe
from toolkit.config.documents import recipe_names

RUNS = [(recipe, name) for recipe, runs in TABLE.items() for name in runs]


def test_the_table_lists_every_recipe():
    assert sorted(TABLE) == recipe_names()


@pytest.mark.parametrize(("recipe", "run"), RUNS)
def test_golden_losses(recipe: str, run: str):
    needed = NEEDS_DATA.get(recipe)
    if needed and not (Path(os.environ.get("TOOLKIT_DATA", "")) / needed).is_dir():
        pytest.skip(f"no {needed} folder in $TOOLKIT_DATA")
    expected = json.loads((ROOT / recipe / "expected.json").read_text())
    assert expected["overrides"] == SMOKE
    golden = expected["runs"][run]
    assert golden["overrides"] == TABLE[recipe][run]
    found = smoke(recipe, golden["overrides"])
    assert found == pytest.approx(golden["losses"], rel=expected["relative_tolerance"], abs=2e-3)


@pytest.mark.parametrize("recipe", sorted(TABLE))
def test_a_recipe_folder_is_complete(recipe: str):
    folder = ROOT / recipe
    names = {file.name for file in folder.iterdir()}
    assert {"recipe.yaml", "run.py", "README.md", "expected.json"} <= names
    assert len((folder / "run.py").read_text().splitlines()) <= 30
    text = (folder / "recipe.yaml").read_text()
    assert text.count("#") >= 10, "a recipe is commented like a lesson"


@pytest.mark.parametrize("recipe", sorted(TABLE))
def test_every_variant_validates(recipe: str):
    from toolkit.config.documents import load_document

    document, _ = load_document(ROOT / recipe)
    for variant in [None, *document.get("variants", {})]:
        load_recipe(ROOT / recipe, [] if variant is None else [f"variant={variant}"])

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.config import load_recipe
from toolkit.config.documents import load_document, packaged_recipes, recipe_names
from toolkit.errors import ConfigError

TEXT = "task: image\ndata: digits\ngenerator: dcgan\ndiscriminator: dcgan\n"
PARTS = """
from toolkit.registry import register

@register("losses", "from_script")
class FromScript:
    "A loss of a script."
    needs_real = batch_coupled = False
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "mine"
    place.mkdir()
    (place / "recipe.yaml").write_text(TEXT)
    return place


def failure(source: Path | str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_recipe(source)
    assert str(source) in str(caught.value)
    return str(caught.value)


def test_a_recipe_is_found_by_folder_and_by_file(folder: Path) -> None:
    assert load_document(folder) == load_document(folder / "recipe.yaml")
    assert load_document(str(folder))[1] == folder / "recipe.yaml"
    (folder / "other.yml").write_text(TEXT + "seed: 5\n")
    assert load_recipe(folder / "other.yml").seed == 5


def test_packaged_recipes_are_found_by_name_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "image/digits" in recipe_names()
    root = packaged_recipes()
    assert root is not None
    expected = load_recipe(root / "image" / "digits" / "recipe.yaml")
    assert load_recipe("image/digits") == expected
    assert load_recipe("recipes/image/digits") == expected


def test_a_folder_of_ones_own_goes_before_a_packaged_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mine = tmp_path / "image" / "digits"
    mine.mkdir(parents=True)
    (mine / "recipe.yaml").write_text(TEXT + "name: mine\n")
    assert load_recipe("image/digits").name == "mine"


def test_a_recipe_may_be_written_in_python(tmp_path: Path) -> None:
    file = tmp_path / "recipe.py"
    file.write_text(
        "def recipe():\n"
        "    widths = [8 * 2 ** i for i in range(2)]\n"
        "    return {'task': 'image', 'data': 'digits', 'generator': {'name': 'dcgan', 'width': widths[-1]}}\n"
    )
    assert load_recipe(tmp_path).generator["width"] == 16
    assert load_recipe(file, ["generator.width=4"]).generator["width"] == 4


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("x = 1", "defines no function `recipe()`"),
        ("recipe = lambda: [1]", "must return a mapping; it returned list"),
        ("def recipe():\n    return 1 / 0", "ZeroDivisionError"),
        ("def recipe(:", "SyntaxError"),
        ("import no_such_module", "ModuleNotFoundError"),
    ],
)
def test_a_python_recipe_that_gives_none_is_explained(tmp_path: Path, code: str, words: str) -> None:
    file = tmp_path / "recipe.py"
    file.write_text(code)
    assert words in failure(file)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x89PNG\r\n\x1a\n\xff", "no text in UTF-8"),
        (b"", "expected a mapping of sections"),
        (b"- image\n", "expected a mapping of sections, found list"),
        (b"task: image\n  data: digits\n", "line 2"),
    ],
)
def test_a_file_that_is_no_recipe_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_bytes(content)
    assert words in failure(file)


def test_a_name_that_is_nothing_shows_the_nearest_recipe() -> None:
    assert "did you mean 'image/digits'?" in failure("image/digit")


def test_a_folder_without_a_recipe_is_named(tmp_path: Path) -> None:
    assert "nor a folder with recipe.yaml" in failure(tmp_path)


# -- scripts ----------------------------------------------------------------------------------------------------------


def test_imports_are_found_beside_the_recipe_and_stored_whole(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "parts.py").write_text(PARTS)
    (folder / "recipe.yaml").write_text(TEXT + "imports: [parts.py]\nloss: from_script\n")
    monkeypatch.chdir(tmp_path)
    recipe = load_recipe(folder)
    assert recipe.imports == [str(folder / "parts.py")]
    assert recipe.loss == {"name": "from_script"}


def test_imports_given_on_the_way_are_found_from_here_and_stored_whole(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here.py").write_text(PARTS)
    monkeypatch.chdir(tmp_path)
    stored = [str(tmp_path / "here.py")]
    assert load_recipe(folder, ["imports=[here.py]", "loss=from_script"]).imports == stored
    assert load_recipe(folder, ["loss=from_script"], ["here.py"]).imports == stored
    assert load_recipe(folder, ["imports=[here.py]"], ["here.py"]).imports == stored


def test_a_script_that_fails_is_a_problem_of_the_recipe(folder: Path) -> None:
    (folder / "parts.py").write_text("raise RuntimeError('not today')")
    (folder / "recipe.yaml").write_text(TEXT + "imports: [parts.py]\nseeed: 3\n")
    words = failure(folder / "recipe.yaml")
    assert "imports.0" in words
    assert "RuntimeError: not today" in words
    assert "did you mean 'seed'?" in words

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.tiny import TINY
from toolkit.data.fashion_mnist import RELEASE
from toolkit.errors import ConfigError, DataError
from toolkit.runs import prepare

RECIPE = "task: image\ndata: fashion_mnist\ngenerator: dcgan\ndiscriminator: dcgan\n"


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    file = tmp_path / "recipe.yaml"
    file.write_text(RECIPE)
    return file


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder that holds a small Fashion-MNIST."""
    folder = tmp_path / "source"
    folder.mkdir()
    images = np.zeros((4, 28, 28), np.uint8)
    for name in RELEASE.files:
        np.savez(folder / name, images=images, labels=np.arange(4), index=np.arange(4))
    return folder


def test_data_is_put_where_the_recipe_looks_for_it(
    recipe: Path, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOOLKIT_DATA", str(tmp_path / "data"))
    ready = prepare(recipe, source)
    assert ready == tmp_path / "data" / "fashion-mnist"
    assert sorted(file.name for file in ready.iterdir()) == sorted(RELEASE.files)


def test_data_is_put_where_one_wants_it(recipe: Path, source: Path, tmp_path: Path) -> None:
    assert prepare(recipe, str(source), str(tmp_path / "here")) == tmp_path / "here"
    assert (tmp_path / "here" / RELEASE.files[0]).is_file()


def test_embedded_data_needs_no_preparation() -> None:
    assert prepare(TINY) is None


def test_mistakes_are_explained(recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds neither"):
        prepare(recipe, tmp_path)
    with pytest.raises(ConfigError):
        prepare(tmp_path / "nosuch")

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.tiny import TINY
from toolkit.data.digits import Digits
from toolkit.errors import CheckpointError, ConfigError, DataError
from toolkit.runs import evaluate, train


@pytest.fixture(scope="module")
def real_digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty real digits as PNG files, enlarged, and as an array file."""
    folder = tmp_path_factory.mktemp("real")
    digits = Digits(8)
    pictures = np.stack([digits[index]["image"] for index in range(40)])
    (folder / "pictures").mkdir()
    for number, picture in enumerate(pictures):
        Image.fromarray(picture[..., 0]).resize((24, 24)).save(folder / "pictures" / f"{number:02}.png")
    np.savez(folder / "digits.npz", images=pictures)
    return folder


def test_a_run_is_compared_with_the_held_out_part_of_its_own_data(trained: Path) -> None:
    result = evaluate(trained)
    assert result["model"] == str(trained / "model")
    assert result["real"] == "digits (test)"
    assert result["samples"] == 32
    assert result["features"] == "pixels-8x8"
    assert 0 < result["real_samples"] < 200
    assert result["metrics"]["kernel_distance"] > 0


def test_the_same_seed_measures_the_same(trained: Path) -> None:
    once, again, other = evaluate(trained), evaluate(trained / "model"), evaluate(trained, seed=1)
    assert once["metrics"] == again["metrics"]
    assert once["metrics"] != other["metrics"]


def test_split_samples_and_metrics_are_ones_choice(trained: Path) -> None:
    result = evaluate(trained, split="validation", samples=10, overrides=["metrics=[precision_recall]"])
    assert result["real"] == "digits (validation)"
    assert result["samples"] == 10
    assert set(result["metrics"]) == {"precision", "recall"}


@pytest.fixture(scope="module")
def unlabelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of an unconditional model."""
    return train(TINY, tmp_path_factory.mktemp("unlabelled") / "run", ["task.conditional=false"], quiet=True).path


@pytest.mark.parametrize("name", ["pictures", "digits.npz"])
def test_a_model_may_be_compared_with_ones_own_pictures(unlabelled: Path, real_digits: Path, name: str) -> None:
    result = evaluate(unlabelled, real=real_digits / name)
    assert result["real"] == str(real_digits / name)
    assert result["real_samples"] == 40
    assert result["metrics"]["kernel_distance"] > 0


@pytest.mark.parametrize(
    ("overrides", "error", "words"),
    [
        (["metrics=[nosuch]"], ConfigError, "metrics.0.name"),
        (["extractor=pixel"], ConfigError, "did you mean 'pixels'?"),
        (["data.resolution=16"], ConfigError, "must be 16"),
        (["split={train: 0.9, validation: 0.1, test: 0}"], DataError, "the test split of this data is empty"),
        (["nonsense"], ConfigError, "section.option=value"),
    ],
)
def test_mistakes_are_explained(trained: Path, overrides: list[str], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words.replace(".", r"\.").replace("?", r"\?")):
        evaluate(trained, overrides=overrides)


def test_real_data_that_is_not_there_is_named(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"--real .*nowhere"):
        evaluate(trained, real=tmp_path / "nowhere")
    with pytest.raises(DataError, match="no usable pictures"):
        evaluate(trained, real=tmp_path)


@pytest.mark.parametrize("recipe", [None, 3])
def test_a_model_without_its_recipe_cannot_be_evaluated(trained: Path, tmp_path: Path, recipe: object) -> None:
    shutil.copytree(trained / "model", tmp_path / "model")
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    (tmp_path / "model" / "config.json").write_text(json.dumps({**config, "recipe": recipe}))
    with pytest.raises(CheckpointError, match="does not remember the recipe"):
        evaluate(tmp_path / "model")


def test_a_conditional_model_is_compared_with_a_folder_without_labels(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    run = train(TINY, tmp_path / "run", ["trainer.steps=2"], quiet=True)
    source = np.random.default_rng(0)
    for place in range(6):
        Image.fromarray(source.integers(0, 256, (8, 8), dtype=np.uint8)).save(pictures / f"{place}.png")
    found = evaluate(run.path, real=pictures, samples=20, overrides=["extractor=pixels", "metrics=[kernel]"])
    assert found["real_samples"] == 6
    assert "kernel_distance" in found["metrics"]

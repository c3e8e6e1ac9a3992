from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.tiny import TINY
from toolkit.config import build
from toolkit.data.digits import Digits
from toolkit.engine.models import save_model
from toolkit.errors import CheckpointError, ConfigError, DataError, ToolkitError, UnknownPartError
from toolkit.image import measure
from toolkit.image import pipeline as pipeline_module
from toolkit.runs import evaluate, train

pytestmark = pytest.mark.filterwarnings("ignore::toolkit.metrics.base.FewSamplesWarning")


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
    larger = "40 of 40 pictures (24x24) were brought to 8x8"
    assert any(larger in note for note in result["notes"]) == (name == "pictures")


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


def test_numbers_come_with_intervals_unless_time_matters(trained: Path) -> None:
    found = evaluate(trained, overrides=["metrics=[frechet, precision_recall, kernel]"])
    assert set(found["intervals"]) == {"frechet_distance", "precision", "recall", "kernel_distance"}
    assert all(half_width >= 0 for half_width in found["intervals"].values())
    plain = evaluate(trained, overrides=["metrics=[frechet, precision_recall, kernel]"], repeats=0)
    assert plain["intervals"] == {}
    assert plain["metrics"] == found["metrics"]
    with pytest.raises(DataError, match="at least 2 repeats"):
        evaluate(trained, repeats=1)


def test_features_of_real_data_are_extracted_once(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOOLKIT_CACHE", str(tmp_path))
    first = evaluate(trained, repeats=0)
    (file,) = (tmp_path / "features").iterdir()
    calls = []
    read = measure.real_batches
    monkeypatch.setattr(measure, "real_batches", lambda source: calls.append(source) or read(source))
    assert evaluate(trained, repeats=0)["metrics"] == first["metrics"]
    assert calls == []
    file.write_bytes(b"damaged")
    again = evaluate(trained, repeats=0)
    assert again["metrics"] == first["metrics"]
    assert "made again" in again["notes"][0]
    assert evaluate(trained, repeats=0, cache=False)["metrics"] == first["metrics"]
    assert len(calls) == 2


def test_every_metric_that_fits_or_those_that_are_named(trained: Path) -> None:
    found = evaluate(trained, metrics="all", features="digits-classifier", samples=90, repeats=0, per_class=True)
    assert set(found["metrics"]) >= {"frechet_distance", "accuracy", "memorisation_ratio", "modes", "coverage"}
    assert found["features"].startswith("classifier-digits-classifier-")
    assert set(found["per_class"]) == {str(digit) for digit in range(10)}
    assert "accuracy" in found["per_class"]["3"]
    few = evaluate(trained, metrics="all", samples=3, repeats=0)
    assert "at least 4 generated samples, not 3" in few["skipped"]["precision_recall"]
    assert "needs class probabilities" in few["skipped"]["accuracy"]
    assert "frechet_distance" in few["metrics"]
    with pytest.raises(DataError, match="precision_recall: this metric needs at least 4 generated samples"):
        evaluate(trained, metrics=["precision_recall"], samples=3)


def test_a_classifier_of_other_classes_says_nothing_of_accuracy(trained: Path, tmp_path: Path) -> None:
    spec = {"name": "classifier", "resolution": 8, "channels": 1, "classes": 2, "width": 4}
    weights = build("generators", spec).state_dict()
    save_model(tmp_path / "judge", weights, {"generator": spec, "classes": ["cat", "dog"]}, "# Card\n")
    found = evaluate(trained, features=str(tmp_path / "judge"), metrics="all", repeats=0)
    assert "the 2 classes of the features" in found["skipped"]["accuracy"]
    with pytest.raises(DataError, match=r"accuracy: the 2 classes of the features .* are not those of the data"):
        evaluate(trained, features=str(tmp_path / "judge"), metrics=["accuracy"])
    with pytest.raises(UnknownPartError, match="did you mean 'digits-classifier'"):
        evaluate(trained, features="digit-classifier")


def test_labels_of_ones_own_pictures_are_matched_by_name(trained: Path, tmp_path: Path) -> None:
    digits = Digits(8)
    for number in range(40):
        file = tmp_path / "real" / str(digits[number]["label"]) / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(digits[number]["image"][..., 0]).save(file)
    found = evaluate(trained, real=tmp_path / "real", samples=40, repeats=0, per_class=True, metrics=["frechet"])
    assert set(found["per_class"]) == {str(digit) for digit in range(10)}
    (tmp_path / "real" / "1").rename(tmp_path / "real" / "one")
    with pytest.raises(DataError, match="an unknown class: 'one'"):
        evaluate(trained, real=tmp_path / "real")


def test_a_classifier_is_tested_on_ones_own_labelled_pictures(real_digits: Path, tmp_path: Path) -> None:
    digits = Digits(16)
    np.savez(tmp_path / "digits.npz", images=digits.fields["image"][:60], labels=digits.fields["label"][:60])
    found = evaluate("digits-classifier", real=tmp_path / "digits.npz")
    assert found["metrics"]["accuracy"] > 0.9
    assert found["intervals"]["accuracy"] > 0
    assert "features" not in found
    with pytest.raises(DataError, match="has no labels"):
        evaluate("digits-classifier", real=real_digits / "digits.npz")


def test_a_model_whose_data_is_not_here_asks_for_other_pictures(
    unlabelled: Path, real_digits: Path, tmp_path: Path
) -> None:
    shutil.copytree(unlabelled / "model", tmp_path / "model")
    file = tmp_path / "model" / "config.json"
    config = json.loads(file.read_text())
    config["recipe"]["data"] = {"name": "fashion_mnist", "path": str(tmp_path / "nowhere"), "resolution": 8}
    file.write_text(json.dumps(config))
    with pytest.raises(DataError, match="'fashion_mnist', cannot be opened") as caught:
        evaluate(tmp_path / "model")
    assert "toolkit prepare" in caught.value.way_out
    assert "--real DIR_OR_NPZ" in caught.value.way_out
    found = evaluate(
        tmp_path / "model", real=real_digits / "digits.npz", metrics="all", repeats=0, overrides=["seed=1"]
    )
    assert found["real_samples"] == 40
    assert "needs the features of the training data" in found["skipped"]["memorisation"]
    assert any("give --train" in note for note in found["notes"])
    training = real_digits / "pictures"
    given = evaluate(tmp_path / "model", real=real_digits / "digits.npz", train=training, metrics="all", repeats=0)
    assert "memorisation_ratio" in given["metrics"]


def test_samples_may_be_made_in_another_way_than_straight_from_the_network(trained: Path) -> None:
    asked = []

    def judged(pipeline: Any) -> Any:
        def pages(count: int, seed: int, labels: torch.Tensor | None) -> Any:
            asked.append((count, seed, labels is not None))
            yield {"data": torch.zeros(count, 1, 8, 8), "label": labels}

        assert pipeline.classes
        return pages

    found = evaluate(trained, samples=12, seed=4, repeats=0, overrides=["metrics=[precision_recall]"], pages=judged)
    assert asked == [(12, 4, True)]
    assert found["metrics"]["recall"] == 0


def test_a_judge_decides_which_samples_count(trained: Path, real_digits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def few(pipeline: Any, **_: Any) -> Any:
        assert pipeline.classes
        return lambda count, seed, labels: [{"data": torch.zeros(7, 1, 8, 8), "label": labels[:7]}]

    monkeypatch.setattr(pipeline_module, "judged_pages", few)
    found = evaluate(trained, samples=12, repeats=0, overrides=["metrics=[precision_recall]"], judge=True)
    assert (found["judged"], found["samples"], found["metrics"]["recall"]) == (True, 7, 0)
    assert evaluate(trained, repeats=0)["judged"] is False
    with pytest.raises(CheckpointError, match="a model for classification has no judge"):
        evaluate("digits-classifier", judge=True)
    with pytest.raises(DataError, match="only a model has a judge"):
        evaluate(real_digits / "pictures", real=real_digits / "digits.npz", judge=True)


def test_truncated_pictures_are_less_varied(trained: Path, real_digits: Path) -> None:
    plain, same, none = (evaluate(trained, repeats=0, truncation=value) for value in (None, 1.0, 0.0))
    assert same["metrics"] == plain["metrics"]
    assert (plain["truncation"], none["truncation"]) == (None, 0.0)
    assert none["metrics"] != plain["metrics"]
    with pytest.raises(ToolkitError, match="truncation must be from 0 to 1"):
        evaluate(trained, truncation=1.5)
    with pytest.raises(CheckpointError, match="makes no samples that could be truncated"):
        evaluate("digits-classifier", truncation=0.5)
    with pytest.raises(DataError, match="cannot be truncated any more"):
        evaluate(real_digits / "pictures", real=real_digits / "digits.npz", truncation=0.5)


def test_evaluations_while_training_use_the_kept_features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_CACHE", str(tmp_path / "cache"))
    calls = []
    read = measure.real_batches
    monkeypatch.setattr(measure, "real_batches", lambda source: calls.append(source) or read(source))
    for name in ("one", "two"):
        train(TINY, tmp_path / name, ["trainer.evaluate_every=2"], quiet=True)
    assert len(calls) == 1

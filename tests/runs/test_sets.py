from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from toolkit.config import build
from toolkit.data.digits import Digits
from toolkit.engine.models import save_model
from toolkit.errors import CheckpointError, ConfigError, DataError
from toolkit.metrics import inception
from toolkit.runs import evaluate
from toolkit.runs.sets import is_picture_set

pytestmark = pytest.mark.filterwarnings("ignore::toolkit.metrics.base.FewSamplesWarning")


def save(folder: Path, start: int, count: int, classes: bool = False, size: int = 16, mode: str = "L") -> Path:
    """Some real digits as PNG files."""
    digits = Digits(16)
    for number in range(start, start + count):
        sample = digits[number]
        file = folder / (str(sample["label"]) if classes else "") / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray(sample["image"][..., 0])
        if mode == "RGBA":
            picture = picture.convert("RGB")
            picture.putalpha(Image.fromarray(sample["image"][..., 0]))
        picture.convert(mode).resize((size, size)).save(file)
    return folder


def test_two_folders_are_compared_in_features_that_are_named(tmp_path: Path) -> None:
    one, other = save(tmp_path / "a", 0, 40), save(tmp_path / "b", 100, 50)
    found = evaluate(one, real=other)
    assert found["generated"] == str(one)
    assert (found["samples"], found["real_samples"]) == (40, 50)
    assert (found["features"], found["fid_comparable"]) == ("pixels-8x8", False)
    assert (found["resolution"], found["channels"]) == (16, 1)
    names = {"frechet_distance", "kernel_distance", "precision", "recall", "density", "coverage"}
    assert names <= set(found["metrics"])
    assert set(found["intervals"]) == names
    assert evaluate(one, real=other)["metrics"] == found["metrics"]


def test_a_set_is_nearer_to_its_own_kind(tmp_path: Path) -> None:
    real = save(tmp_path / "real", 0, 60)
    flat = tmp_path / "flat.npz"
    np.savez(flat, images=np.full((40, 16, 16), 90, dtype=np.uint8))
    same = evaluate(save(tmp_path / "same", 200, 40), real=real, repeats=0)["metrics"]
    worse = evaluate(flat, real=real, repeats=0)["metrics"]
    assert worse["kernel_distance"] > 5 * abs(same["kernel_distance"])
    assert (worse["recall"], worse["precision"]) == (0, 0)


@pytest.mark.parametrize(
    ("sizes", "modes", "expected"),
    [
        ((16, 24), ("L", "L"), (16, 1)),
        ((24, 16), ("RGB", "L"), (16, 1)),
        ((16, 16), ("RGBA", "RGBA"), (16, 4)),
        ((16, 16), ("RGBA", "L"), (16, 3)),
    ],
)
def test_the_smaller_size_and_the_colours_of_both_are_taken(
    sizes: tuple[int, int], modes: tuple[str, str], expected: tuple[int, int], tmp_path: Path
) -> None:
    one, other = (
        save(tmp_path / str(place), 100 * place, 12, size=size, mode=mode)
        for place, (size, mode) in enumerate(zip(sizes, modes, strict=True))
    )
    found = evaluate(one, real=other, metrics=["kernel"], repeats=0)
    assert (found["resolution"], found["channels"]) == expected
    assert len(found["notes"]) == (sizes[0] != sizes[1])
    chosen = evaluate(one, real=other, metrics=["kernel"], repeats=0, overrides=["resolution=12", "channels=3"])
    assert (chosen["resolution"], chosen["channels"]) == (12, 3)


def test_class_folders_give_accuracy_and_numbers_by_class(tmp_path: Path) -> None:
    one, other = save(tmp_path / "a", 0, 60, classes=True), save(tmp_path / "b", 100, 60, classes=True)
    (one / "3").rename(tmp_path / "moved")
    found = evaluate(one, real=other, features="digits-classifier", per_class=True, repeats=0)
    assert found["metrics"]["accuracy"] > 0.9
    assert found["metrics"]["classifier_score"] > 3
    assert set(found["per_class"]) == set("012456789")
    assert "no sample with label 3" in found["skipped"]["class 3"]
    assert found["fid_comparable"] is False


def test_classes_of_other_names_are_compared_by_name_but_not_classified(tmp_path: Path) -> None:
    one, other = save(tmp_path / "a", 0, 60, classes=True), save(tmp_path / "b", 100, 60, classes=True)
    for folder in (one, other):
        for digit in range(10):
            (folder / str(digit)).rename(folder / f"digit {digit}")
    found = evaluate(one, real=other, features="digits-classifier", metrics="all", per_class=True, repeats=0)
    assert "accuracy" in found["skipped"]
    assert "digit 4" in found["per_class"]
    only_one = evaluate(save(tmp_path / "c", 0, 20), real=other, per_class=True, metrics=["kernel"], repeats=0)
    assert f"{tmp_path / 'c'} has no labels" in only_one["notes"]


def test_copies_of_training_pictures_are_found(tmp_path: Path) -> None:
    train, real = save(tmp_path / "train", 0, 80), save(tmp_path / "real", 100, 40)
    copies = evaluate(save(tmp_path / "copies", 0, 20), real=real, train=train, repeats=0)
    assert copies["metrics"]["memorisation_ratio"] == 0
    fresh = evaluate(save(tmp_path / "fresh", 200, 20), real=real, train=train, repeats=0)
    assert fresh["metrics"]["memorisation_ratio"] > 0.5


def test_only_some_of_the_pictures(tmp_path: Path) -> None:
    one, other = save(tmp_path / "a", 0, 30), save(tmp_path / "b", 100, 30)
    found = evaluate(one, real=other, samples=10, repeats=0)
    assert found["samples"] == 10
    assert evaluate(one, real=other, samples=10, repeats=0, seed=1)["metrics"] != found["metrics"]


def test_two_pictures_are_too_few_for_most_metrics_and_which_is_said(tmp_path: Path) -> None:
    one, other = save(tmp_path / "a", 0, 2), save(tmp_path / "b", 100, 2)
    with pytest.warns(UserWarning, match="much too high"):
        found = evaluate(one, real=other)
    assert set(found["metrics"]) == {"frechet_distance"}
    assert "at least 4 real samples, not 2" in found["skipped"]["kernel"]
    assert "at least 6 real samples, not 2" in found["skipped"]["density_coverage"]
    with pytest.raises(DataError, match="kernel: this metric needs at least 4 real samples, not 2"):
        evaluate(one, real=other, metrics=["kernel"])
    with pytest.raises(DataError, match="one usable picture"):
        evaluate(save(tmp_path / "c", 0, 1), real=other)


def test_damaged_pictures_are_left_out_and_listed(tmp_path: Path) -> None:
    one, other = save(tmp_path / "a", 0, 12), save(tmp_path / "b", 100, 12)
    (one / "torn.png").write_bytes((one / "3.png").read_bytes()[:-30])
    (other / "empty.png").write_bytes(b"")
    found = evaluate(one, real=other, repeats=0)
    assert found["samples"] == found["real_samples"] == 12
    assert [line.split(":")[0] for line in found["left_out"]] == ["torn.png", "empty.png"]


def test_mistakes_are_explained(tmp_path: Path) -> None:
    one = save(tmp_path / "a", 0, 6)
    with pytest.raises(DataError, match="holds pictures, not a model") as caught:
        evaluate(one)
    assert "--real" in caught.value.way_out
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no usable pictures"):
        evaluate(tmp_path / "empty", real=one)
    with pytest.raises(DataError, match="no such folder or file"):
        evaluate(one, real=tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="generator: is no setting of a comparison"):
        evaluate(one, real=one, overrides=["generator.width=3"])
    with pytest.raises(ConfigError, match="channels: is 2; it must be 1, 3 or 4"):
        evaluate(one, real=one, overrides=["channels=2"])
    with pytest.raises(CheckpointError, match="holds no model"):
        evaluate(tmp_path / "empty")


def test_a_classifier_decides_size_and_colours(tmp_path: Path) -> None:
    spec = {"name": "classifier", "resolution": 12, "channels": 3, "classes": 2, "width": 4}
    weights = build("generators", spec).state_dict()
    save_model(tmp_path / "judge", weights, {"generator": spec, "classes": ["a", "b"]}, "# Card\n")
    one, other = save(tmp_path / "a", 0, 12), save(tmp_path / "b", 100, 12)
    found = evaluate(one, real=other, features=str(tmp_path / "judge"), metrics=["kernel"], repeats=0)
    assert (found["resolution"], found["channels"]) == (12, 3)


def test_what_is_a_set_of_pictures_and_what_is_a_model(trained: Path, tmp_path: Path) -> None:
    pictures = save(tmp_path / "pictures", 0, 2)
    (tmp_path / "empty").mkdir()
    assert is_picture_set(pictures, None)
    assert not is_picture_set(tmp_path / "empty", None)
    assert is_picture_set(tmp_path / "empty", pictures)
    assert not is_picture_set(trained, pictures)
    assert not is_picture_set(trained / "model", pictures)
    assert not is_picture_set("digits-classifier", pictures)
    assert not is_picture_set(tmp_path / "nowhere", pictures)


def test_a_folder_here_comes_before_a_shipped_model_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "digits-classifier", 0, 2)
    assert is_picture_set("digits-classifier", None)


def test_inception_is_used_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.contracts.cases import Place
    from tests.contracts.cases import inception as put

    (settings,) = put(Place(tmp_path, monkeypatch))
    monkeypatch.setenv(inception.WEIGHTS_VARIABLE, settings["weights"])
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    one, other = save(tmp_path / "a", 0, 6, mode="RGBA"), save(tmp_path / "b", 100, 6, mode="RGBA")
    found = evaluate(one, real=other, metrics=["kernel"], repeats=0)
    assert found["features"] == "inception-2015"
    assert found["fid_comparable"] is False  # six samples
    monkeypatch.setattr("toolkit.runs.choices.FID_SAMPLES", 6)
    assert evaluate(one, real=other, metrics=["kernel"], repeats=0)["fid_comparable"] is True
    resized = evaluate(one, real=other, metrics=["kernel"], repeats=0, overrides=["resolution=8"])
    assert resized["fid_comparable"] is False
    assert evaluate(one, real=other, features="pixels", metrics=["kernel"])["features"] == "pixels-8x8"


def test_modes_of_stacked_digits_are_counted(tmp_path: Path) -> None:
    digits = Digits(16)
    random = np.random.default_rng(0)
    rows = random.integers(0, 400, (150, 3))
    triples = np.moveaxis(digits.fields["image"][rows][..., 0], 1, -1)
    for name, pictures in (("many", triples), ("one", triples[:1].repeat(60, axis=0))):
        np.savez(tmp_path / f"{name}.npz", images=pictures)
    settings = ["extractor={name: stacked, model: digits-classifier}", "metrics=[mode_coverage]"]
    found = evaluate(tmp_path / "many.npz", real=tmp_path / "many.npz", overrides=settings)
    assert found["features"].startswith("stacked-classifier-digits-classifier-")
    seen = len({tuple(labels) for labels in digits.fields["label"][rows].tolist()})
    assert abs(found["metrics"]["modes"] - seen) <= 5  # the classifier misreads few
    assert found["metrics"]["mode_kl_floor"] == 999 / 300
    assert found["intervals"]["mode_kl"] > 0
    collapsed = evaluate(tmp_path / "one.npz", real=tmp_path / "many.npz", overrides=settings)
    assert collapsed["metrics"]["modes"] == 1
    assert collapsed["metrics"]["mode_kl"] == pytest.approx(np.log(1000))

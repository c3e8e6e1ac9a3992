from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from toolkit.data.fashion_mnist import CLASSES, FashionMNIST
from toolkit.data.prepare import DATA_VARIABLE
from toolkit.data.splits import split
from toolkit.errors import DataError

REAL = Path(os.environ.get(DATA_VARIABLE, "")) / "fashion-mnist"


def small(folder: Path) -> None:
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    for name, count in (("train", 40), ("test", 6)):
        np.savez(
            folder / f"fashion-mnist-{name}.npz",
            images=random.integers(1, 256, (count, 28, 28), dtype=np.uint8),
            labels=(np.arange(count) % 10).astype(np.uint8),
            index=np.arange(count, dtype=np.int32) * 2,
        )


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's own copies play no part."""
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_it_is_found_in_each_of_its_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small(tmp_path / "given")
    assert len(FashionMNIST(str(tmp_path / "given"))) == 46
    (tmp_path / "cache" / "adversarial-toolkit").mkdir(parents=True)
    (tmp_path / "given").rename(tmp_path / "cache" / "adversarial-toolkit" / "fashion-mnist")
    assert len(FashionMNIST()) == 46
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    assert len(FashionMNIST()) == 46  # the variable's folder does not have it
    (tmp_path / "data").mkdir()
    (tmp_path / "cache" / "adversarial-toolkit" / "fashion-mnist").rename(tmp_path / "data" / "fashion-mnist")
    assert len(FashionMNIST()) == 46


def test_samples_have_a_border_a_class_a_split_and_a_key(tmp_path: Path) -> None:
    small(tmp_path / "given")
    source = FashionMNIST(str(tmp_path / "given"))
    image = source[3]["image"]
    assert image.shape == (32, 32, 1)
    assert image[2:30, 2:30].min() > 0
    assert image.sum() == image[2:30, 2:30].sum()
    assert source.classes[source[3]["label"]] == "Dress"
    assert (source.key(3), source.split_of(3)) == ("train/6", "train")
    assert (source.key(45), source.split_of(45)) == ("test/10", "test")
    assert FashionMNIST(str(tmp_path / "given"), resolution=16)[0]["image"].shape == (16, 16, 1)
    assert split(source)["test"].tolist() == list(range(40, 46))


def test_when_it_is_absent_the_way_out_is_the_command(tmp_path: Path) -> None:
    for path in (None, str(tmp_path)):
        with pytest.raises(DataError, match="Fashion-MNIST is not in") as caught:
            FashionMNIST(path)
        assert "toolkit prepare image/fashion_mnist" in caught.value.way_out
        assert "--from DIR" in caught.value.way_out


def test_preparing_fills_the_place_where_it_is_looked_for(tmp_path: Path) -> None:
    small(tmp_path / "given")
    folder = FashionMNIST.prepare(source=tmp_path / "given")
    assert folder == tmp_path / "cache" / "adversarial-toolkit" / "fashion-mnist"
    assert len(FashionMNIST()) == 46
    assert FashionMNIST.prepare(tmp_path / "given", tmp_path / "other") == tmp_path / "other"
    assert len(FashionMNIST(str(tmp_path / "other"))) == 46


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no fashion-mnist folder in ${DATA_VARIABLE}")
def test_the_real_data_has_its_known_numbers() -> None:
    source = FashionMNIST(str(REAL), resolution=28)
    labels = source.fields["label"]
    test = np.array([source.split_of(index) == "test" for index in range(len(source))])
    assert test.sum() == 10_000
    assert (~test).sum() in (54_000, 60_000)
    assert np.bincount(labels[test]).tolist() == [1000] * 10
    assert labels[:1].tolist() == [CLASSES.index("Ankle boot")]
    assert int(source[0]["image"].sum()) == 76247
    assert abs(float(source.fields["image"][~test].mean()) / 255 - 0.286) < 0.001

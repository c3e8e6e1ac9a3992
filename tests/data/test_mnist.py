from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.recipes import stand_ins
from toolkit.data.mnist import MNIST, RELEASE
from toolkit.data.prepare import DATA_VARIABLE
from toolkit.errors import DataError

REAL = Path(os.environ.get(DATA_VARIABLE, "")) / "mnist"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's own copies play no part."""
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_preparing_fills_the_place_where_it_is_looked_for(tmp_path: Path) -> None:
    given = stand_ins.mnist(tmp_path / "given", train=12, test=4)
    assert MNIST.prepare(given) == tmp_path / "cache" / "adversarial-toolkit" / "mnist"
    source = MNIST()
    assert len(source) == 16
    assert source[0]["image"].shape == (32, 32, 1)
    assert source.classes[source[3]["label"]] == "3"
    assert (source.key(3), source.split_of(3)) == ("train/3", "train")
    assert (source.key(13), source.split_of(13)) == ("test/1", "test")


def test_it_is_found_in_the_folder_of_data_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_ins.mnist(tmp_path / "data" / "mnist", train=5, test=2)
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    assert len(MNIST(resolution=28)) == 7


def test_when_it_is_absent_the_way_out_is_the_command() -> None:
    with pytest.raises(DataError, match=r"MNIST is not in .*mnist-train\.npz and mnist-test\.npz missing") as caught:
        MNIST()
    assert "toolkit prepare image/stacked_mnist" in caught.value.way_out


def test_the_release_names_the_four_original_files() -> None:
    assert sorted(RELEASE.md5) == [
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
    ]
    assert len(set(RELEASE.md5.values())) == 4


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no mnist folder in ${DATA_VARIABLE}")
def test_the_real_data_has_its_known_numbers() -> None:
    source = MNIST(str(REAL), resolution=28)
    test = np.array([source.split_of(index) == "test" for index in range(len(source))])
    assert np.bincount(source.fields["label"][test]).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    first = {source.key(index): source.fields["label"][index] for index in range(10)}
    known = {"train/0": 5, "train/1": 0, "train/2": 4, "train/3": 1, "train/4": 9, "train/5": 2}  # some may be absent
    assert len(first.keys() & known.keys()) >= 3
    assert all(first[key] == known[key] for key in first.keys() & known.keys())
    assert abs(float(source.fields["image"][~test].mean()) / 255 - 0.1307) < 0.001

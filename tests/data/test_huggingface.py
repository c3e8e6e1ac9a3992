from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data.making import encoded, photo
from toolkit.data.huggingface import HuggingFaceImages
from toolkit.data.images import decode_image
from toolkit.data.source import SampleError, Skipped
from toolkit.errors import ConfigError, DataError, MissingExtraError

datasets = pytest.importorskip("datasets", reason="the extra 'datasets' is not installed")

PNG = [encoded(photo(seed=seed), "PNG") for seed in range(6)]


def table(count: int, labels: list[int] | None = None, **columns: list[Any]) -> Any:
    features: dict[str, Any] = {"image": datasets.Image()}
    data: dict[str, Any] = {"image": [{"bytes": content, "path": None} for content in PNG[:count]], **columns}
    for name, values in columns.items():
        features[name] = datasets.Value("int64" if isinstance(values[0], int) else "string")
    if labels is not None:
        features["label"] = datasets.ClassLabel(names=["cat", "dog"])
        data["label"] = labels
    return datasets.Dataset.from_dict(data, features=datasets.Features(features))


def saved(folder: Path, data: Any) -> str:
    data.save_to_disk(str(folder))
    return str(folder)


def test_a_saved_table_is_read_with_its_class_names(tmp_path: Path) -> None:
    source = HuggingFaceImages(saved(tmp_path / "set", table(3, [1, 0, 1])), label="label", resolution=8)
    assert source.classes == ("cat", "dog")
    assert [source[index]["label"] for index in range(3)] == [1, 0, 1]
    for index in range(3):
        assert np.array_equal(source[index]["image"], decode_image(PNG[index], "RGB", 8))
    assert [source.key(index) for index in range(3)] == ["train/0", "train/1", "train/2"]
    assert source.split_of(0) is None


def test_the_splits_of_a_data_set_are_kept_or_one_is_chosen(tmp_path: Path) -> None:
    data = datasets.DatasetDict({"train": table(3), "valid": table(2), "extra": table(4)})
    path = saved(tmp_path / "set", data)
    whole = HuggingFaceImages(path, resolution=8, channels=1)
    assert [whole.split_of(index) for index in range(len(whole))] == ["train"] * 3 + ["validation"] * 2
    assert whole[4].keys() == {"image"}
    assert whole[4]["image"].shape == (8, 8, 1)
    part = HuggingFaceImages(path, split="extra", resolution=8)
    assert len(part) == 4
    assert part.split_of(0) is None
    with pytest.raises(DataError, match="no split 'extras'; did you mean 'extra'"):
        HuggingFaceImages(path, split="extras")


def test_whole_numbers_are_labels_and_rows_without_one_are_left_out(tmp_path: Path) -> None:
    path = saved(tmp_path / "set", table(4, colour=[2, -1, 0, 2], word=["a", "b", "c", "d"]))
    source = HuggingFaceImages(path, label="colour", resolution=8)
    assert source.classes == ("0", "1", "2")
    assert [source.key(index) for index in range(len(source))] == ["train/0", "train/2", "train/3"]
    assert [source[index]["label"] for index in range(3)] == [2, 0, 2]
    assert source.problems == [Skipped("train/1", "has the label -1")]
    with pytest.raises(DataError, match=r"column 'word' of .* not classes"):
        HuggingFaceImages(path, label="word")


def test_pictures_may_lie_in_files_and_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG[0])
    rows = [{"bytes": None, "path": str(tmp_path / "a.png")}, None, {"bytes": b"junk", "path": None}]
    data = datasets.Dataset.from_dict({"image": rows}, features=datasets.Features({"image": datasets.Image()}))
    source = HuggingFaceImages(saved(tmp_path / "set", data), resolution=8)
    assert source[0]["image"].shape == (8, 8, 3)
    with pytest.raises(SampleError, match="train/1: the row has no picture"):
        source[1]
    with pytest.raises(SampleError, match="train/2: not a picture"):
        source[2]


def test_wrong_columns_and_sizes_are_explained(tmp_path: Path) -> None:
    path = saved(tmp_path / "set", table(3, [0, 1, 0]))
    with pytest.raises(DataError, match="no column 'img'"):
        HuggingFaceImages(path, image="img")
    with pytest.raises(DataError, match="no column 'labels'; did you mean 'label'"):
        HuggingFaceImages(path, label="labels")
    with pytest.raises(DataError, match=r"column 'label' of .* not pictures"):
        HuggingFaceImages(path, image="label")
    with pytest.raises(ConfigError, match="channels"):
        HuggingFaceImages(path, channels=5)
    with pytest.raises(DataError, match="1 usable rows"):
        HuggingFaceImages(saved(tmp_path / "one", table(1)))


def test_a_folder_that_is_no_data_set_is_explained(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot load the data set") as caught:
        HuggingFaceImages(str(tmp_path))
    assert "save_to_disk" in caught.value.way_out


def test_the_package_is_optional(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path / "set", table(2))
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtraError, match=r"adversarial-toolkit\[datasets\]"):
        HuggingFaceImages(path)

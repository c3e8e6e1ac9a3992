from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.making import encoded, photo, write_photos
from toolkit.data.folder import ImageFolder
from toolkit.data.images import decode_image
from toolkit.data.loader import Loader
from toolkit.data.source import Skipped, taker
from toolkit.data.splits import split
from toolkit.errors import ConfigError, DataError


def zoo(folder: Path) -> None:
    write_photos(folder / "cats", 3)
    write_photos(folder / "birds", 2, "jpg")


@pytest.mark.parametrize("cache_gib", [2.0, 0.0])
def test_pictures_of_any_size_and_mode_come_out_equal(tmp_path: Path, cache_gib: float) -> None:
    photo(100, 20).save(tmp_path / "wide.jpg")
    photo(5, 7).convert("RGBA").save(tmp_path / "tiny.png")
    photo().convert("P").save(tmp_path / "日本.gif")
    Image.fromarray(np.full((9, 9), 65535, dtype=np.uint16)).save(tmp_path / "deep.png")
    source = ImageFolder(str(tmp_path), resolution=16, cache_gib=cache_gib)
    assert [source.key(index) for index in range(4)] == ["deep.png", "tiny.png", "wide.jpg", "日本.gif"]
    for index in range(4):
        item = source[index]
        assert item.keys() == {"image"}
        assert np.array_equal(item["image"], decode_image(tmp_path / source.key(index), "RGB", 16))
    assert source.problems == []
    assert source.classes == ()
    assert source.split_of(0) is None


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_number_of_channels_is_that_asked_for(tmp_path: Path, channels: int) -> None:
    write_photos(tmp_path, 2)
    assert ImageFolder(str(tmp_path), 8, channels)[1]["image"].shape == (8, 8, channels)
    with pytest.raises(ConfigError, match="channels"):
        ImageFolder(str(tmp_path), 8, channels=2)


def test_the_cache_is_used_when_it_is_large_enough(tmp_path: Path) -> None:
    write_photos(tmp_path, 3)
    needed = 3 * 8 * 8 * 3 / 2**30
    cached, uncached = (ImageFolder(str(tmp_path), 8, cache_gib=size) for size in (needed, needed * 0.99))
    take = taker(cached)
    assert take is not None
    assert taker(uncached) is None
    assert np.array_equal(take(np.array([2, 0]))["image"], np.stack([uncached[2]["image"], uncached[0]["image"]]))
    for file in tmp_path.iterdir():
        file.unlink()
    assert cached[1]["image"].shape == (8, 8, 3)


def test_a_cached_picture_cannot_be_written_into_by_mistake(tmp_path: Path) -> None:
    write_photos(tmp_path, 2)
    source = ImageFolder(str(tmp_path), 8)
    with pytest.raises(ValueError, match="read-only"):
        source[0]["image"][:] = 0
    take = taker(source)
    assert take is not None
    take(np.array([0]))["image"][:] = 0  # copies may be
    assert source[0]["image"].any()


def test_both_ways_give_the_same_batches(tmp_path: Path) -> None:
    zoo(tmp_path)
    loaders = [Loader(ImageFolder(str(tmp_path), 8, labels="folders", cache_gib=size), 4, seed=0) for size in (2, 0)]
    for one, other in islice(zip(*(loader.iterate() for loader in loaders), strict=True), 4):
        assert one.keys() == other.keys() == {"image", "label", "index"}
        assert all(bool((one[name] == other[name]).all()) for name in one)


@pytest.mark.parametrize("cache_gib", [2.0, 0.0])
def test_first_sub_folders_are_classes(tmp_path: Path, cache_gib: float) -> None:
    zoo(tmp_path)
    write_photos(tmp_path / "cats" / "old", 1)
    photo().save(tmp_path / "stray.png")
    source = ImageFolder(str(tmp_path), 8, labels="folders", cache_gib=cache_gib)
    assert source.classes == ("birds", "cats")
    assert [source[index]["label"] for index in range(len(source))] == [0, 0, 1, 1, 1, 1]
    assert source.problems == [Skipped("stray.png", "lies outside the class folders")]


def test_folders_called_train_and_test_are_splits(tmp_path: Path) -> None:
    zoo(tmp_path / "train")
    zoo(tmp_path / "val")
    source = ImageFolder(str(tmp_path), 8, labels="folders")
    assert source.classes == ("birds", "cats")
    assert {source.key(index).split("/")[0]: source.split_of(index) for index in range(len(source))} == {
        "train": "train",
        "val": "validation",
    }
    assert len(split(source)["validation"]) == 5


def test_a_class_called_test_is_no_split(tmp_path: Path) -> None:
    zoo(tmp_path)
    write_photos(tmp_path / "test", 2)
    source = ImageFolder(str(tmp_path), 8, labels="folders")
    assert source.classes == ("birds", "cats", "test")
    assert {source.split_of(index) for index in range(len(source))} == {None}


def test_damaged_files_are_left_out_and_listed(tmp_path: Path) -> None:
    zoo(tmp_path)
    jpeg = encoded(photo(300, 300), "JPEG")
    (tmp_path / "birds" / "00.jpg").write_bytes(jpeg[: len(jpeg) // 3])
    (tmp_path / "cats" / "00a.png").write_text("text")
    (tmp_path / "cats" / "zero.png").touch()
    (tmp_path / "cats" / "notes.txt").touch()
    source = ImageFolder(str(tmp_path), 8, labels="folders")
    keys = [source.key(index) for index in range(len(source))]
    assert keys == ["birds/01.jpg", "cats/00.png", "cats/01.png", "cats/02.png"]
    assert [source[index]["label"] for index in range(4)] == [0, 1, 1, 1]
    for index, key in enumerate(keys):
        assert np.array_equal(source[index]["image"], decode_image(tmp_path / key, "RGB", 8))
    assert source.problems == [
        Skipped("birds/00.jpg", "the picture is truncated"),
        Skipped("cats/00a.png", "not a picture in a format that can be read"),
        Skipped("cats/zero.png", "the file is empty"),
    ]
    assert "1 .txt" in source.note


def test_a_file_that_vanishes_while_training_is_replaced(tmp_path: Path) -> None:
    write_photos(tmp_path, 4)
    source = ImageFolder(str(tmp_path), 8, cache_gib=0)
    (tmp_path / "02.png").unlink()
    batch = Loader(source, 4, seed=0, shuffle=False).batch(0)
    assert batch["index"].tolist() == [0, 1, 3, 3]
    assert [problem.path for problem in source.problems] == ["02.png"]
    assert "No such file" in source.problems[0].reason


def test_adding_a_picture_moves_no_other(tmp_path: Path) -> None:
    def places() -> dict[str, str]:
        source = ImageFolder(str(tmp_path), 4)
        return {source.key(index): name for name, indices in split(source).items() for index in indices}

    write_photos(tmp_path, 20)
    before = places()
    photo().save(tmp_path / "000.png")
    assert places().items() >= before.items()


def test_nothing_to_train_on_is_explained(tmp_path: Path) -> None:
    for name in ("empty", "one", "broken"):
        (tmp_path / name).mkdir()
    photo().save(tmp_path / "one" / "a.png")
    for number in range(9):
        (tmp_path / "broken" / f"{number}.png").write_text("text")
    (tmp_path / "broken" / "x.heic").touch()
    with pytest.raises(DataError, match="does not exist"):
        ImageFolder(str(tmp_path / "missing"))
    with pytest.raises(DataError, match="no usable pictures") as caught:
        ImageFolder(str(tmp_path / "empty"))
    assert caught.value.way_out
    with pytest.raises(DataError, match="one usable picture"):
        ImageFolder(str(tmp_path / "one"))
    with pytest.raises(DataError, match=r"(?s)no usable.*0\.png: not a picture.*and 4 more.*1 \.heic"):
        ImageFolder(str(tmp_path / "broken"))


def test_classes_need_sub_folders(tmp_path: Path) -> None:
    write_photos(tmp_path, 3)
    with pytest.raises(DataError, match="no sub folders") as caught:
        ImageFolder(str(tmp_path), labels="folders")
    assert "labels: none" in caught.value.way_out

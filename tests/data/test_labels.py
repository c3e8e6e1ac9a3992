from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.making import photo, write_photos
from toolkit.data.folder import ImageFolder
from toolkit.data.labels import read_rows
from toolkit.data.source import Skipped
from toolkit.errors import ConfigError, DataError


def labelled(folder: Path, table: str, count: int = 4) -> Path:
    write_photos(folder, count)
    (folder / "labels.csv").write_text(table, encoding="utf-8")
    return folder


def opened(folder: Path, **settings: object) -> ImageFolder:
    return ImageFolder(str(folder), 8, labels="labels.csv", **settings)  # type: ignore[arg-type]


def found(source: ImageFolder) -> dict[str, str]:
    """The class of every picture, by its key."""
    return {source.key(place): source.classes[source[place]["label"]] for place in range(len(source))}


@pytest.mark.parametrize("cache_gib", [2.0, 0.0])
def test_a_table_gives_each_picture_its_class(tmp_path: Path, cache_gib: float) -> None:
    write_photos(tmp_path / "in", 1)
    folder = labelled(tmp_path, "file,label\n00.png,dog\n01.png,cat\n./02.png,dog\nin\\00.png,owl\n03.png,cat\n")
    source = opened(folder, cache_gib=cache_gib)
    assert source.classes == ("cat", "dog", "owl")
    assert found(source) == {"00.png": "dog", "01.png": "cat", "02.png": "dog", "03.png": "cat", "in/00.png": "owl"}
    assert source.problems == []


@pytest.mark.parametrize(
    "table",
    [
        "file_name;class\n00.png;cat\n01.png;dog\n",
        "\ufefflabel\tnote\tFile\ncat\tfirst\t00.png\ndog\t\t01.png\n",
        '"file","label"\n"00.png"," cat "\n\n01.png,dog\n',
    ],
    ids=["semicolons", "tabs-other-order-byte-order-mark", "quotes-and-empty-lines"],
)
def test_tables_are_read_as_programs_write_them(tmp_path: Path, table: str) -> None:
    assert found(opened(labelled(tmp_path, table, 2))) == {"00.png": "cat", "01.png": "dog"}


def test_what_has_no_known_label_is_left_out_and_listed_with_its_row(tmp_path: Path) -> None:
    table = (
        "file,label\n00.png,cat\n01.png,dog\n02.png,\n03.png,?\n04.png,bird\n05.png,cat\n05.png,dog\nx.png,cat\n,dog\n"
    )
    source = opened(labelled(tmp_path, table, 8), class_names=["dog", "cat"])
    assert source.classes == ("dog", "cat")
    assert found(source) == {"00.png": "cat", "01.png": "dog"}
    assert source.problems == [
        Skipped("labels.csv row 9", "'x.png' is no picture of the folder"),
        Skipped("labels.csv row 10", "names no file"),
        Skipped("02.png", "has no label in labels.csv (row 4)"),
        Skipped("03.png", "has no label in labels.csv (row 5)"),
        Skipped("05.png", "has different labels in labels.csv (row 7: 'cat', row 8: 'dog')"),
        Skipped("06.png", "has no row in labels.csv"),
        Skipped("07.png", "has no row in labels.csv"),
        Skipped("04.png", "has the label 'bird' (labels.csv row 6), which is none of class_names (dog, cat)"),
    ]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("name,kind\n00.png,cat\n", "names the columns name, kind; a table of labels has the columns file and label"),
        ("", "names the columns nothing"),
        ("file,label\npictures/00.png,cat\n", "first row names 'pictures/00.png', the folder holds '00.png'"),
        ('file,label\n"00.png,cat\n', "cannot be read as a table"),
    ],
)
def test_a_table_that_is_none_is_explained(tmp_path: Path, table: str, words: str) -> None:
    with pytest.raises(DataError, match=r"labels\.csv") as caught:
        opened(labelled(tmp_path, table))
    assert words in caught.value.message
    assert caught.value.way_out


def test_a_table_that_is_no_text_or_not_there_is_explained(tmp_path: Path) -> None:
    write_photos(tmp_path, 2)
    (tmp_path / "labels.csv").write_bytes(b"\xff\xfe\x00file")
    with pytest.raises(DataError, match="cannot be read"):
        read_rows(tmp_path / "labels.csv")
    with pytest.raises(DataError, match="labels is 'folder', which is neither 'none' nor 'folders' nor a file"):
        ImageFolder(str(tmp_path), 8, labels="folder")


def test_class_folders_without_usable_pictures_are_named(tmp_path: Path) -> None:
    write_photos(tmp_path / "cats", 2)
    write_photos(tmp_path / "dogs", 2)
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.png").write_text("no picture")
    source = ImageFolder(str(tmp_path), 8, labels="folders")
    assert source.classes == ("cats", "dogs")
    assert {source[place]["label"] for place in range(4)} == {0, 1}
    assert source.problems == [
        Skipped("empty/", "this class folder holds no pictures: no such class"),
        Skipped("broken/a.png", "not a picture in a format that can be read"),
        Skipped("broken/", "no picture of this class can be read: no such class"),
    ]


def test_named_classes_keep_their_numbers_when_a_folder_is_added(tmp_path: Path) -> None:
    write_photos(tmp_path / "cats", 2)
    write_photos(tmp_path / "dogs", 2)
    before = found(ImageFolder(str(tmp_path), 8, labels="folders", class_names=["cats", "dogs"]))
    write_photos(tmp_path / "bees", 1)
    source = ImageFolder(str(tmp_path), 8, labels="folders", class_names=["cats", "dogs"])
    assert found(source) == before
    assert [problem.path for problem in source.problems] == ["bees/00.png"]
    assert "none of class_names (cats, dogs)" in source.problems[0].reason
    with pytest.raises(ConfigError, match="names a class twice"):
        ImageFolder(str(tmp_path), 8, labels="folders", class_names=["cats", "cats"])


def test_pictures_that_no_named_class_holds_are_too_few(tmp_path: Path) -> None:
    write_photos(tmp_path / "cats", 2)
    photo().save(tmp_path / "stray.png")
    with pytest.raises(DataError, match=r"(?s)no usable pictures.*which is none of class_names \(dogs\)"):
        ImageFolder(str(tmp_path), 8, labels="folders", class_names=["dogs"])

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from toolkit.data.loader import evaluation_batches
from toolkit.data.source import Source
from toolkit.errors import DataError
from toolkit.image.picture_set import look_at


def save(file: Path, size: tuple[int, int] = (16, 16), channels: int = 3, seed: int = 0) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    width, height = size
    pixels = np.random.default_rng(seed).integers(0, 200, (height, width, channels), dtype=np.uint8)
    Image.fromarray(pixels[..., 0] if channels == 1 else pixels).save(file)


def labels(source: Source) -> list[int]:
    return [int(label) for batch in evaluation_batches(source, 8) for label in batch["label"]]


def test_class_folders_give_labels_and_empty_ones_are_listed(tmp_path: Path) -> None:
    for number in range(4):
        save(tmp_path / ("cat", "dog")[number % 2] / f"{number}.png", seed=number)
    (tmp_path / "cow").mkdir()
    found = look_at(tmp_path)
    source = found.open(16, 3)
    assert source.classes == ("cat", "dog")
    assert labels(source) == [0, 0, 1, 1]
    assert any(problem.path == "cow/" for problem in source.problems)
    assert found.notes == []


def test_pictures_of_other_sizes_are_brought_to_one_with_a_note(tmp_path: Path) -> None:
    for number, size in enumerate([(16, 16), (40, 20), (16, 16)]):
        save(tmp_path / f"{number}.png", size, seed=number)
    (tmp_path / "broken.png").write_bytes(b"no picture")
    found = look_at(tmp_path)
    assert (found.side, found.channels, found.unlike(16)) == (16, 3, 1)
    source = found.open(16, 3)
    assert source[1]["image"].shape == (16, 16, 3)
    assert found.notes == [
        f"{tmp_path}: 1 of 3 pictures (16x16 to 40x20) were brought to 16x16, each by its centre square"
    ]
    assert [problem.path for problem in source.problems] == ["broken.png"]


def test_loose_pictures_beside_folders_are_not_lost(tmp_path: Path) -> None:
    for number in range(4):
        save(tmp_path / ("one", "two")[number % 2] / f"{number}.png", seed=number)
    save(tmp_path / "loose.png", seed=9)
    found = look_at(tmp_path)
    assert len(found.open(16, 3)) == 5
    assert "used without labels: 1 pictures lie outside" in found.notes[0]


def test_the_overview_that_generate_writes_is_no_sample(tmp_path: Path) -> None:
    for number in range(3):
        save(tmp_path / f"{number:05}.png", seed=number)
    save(tmp_path / "grid.png", (60, 20))
    found = look_at(tmp_path)
    assert len(found.open(16, 3)) == 3
    assert "grid.png is an overview" in found.notes[0]
    assert found.unlike(16) == 0


def test_folders_that_are_splits_give_only_the_part_asked_for(tmp_path: Path) -> None:
    for number in range(6):
        save(tmp_path / ("train" if number < 4 else "test") / f"{number}.png", seed=number)
    assert len(look_at(tmp_path).open(16, 3, "test")) == 2
    assert len(look_at(tmp_path).open(16, 3)) == 6
    with pytest.raises(DataError, match="no part 'validation', only test, train"):
        look_at(tmp_path).open(16, 3, "validation")


@pytest.mark.parametrize(
    ("labelled", "resolution", "words"), [(True, 20, "black border to 20x20"), (False, 8, "resized")]
)
def test_arrays_with_and_without_labels_are_fitted(labelled: bool, resolution: int, words: str, tmp_path: Path) -> None:
    arrays = {"images": np.random.default_rng(0).integers(0, 256, (5, 16, 16), dtype=np.uint8)}
    file = tmp_path / "mine.npz"
    np.savez(file, **arrays, **({"labels": np.arange(5) % 2} if labelled else {}))
    found = look_at(file)
    assert (found.numbered, found.side, found.channels) == (True, 16, 1)
    source = found.open(resolution, 3)
    assert source[0]["image"].shape == (resolution, resolution, 3)
    assert source.classes == (("0", "1") if labelled else ())
    assert words in found.notes[0]


def test_what_holds_too_little_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder or file"):
        look_at(tmp_path / "nowhere")
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "notes.txt").write_text("nothing to see")
    with pytest.raises(DataError, match=r"(?s)no usable pictures.*1 \.txt"):
        look_at(tmp_path / "text")
    save(tmp_path / "one" / "a.png")
    with pytest.raises(DataError, match="one usable picture"):
        look_at(tmp_path / "one").open(16, 3)
    (tmp_path / "picture.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"neither a folder nor an \.npz file"):
        look_at(tmp_path / "picture.png")

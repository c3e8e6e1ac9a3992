from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.data.npz import ArrayFile, content_keys, fit
from toolkit.data.splits import split
from toolkit.errors import DataError

RANDOM = np.random.default_rng(0)


def grey(count: int = 6, side: int = 4) -> np.ndarray:
    return RANDOM.integers(0, 256, (count, side, side), dtype=np.uint8)


def save(file: Path, **arrays: Any) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez(file, **arrays)
    return str(file)


def test_grey_and_colour_pictures_are_read(tmp_path: Path) -> None:
    pictures, colour = grey(), RANDOM.integers(0, 256, (5, 3, 4, 4), dtype=np.uint8)
    source = ArrayFile(save(tmp_path / "a.npz", images=pictures, labels=np.array([0, 1, 2, 0, 1, 2], dtype=np.uint8)))
    assert np.array_equal(source[4]["image"], pictures[4][..., None])
    assert source[4]["label"] == 1
    assert source.classes == ("0", "1", "2")
    other = ArrayFile(save(tmp_path / "b.npz", images=colour), labels=None)
    assert other[0].keys() == {"image"}
    assert np.array_equal(other.take(np.array([4]))["image"][0], colour[4])
    assert other.classes == ()


def test_names_of_arrays_and_classes_can_be_chosen(tmp_path: Path) -> None:
    file = save(tmp_path / "a.npz", x=grey(2), y=np.array([1, 0]))
    source = ArrayFile(file, images="x", labels="y", class_names=["cat", "dog"])
    assert source.classes == ("cat", "dog")
    with pytest.raises(DataError, match="label 1, but class_names has 1 names"):
        ArrayFile(file, images="x", labels="y", class_names=["cat"])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_from_zero_to_one_become_bytes(tmp_path: Path, dtype: type) -> None:
    values = np.array([0, 0.5, 1], dtype=dtype).repeat(4).reshape(3, 2, 2)
    source = ArrayFile(save(tmp_path / "a.npz", images=values), labels=None)
    assert [int(source[index]["image"][0, 0, 0]) for index in range(3)] == [0, 128, 255]


def test_masks_become_black_and_white(tmp_path: Path) -> None:
    source = ArrayFile(save(tmp_path / "a.npz", images=np.array([[[True, False]]] * 2)), labels=None)
    assert source[0]["image"].ravel().tolist() == [255, 0]


def test_a_folder_with_train_and_test_files_fixes_the_splits(tmp_path: Path) -> None:
    train, test = grey(40), grey(5)
    save(tmp_path / "my-TRAIN-set.npz", images=train, labels=np.zeros(40, dtype=int))
    save(tmp_path / "my-test-set.npz", images=test, labels=np.ones(5, dtype=int))
    save(tmp_path / "statistics.npz", mean=np.zeros(3))
    source = ArrayFile(str(tmp_path))
    assert len(source) == 45
    parts = split(source)
    assert [source[int(index)]["label"] for index in parts["test"]] == [1] * 5
    assert len(parts["train"]) + len(parts["validation"]) == 40


def test_a_folder_with_one_file_needs_no_special_name(tmp_path: Path) -> None:
    save(tmp_path / "x.npz", images=grey())
    assert len(ArrayFile(str(tmp_path), labels=None)) == 6
    save(tmp_path / "y.npz", images=grey())
    with pytest.raises(DataError, match=r"holds x\.npz, y\.npz; expected \*train\*\.npz"):
        ArrayFile(str(tmp_path), labels=None)


def test_keys_depend_on_the_picture_alone(tmp_path: Path) -> None:
    pictures = grey(8)
    all_keys = content_keys(pictures[..., None])
    assert len(set(all_keys)) == 8
    some = ArrayFile(save(tmp_path / "a.npz", images=pictures[[5, 2, 7]]), labels=None, resolution=9)
    assert [some.key(index) for index in range(3)] == [all_keys[5], all_keys[2], all_keys[7]]
    assert content_keys(np.zeros((1, 2, 6, 1), np.uint8)) != content_keys(np.zeros((1, 3, 4, 1), np.uint8))


def test_a_slightly_larger_resolution_adds_an_even_black_border() -> None:
    pictures = grey(3, 28)[..., None]
    padded = fit(pictures, 32)
    assert padded.shape == (3, 32, 32, 1)
    assert np.array_equal(padded[:, 2:30, 2:30], pictures)
    assert padded.sum() == pictures.sum()


@settings(deadline=None)  # the machine may be busy
@given(st.integers(1, 30), st.integers(1, 40), st.sampled_from([1, 3, 4]))
def test_any_size_becomes_any_other(side: int, resolution: int, channels: int) -> None:
    pictures = np.full((2, side, side, channels), 255, dtype=np.uint8)
    fitted = fit(pictures, resolution)
    assert fitted.shape == (2, resolution, resolution, channels)
    bordered = side < resolution <= 1.25 * side
    assert bool((fitted == 255).all()) == (not bordered)


def test_pictures_that_are_not_square_are_cut_and_resized() -> None:
    wide = np.zeros((1, 10, 30, 3), dtype=np.uint8)
    wide[:, :, 10:20] = 200
    assert (fit(wide, 5) == 200).all()
    assert fit(wide, 10).shape == (1, 10, 10, 3)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"pictures": grey(), "labels": np.zeros(6, int)}, "no array named 'images'; it holds pictures, labels"),
        ({"images": grey()}, "no array named 'labels'; it holds images"),
        ({"images": grey(), "labels": np.zeros(5, int)}, r"'labels' in .* shape \(5,\); expected .* 6 pictures"),
        ({"images": grey(), "labels": np.zeros(6)}, "'labels' in .* has the type float64"),
        ({"images": grey(), "labels": np.full(6, -1)}, "label -1"),
        ({"images": grey()[0], "labels": np.zeros(4, int)}, r"shape \(4, 4\); expected \[N, H, W\]"),
        (
            {"images": np.zeros((6, 3, 8, 8), np.uint8), "labels": np.zeros(6, int)},
            r"(?s)1, 3 or 4.*transpose\(0, 2, 3, 1\)",
        ),
        ({"images": np.zeros((6, 8, 8, 2), np.uint8), "labels": np.zeros(6, int)}, "keep 1, 3 or 4 channels"),
        ({"images": grey().astype(np.int64), "labels": np.zeros(6, int)}, "type int64; expected uint8"),
        ({"images": np.full((6, 4, 4), np.nan), "labels": np.zeros(6, int)}, "not finite"),
        ({"images": np.full((6, 4, 4), -1.0), "labels": np.zeros(6, int)}, "floats from -1 to -1; expected 0 to 1"),
        ({"images": grey(1), "labels": np.zeros(1, int)}, "holds 1 pictures"),
        ({"images": grey(0), "labels": np.zeros(0, int)}, "holds 0 pictures"),
        ({"images": np.array([{}], dtype=object), "labels": np.zeros(1, int)}, "damaged, or not a .npz file of plain"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_with_the_arrays_is_said(tmp_path: Path, arrays: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        ArrayFile(save(tmp_path / "a.npz", **arrays))


def test_files_that_are_no_archives_are_explained(tmp_path: Path) -> None:
    whole = Path(save(tmp_path / "a.npz", images=grey(50)))
    content = whole.read_bytes()
    for name, data in {"cut": content[: len(content) // 2], "text": b"hello", "empty": b""}.items():
        (tmp_path / f"{name}.npz").write_bytes(data)
        with pytest.raises(DataError, match=rf"{name}\.npz is damaged, or not"):
            ArrayFile(str(tmp_path / f"{name}.npz"), labels=None)
    np.save(tmp_path / "single.npy", grey())
    with pytest.raises(DataError, match="single array"):
        ArrayFile(str(tmp_path / "single.npy"))
    with pytest.raises(DataError, match="does not exist"):
        ArrayFile(str(tmp_path / "gone.npz"))


def test_damaged_content_of_a_compressed_array_is_explained(tmp_path: Path) -> None:
    file = tmp_path / "a.npz"
    np.savez_compressed(file, images=grey(50, 16))
    content = bytearray(file.read_bytes())
    content[2000:2100] = bytes(100)
    file.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        ArrayFile(str(file), labels=None)


def test_files_of_different_shapes_need_a_resolution(tmp_path: Path) -> None:
    save(tmp_path / "train.npz", images=grey(3, 8))
    save(tmp_path / "test.npz", images=grey(3, 6))
    with pytest.raises(DataError, match="different shapes"):
        ArrayFile(str(tmp_path), labels=None)
    assert ArrayFile(str(tmp_path), labels=None, resolution=8)[0]["image"].shape == (8, 8, 1)

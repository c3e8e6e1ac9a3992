from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.recipes import stand_ins
from toolkit.data.channels import hide
from toolkit.data.emoji import NAME, Emoji
from toolkit.data.emoji_files import FILES, area_average, describe
from toolkit.data.images import decode_image
from toolkit.data.loader import Loader
from toolkit.data.prepare import DATA_VARIABLE
from toolkit.data.source import Subset
from toolkit.data.splits import split
from toolkit.errors import ConfigError, DataError
from toolkit.image.grid import from_pixels, save_picture, to_pixels

REAL = Path(os.environ.get(DATA_VARIABLE, "")) / NAME


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's own copies play no part."""
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def given(tmp_path: Path) -> Path:
    return stand_ins.emoji(tmp_path / "given", kinds=12)


# -- what is in it ------------------------------------------------------------------------------------------------


def test_every_kind_has_the_same_weight_and_its_variants_stand_together(given: Path) -> None:
    source = Emoji(str(given))
    assert len(source) == 12 + 4 * 5
    assert source.bases == sorted(source.bases)
    totals: dict[str, float] = {}
    for index in range(len(source)):
        totals[source.group(index)] = totals.get(source.group(index), 0) + source.weights[index]
    assert list(totals.values()) == pytest.approx([1.0] * 12)


def test_training_meets_every_kind_once_per_epoch_in_a_random_tone(given: Path) -> None:
    whole = Emoji(str(given))
    part = Subset(whole, split(whole, {"train": 0.7, "test": 0.3})["train"])
    kinds = len({part.group(index) for index in range(len(part))})
    loader = Loader(part, kinds, seed=0)
    epochs = [[part.group(index) for index in loader.batch(number)["index"].tolist()] for number in range(20)]
    assert all(len(set(epoch)) == kinds for epoch in epochs)
    met = {index for number in range(80) for index in loader.batch(number)["index"].tolist()}
    assert len(met) == len(part)


def test_all_variants_of_a_kind_fall_into_the_same_split(given: Path) -> None:
    source = Emoji(str(given))
    parts = split(source, {"train": 0.5, "validation": 0.2, "test": 0.3})
    kinds = [{source.group(int(index)) for index in indices} for indices in parts.values()]
    assert sum(len(group) for group in kinds) == 12


def test_a_picture_stays_with_its_name_when_the_lines_are_sorted(given: Path) -> None:
    with (given / FILES[1]).open() as file:
        rows = {line["name"]: int(line["row"]) for line in csv.DictReader(file)}
    with np.load(given / FILES[0]) as archive:
        stored = archive["images"]
    source = Emoji(str(given))
    for index in range(len(source)):
        assert np.array_equal(source[index]["image"], hide(stored[rows[source.key(index)]]))


# -- transparency and size ----------------------------------------------------------------------------------------


def test_colours_are_white_where_nothing_shows_and_untouched_where_something_does(given: Path) -> None:
    pictures = Emoji(str(given)).fields["image"]
    hidden = pictures[..., 3] == 0
    assert (pictures[hidden] == [255, 255, 255, 0]).all()
    assert (pictures[~hidden][:, 0] <= 255).all()
    picture = np.array([[[10, 20, 30, 1], [10, 20, 30, 0]]], np.uint8)
    assert hide(picture).tolist() == [[[10, 20, 30, 1], [255, 255, 255, 0]]]
    assert picture[0, 1, 0] == 10


def test_averaging_weighs_colours_by_opacity() -> None:
    picture = np.zeros((1, 2, 2, 4), np.uint8)
    picture[0, 0, 0] = [200, 100, 0, 255]
    picture[0, 0, 1] = [100, 100, 50, 51]
    picture[0, 1] = [7, 99, 255, 0]  # not seen, so of no influence
    smaller = area_average(picture, 1)
    assert smaller.tolist() == [[[[183, 100, 8, 76]]]]  # (200 * 5 + 100) / 6, ..., (255 + 51) / 4


@pytest.mark.parametrize("resolution", [8, 16, 32])
def test_a_smaller_picture_looks_like_the_mean_of_the_large_one(given: Path, resolution: int) -> None:
    """On black and on white: averaging what is seen is the same as seeing what was averaged."""
    large = Emoji(str(given)).fields["image"].astype(np.float64)
    small = Emoji(str(given), resolution=resolution).fields["image"].astype(np.float64)
    step = 64 // resolution
    for ground in (0, 255):
        seen = [p[..., :3] * p[..., 3:] / 255 + ground * (1 - p[..., 3:] / 255) for p in (large, small)]
        means = seen[0].reshape(len(large), resolution, step, resolution, step, 3).mean((2, 4))
        assert abs(means - seen[1]).max() < 1.1  # both colour and opacity are rounded


def test_a_picture_survives_the_way_through_the_generator_s_range_into_a_png(given: Path, tmp_path: Path) -> None:
    """What is trained on is what is saved: colours that are not multiplied by the opacity."""
    picture = Emoji(str(given), resolution=32)[5]["image"]
    generated = to_pixels(from_pixels(torch.from_numpy(picture.copy())[None]))[0]
    save_picture(tmp_path / "a.png", generated)
    assert np.array_equal(decode_image(tmp_path / "a.png", "RGBA"), picture)
    with Image.open(tmp_path / "a.png") as saved:
        assert saved.mode == "RGBA"


# -- where it comes from ------------------------------------------------------------------------------------------


def test_it_is_found_in_each_of_its_places(given: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Emoji.prepare(given) == tmp_path / "cache" / "adversarial-toolkit" / NAME
    assert len(Emoji()) == 32
    assert Emoji.prepare() == tmp_path / "cache" / "adversarial-toolkit" / NAME  # it is there already
    stand_ins.emoji(tmp_path / "data" / NAME, kinds=2)
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    assert len(Emoji()) == 7


def test_when_it_is_absent_the_way_out_is_the_command(tmp_path: Path) -> None:
    for action in (Emoji, Emoji.prepare, lambda: Emoji.prepare(tmp_path)):
        with pytest.raises(DataError, match=r"noto-emoji-64\.npz and metadata\.csv missing") as caught:
            action()
        assert "toolkit prepare image/emoji --from DIR" in caught.value.way_out


def test_it_is_made_of_a_copy_of_the_published_repository(tmp_path: Path) -> None:
    folder = tmp_path / "noto-emoji" / "png" / "128"
    folder.mkdir(parents=True)
    for name, colour in (("u1f385", 1), ("u1f385_1f3fb", 2), ("u1f600", 3), ("u1f601", 3)):  # the last two are equal
        Image.new("RGBA", (128, 128), (colour * 50, 0, 0, 255)).save(folder / f"emoji_{name}.png")
    ready = Emoji.prepare(tmp_path / "noto-emoji", tmp_path / "ready")
    source = Emoji(str(ready))
    assert list(source.keys) == ["emoji_u1f385", "emoji_u1f385_1f3fb", "emoji_u1f600"]
    assert [source[index]["image"][9, 9].tolist() for index in range(3)] == [[50 * n, 0, 0, 255] for n in (1, 2, 3)]
    assert source.weights.tolist() == [0.5, 0.5, 1.0]
    Image.new("RGBA", (72, 72)).save(folder / "emoji_u1f602.png")
    with pytest.raises(DataError, match=r"emoji_u1f602\.png has 72 x 72 pixels; expected 128 x 128"):
        Emoji.prepare(tmp_path / "noto-emoji", tmp_path / "ready")
    assert len(Emoji(str(ready))) == 3  # what was there is not lost


@pytest.mark.parametrize(
    ("name", "base", "tones"),
    [
        ("emoji_u1f600", "1f600", ""),
        ("emoji_u1f385_1f3fb", "1f385", "1"),
        ("emoji_u1f9d1_1f3ff_200d_1f91d_200d_1f9d1_1f3fc", "1f9d1_200d_1f91d_200d_1f9d1", "52"),
        ("emoji_u1f3fd", "1f3fd", ""),  # a tone by itself
    ],
)
def test_the_base_is_the_name_without_skin_tones(name: str, base: str, tones: str) -> None:
    assert describe(name)[:2] == (base, tones)


def test_another_resolution_is_refused(given: Path) -> None:
    with pytest.raises(ConfigError, match="resolution: is 48"):
        Emoji(str(given), resolution=48)  # type: ignore[arg-type]


def test_files_that_do_not_fit_each_other_are_refused(given: Path) -> None:
    text = (given / FILES[1]).read_text()
    lines = text.splitlines(keepends=True)
    doubled = text.replace(lines[2].split(",")[1], lines[1].split(",")[1])
    for damaged in ("".join(lines[:-1]), text.replace("name,", "title,", 1), doubled):
        (given / FILES[1]).write_text(damaged)
        with pytest.raises(DataError, match=r"metadata\.csv does not describe the 32 pictures"):
            Emoji(str(given))
    (given / FILES[1]).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"metadata\.csv cannot be read"):
        Emoji(str(given))


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no {NAME} folder in ${DATA_VARIABLE}")
def test_the_real_data_has_its_known_numbers() -> None:
    source = Emoji(str(REAL), resolution=16)
    assert len(source) == 3085
    assert len(set(source.bases)) == 1495
    assert source.weights.sum() == pytest.approx(1495)
    assert all(describe(source.key(index))[0] == source.group(index) for index in range(len(source)))

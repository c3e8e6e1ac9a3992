from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from toolkit.errors import DataError
from toolkit.speech.mel_picture import colours, mel_picture, save_mel_picture


def lightness(bytes_N3: np.ndarray) -> np.ndarray:
    """CIE 1976 L* of sRGB colours."""
    share = bytes_N3 / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    return np.where(luminance > 0.008856, 116 * np.cbrt(luminance) - 16, 903.3 * luminance)


def test_equal_steps_in_level_look_like_equal_steps() -> None:
    steps = np.diff(lightness(colours(np.linspace(0, 1, 17))))
    assert (steps > 0).all()
    assert steps.max() < 2.5 * steps.min()


def test_values_outside_get_the_colours_of_the_ends() -> None:
    assert np.array_equal(colours(np.array([-3.0, 0.0, 1.0, 9.0])), colours(np.array([0.0, 0.0, 1.0, 1.0])))


def test_low_bands_are_at_the_bottom_and_time_goes_to_the_right() -> None:
    mel = np.full((20, 30), -9.0)
    mel[0, 29] = 0.0  # the lowest band, at the end
    picture = mel_picture([("a", mel)], scale=4)
    rows, columns = np.where((picture == colours(np.array(1.0))).all(-1))
    assert (len(rows), rows.max() - rows.min(), columns.max() - columns.min()) == (16, 3, 3)
    dark_rows, dark_columns = np.where((picture == colours(np.array(0.0))).all(-1))
    assert rows.max() == dark_rows.max()
    assert columns.max() >= dark_columns.max()


def test_all_rows_share_one_range_of_colours() -> None:
    loud, quiet = np.zeros((10, 10)), np.full((10, 10), -3.0)
    alone = mel_picture([("q", quiet)], scale=1)
    both = mel_picture([("l", loud), ("q", quiet)], scale=1)
    assert (alone == colours(np.array(1.0))).all(-1).sum() == 100
    assert (both == colours(np.array(1.0))).all(-1).sum() == 100
    assert (both == colours(np.array(1 - 3 / 9))).all(-1).sum() == 100


def test_rows_of_any_length_with_any_caption_make_a_picture_file(tmp_path: Path) -> None:
    mels = [
        ("Real: Grüße\nund mehr 你好", torch.randn(80, 50)),
        ("", np.zeros((80, 1))),
        ("long", torch.zeros(80, 9000)),
    ]
    save_mel_picture(tmp_path / "mel.png", mels)
    with Image.open(tmp_path / "mel.png") as picture:
        assert picture.format == "PNG"
        assert 1600 <= picture.width < 1650
        assert picture.height > 3 * 160
    assert [file.name for file in tmp_path.iterdir()] == ["mel.png"]


@pytest.mark.parametrize(
    "mel", [np.zeros((2, 3, 4)), np.zeros((80, 0)), np.full((4, 4), np.nan)], ids=["batch", "empty", "not finite"]
)
def test_what_is_no_spectrogram_is_named_by_its_caption(mel: np.ndarray) -> None:
    with pytest.raises(DataError, match="'generated' is no mel spectrogram"):
        mel_picture([("real", np.zeros((4, 4))), ("generated", mel)])


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(DataError, match="no mel spectrograms"):
        mel_picture([])

from __future__ import annotations

import numpy as np
import pytest

from toolkit.data.order import sample_generator, sample_seed
from toolkit.data.transforms import RandomFlip
from toolkit.errors import ConfigError

PICTURES = np.arange(200 * 2 * 3 * 1, dtype=np.uint16).reshape(200, 2, 3, 1)
SEEDS = [sample_seed(0, 0, index) for index in range(200)]


def test_pictures_are_kept_or_mirrored_left_to_right() -> None:
    result = RandomFlip().batched({"image": PICTURES, "label": np.arange(200)}, SEEDS)
    mirrored = [not np.array_equal(new, old) for new, old in zip(result["image"], PICTURES, strict=True)]
    assert 70 < sum(mirrored) < 130  # four standard deviations around 100
    for new, old, flipped in zip(result["image"], PICTURES, mirrored, strict=True):
        assert np.array_equal(new, old[:, ::-1] if flipped else old)
    assert result["label"].tolist() == list(range(200))


def test_one_by_one_gives_the_same_as_all_at_once() -> None:
    flip = RandomFlip(0.3)
    together = flip.batched({"image": PICTURES}, SEEDS)["image"]
    for old, seed, new in zip(PICTURES, SEEDS, together, strict=True):
        assert np.array_equal(flip({"image": old}, sample_generator(seed))["image"], new)


def test_the_original_is_not_written_into() -> None:
    original = PICTURES[:4].copy()
    RandomFlip(1.0).batched({"image": original}, SEEDS[:4])
    RandomFlip(1.0)({"image": original[0]}, sample_generator(1))
    assert np.array_equal(original, PICTURES[:4])


@pytest.mark.parametrize(("probability", "expected"), [(0.0, PICTURES), (1.0, PICTURES[:, :, ::-1])])
def test_the_ends_of_the_range(probability: float, expected: np.ndarray) -> None:
    assert np.array_equal(RandomFlip(probability).batched({"image": PICTURES}, SEEDS)["image"], expected)


def test_another_field_can_be_named_and_a_wrong_probability_is_refused() -> None:
    item = RandomFlip(1.0, field="mask")({"mask": PICTURES[0], "image": PICTURES[1]}, sample_generator(1))
    assert np.array_equal(item["mask"], PICTURES[0][:, ::-1])
    assert np.array_equal(item["image"], PICTURES[1])
    with pytest.raises(ConfigError, match="probability"):
        RandomFlip(1.5)

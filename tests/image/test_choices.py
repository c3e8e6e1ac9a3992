from __future__ import annotations

import math

import pytest

from toolkit.image import choices
from toolkit.image.looks import Looks


@pytest.mark.parametrize(
    ("width", "height", "device", "expected"),
    [
        (64, 64, "cpu", 64),
        (71, 80, "cpu", 64),
        (28, 28, "cpu", 32),
        (52, 300, "cpu", 64),  # 52 * 1.25 = 65
        (51, 300, "cpu", 32),  # 51 * 1.25 = 63.75
        (4000, 3000, "cpu", 64),
        (4000, 3000, "gpu", 256),
        (110, 110, "gpu", 128),
        (3, 3, "cpu", 8),
    ],
)
def test_the_resolution_is_the_largest_that_the_median_picture_fills(
    width: int, height: int, device: str, expected: int
) -> None:
    choice = choices.resolution([width] * 3, [height] * 3, device)
    assert choice.value == expected
    assert choice.why.startswith(f"resolution {expected}: the median picture is {width}x{height}; ")


def test_a_few_odd_sizes_do_not_decide() -> None:
    assert choices.resolution([64] * 5 + [4, 3000], [64] * 5 + [4, 3000], "cpu").value == 64


def test_a_cpu_that_stops_early_says_what_it_saves() -> None:
    assert "256 would fit, but on a CPU takes 16 times as long" in choices.resolution([300], [300], "cpu").why


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        (Looks(20, grey=20), 1),
        (Looks(20, grey=19), 3),
        (Looks(20, transparent=5), 4),
        (Looks(20, transparent=4), 3),
        (Looks(20, grey=20, transparent=20), 4),
        (Looks(20, grey=20, transparent=1), 1),
    ],
)
def test_channels_follow_from_colours_and_opacity(looks: Looks, expected: int) -> None:
    choice = choices.channels(looks)
    assert choice.value == expected
    laid = looks.transparent > 0 and expected < 4
    assert ("laid on white" in choice.why) == laid


@pytest.mark.parametrize(
    ("labels", "classes", "expected", "words"),
    [
        ("none", {}, False, "no class folders"),
        ("folders", {"a": 20, "b": 300}, True, "classes 2: the sub folders name a, b, with 20 to 300"),
        ("folders", {"a": 19, "b": 300}, False, "'a' 19"),
        ("folders", {"a": 300}, False, "only one, 'a'"),
        ("labels.csv", {"a": 30, "b": 30}, True, "'labels.csv' name a, b"),
    ],
)
def test_classes_need_enough_pictures_each(labels: str, classes: dict[str, int], expected: bool, words: str) -> None:
    choice = choices.conditional(labels, classes)
    assert choice.value is expected
    assert words in choice.why


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        (Looks(500, mirrored_farther=0.56, mirrored_distance=1.03), True),
        (Looks(500, mirrored_farther=0.93, mirrored_distance=1.3), False),
        (Looks(500, mirrored_farther=0.6, mirrored_distance=1.5), False),
        (Looks(49, mirrored_farther=0.5, mirrored_distance=1.0), False),
    ],
)
def test_pictures_are_mirrored_when_their_mirror_images_fit_in(looks: Looks, expected: bool) -> None:
    assert choices.flip(looks).value is expected


def test_the_penalty_weight_grows_with_the_resolution_and_for_few_pictures() -> None:
    sizes = (8, 16, 32, 64, 128, 256)
    many = [choices.penalty(size, 50_000).value for size in sizes]
    assert many == sorted(many)
    assert (many[2], many[3], many[5]) == (0.5, 2.0, 150.0)
    assert [choices.penalty(size, 4_999).value for size in sizes] == [2 * weight for weight in many]


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_more_pictures_are_trained_on_for_longer_within_bounds(device: str) -> None:
    steps = [choices.length(count, 64, device).value for count in (20, 500, 1000, 1500, 5000, 10**6)]
    assert steps == sorted(steps)
    _, least, most = choices.SHOWN[device]
    assert math.isclose(steps[0] * 64, least, rel_tol=0.1)
    assert math.isclose(steps[-1] * 64, most, rel_tol=0.1)


def test_few_pictures_are_augmented_and_many_are_not() -> None:
    few, some, many = (choices.augmentation(count, 320_000).value for count in (500, 5_000, 20_000))
    assert few["start"] > some["start"] == 0.0
    assert many is None


def test_a_batch_never_holds_more_than_the_training_pictures() -> None:
    assert [choices.batch_size(32, count, "cpu") for count in (16, 63, 64, 5000)] == [16, 32, 64, 64]
    assert [choices.batch_size(size, 5000, "gpu") for size in (32, 64, 128, 256)] == [128, 128, 64, 32]
    assert choices.batch_size(32, 2, "cpu") == 8


def test_trial_games_take_a_small_share_of_the_run_or_are_left_out() -> None:
    for steps in (3_000, 5_000, 10_000, 100_000):
        each = choices.probe_steps(64, steps, "cpu")
        assert each is not None
        assert 3 * each <= 0.08 * steps
    assert choices.probe_steps(64, 2_000, "cpu") is None


@pytest.mark.parametrize("size", [8, 16, 32, 64, 128, 256])
def test_the_residual_pair_has_a_width_for_every_stage(size: int) -> None:
    widths = choices.stage_widths(size)
    assert len(widths) == int(math.log2(size)) - 1
    assert all(width % 16 == 0 for width in widths)

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import gradcheck, gradgradcheck

from toolkit.adversarial.augmentation import Augmentation
from toolkit.engine.randomness import Noise
from toolkit.errors import ConfigError
from toolkit.image.augment import AdaptivePipeline, DiffAugment, colour_matrix

AMOUNTS = {
    "flip": True, "rotate90": True, "translate": 0.2, "scale": 0.3, "rotate": 90.0, "stretch": 0.3, "jitter": 0.1,
    "brightness": 0.3, "contrast": 0.4, "luma_flip": True, "hue": 180.0, "saturation": 0.6, "cutout": 0.5,
}  # fmt: skip
GEOMETRY = ["flip", "rotate90", "translate", "scale", "rotate", "stretch", "jitter"]
PIPELINES: dict[str, Augmentation] = {
    "ada": AdaptivePipeline(),
    "ada, all on": AdaptivePipeline(**AMOUNTS),
    "diffaugment": DiffAugment(),
}


def only(name: str, amount: Any = None) -> AdaptivePipeline:
    """A pipeline with one transform."""
    return AdaptivePipeline(**{**dict.fromkeys(AMOUNTS, 0), name: AMOUNTS[name] if amount is None else amount})


def noise(count: int, seed: int = 0, first: int = 0) -> Noise:
    return Noise(seed, 3, torch.arange(first, first + count))


def pictures(count: int, channels: int = 3, size: int = 8, dtype: torch.dtype = torch.float32) -> Tensor:
    generator = torch.Generator().manual_seed(count)
    return torch.rand(count, channels, size, size, dtype=dtype, generator=generator) * 2 - 1


def changed(before: Tensor, after: Tensor) -> Tensor:
    return (before != after).flatten(1).any(1)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("name", PIPELINES)
def test_strength_zero_is_exactly_the_identity(name: str, channels: int) -> None:
    x = pictures(4, channels)
    for strength in (0.0, torch.tensor(0.0), torch.zeros(4)):
        assert torch.equal(PIPELINES[name](x, noise(4), strength), x)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("name", PIPELINES)
def test_strength_one_changes_every_picture_and_keeps_the_shape(name: str, channels: int) -> None:
    x = pictures(16, channels)
    found = PIPELINES[name](x, noise(16), 1.0)
    assert found.shape == x.shape
    assert found.dtype == x.dtype
    assert changed(x, found).all()
    assert torch.isfinite(found).all()


@pytest.mark.parametrize("name", PIPELINES)
def test_a_sample_is_augmented_alike_however_the_batch_is_split(name: str) -> None:
    x, source = pictures(7), noise(7)
    together = PIPELINES[name](x, source, 0.6)
    apart = [PIPELINES[name](x[start:stop], source.part(start, stop), 0.6) for start, stop in ((0, 1), (1, 4), (4, 7))]
    torch.testing.assert_close(together, torch.cat(apart), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", PIPELINES)
def test_samples_and_seeds_differ(name: str) -> None:
    x = pictures(1).expand(8, -1, -1, -1)
    first, second = PIPELINES[name](x, noise(8), 1.0), PIPELINES[name](x, noise(8, seed=1), 1.0)
    assert changed(first[:1].expand_as(first)[1:], first[1:]).all()
    assert changed(first, second).all()
    assert torch.equal(first, PIPELINES[name](x, noise(8), 1.0))


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("name", PIPELINES)
def test_first_and_second_derivatives(name: str, channels: int) -> None:
    x = pictures(2, channels, size=4, dtype=torch.float64).requires_grad_()
    assert gradcheck(lambda x: PIPELINES[name](x, noise(2), 0.8), (x,), fast_mode=True)
    assert gradgradcheck(lambda x: PIPELINES[name](x, noise(2), 0.8).square(), (x,), fast_mode=True)


@pytest.mark.parametrize("name", PIPELINES)
def test_a_penalty_through_the_augmentation_reaches_the_discriminator(name: str) -> None:
    x = pictures(4).requires_grad_()
    judge = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, 8), nn.Tanh(), nn.Linear(8, 1))
    (gradient,) = torch.autograd.grad(judge(PIPELINES[name](x, noise(4), 1.0)).sum(), x, create_graph=True)
    gradient.square().sum().backward()
    assert all(item.grad is not None and item.grad.abs().sum() > 0 for item in judge.parameters() if item.dim() > 1)


@pytest.mark.parametrize("name", PIPELINES)
def test_autocast_does_not_make_it_rough(name: str) -> None:
    x = pictures(4)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(PIPELINES[name](x, noise(4), 1.0), PIPELINES[name](x.clone(), noise(4), 1.0))
        found = PIPELINES[name](x, noise(4), 1.0)
    torch.testing.assert_close(found, PIPELINES[name](x, noise(4), 1.0), rtol=0, atol=0)


# Probabilities: 4000 samples, so a share of p has a standard deviation of at most 0.008.


@pytest.mark.parametrize("name", [key for key in AMOUNTS if key not in ("flip", "rotate90", "luma_flip", "translate")])
def test_strength_is_the_share_of_samples_that_are_changed(name: str) -> None:
    x = pictures(1, size=4).expand(4000, -1, -1, -1)
    share = changed(x, only(name)(x, noise(4000), 0.3)).float().mean().item()
    assert share == pytest.approx(0.3, abs=0.04 if name != "cutout" else 0.05)


@pytest.mark.parametrize(("name", "neutral"), [("flip", 1 / 2), ("rotate90", 1 / 4), ("luma_flip", 1 / 2)])
@pytest.mark.parametrize("strength", [0.3, 1.0])
def test_an_applied_symmetry_is_drawn_fairly_and_may_be_none(name: str, neutral: float, strength: float) -> None:
    x = pictures(1, size=4).expand(4000, -1, -1, -1)
    share = changed(x, only(name, True)(x, noise(4000), strength)).float().mean().item()
    assert share == pytest.approx(strength * (1 - neutral), abs=0.035)


def test_transforms_are_applied_independently_of_each_other() -> None:
    x = pictures(1, size=4).expand(4000, -1, -1, -1)
    source = noise(4000)
    moved = changed(x, only("scale")(x, source, 0.5)).float()
    coloured = changed(x, only("brightness")(x, source, 0.5)).float()
    assert (moved * coloured).mean().item() == pytest.approx(0.25, abs=0.035)


def test_moves_lean_to_no_side() -> None:
    """Augmentation must not shift the mean picture of data that have no preferred side, or it would be learned."""
    x = torch.zeros(4000, 1, 9, 9)
    x[:, :, 4, 4] = 1.0
    mean = AdaptivePipeline(**{**AMOUNTS, **dict.fromkeys([k for k in AMOUNTS if k not in GEOMETRY], 0)})(
        x, noise(4000), 1.0
    ).mean(0)[0]
    for other in (mean.flip(0), mean.flip(1), mean.T):
        assert (mean - other).abs().max() < 0.02


def test_a_flip_mirrors_left_and_right() -> None:
    x = pictures(32)
    found = only("flip")(x, noise(32), 1.0)
    flipped = changed(x, found)
    assert flipped.any()
    assert torch.equal(found[flipped], x[flipped].flip(3))


def test_a_quarter_turn_is_exact() -> None:
    x = pictures(64)
    found = only("rotate90")(x, noise(64), 1.0)
    turns = torch.stack([x.rot90(times, (2, 3)) for times in range(4)])
    agree = (turns == found).flatten(2).all(2)
    assert (agree.sum(0) == 1).all()
    assert agree.any(1).all()


def test_translation_reaches_as_far_as_asked_and_moves_whole_pixels() -> None:
    x = torch.zeros(500, 1, 16, 16)
    x[:, :, 8, 8] = 1.0
    found = only("translate", 0.125)(x, noise(500), 1.0)
    assert found.unique().tolist() == [0.0, 1.0]
    places = found[:, 0].nonzero()[:, 1:] - 8
    assert places.abs().max() == 2
    assert len(places.unique(dim=0)) == 25


@pytest.mark.parametrize("pipeline", [PIPELINES["ada, all on"], DiffAugment(("color",))])
def test_opacity_is_never_coloured(pipeline: Augmentation) -> None:
    x = pictures(16, 4)
    if isinstance(pipeline, AdaptivePipeline):
        pipeline = AdaptivePipeline(**{**AMOUNTS, **dict.fromkeys([*GEOMETRY, "cutout"], 0)})
    found = pipeline(x, noise(16), 1.0)
    assert torch.equal(found[:, 3], x[:, 3])
    assert changed(found[:, :3], x[:, :3]).all()


def test_opacity_moves_with_the_colours() -> None:
    x = pictures(16, 1).expand(-1, 4, -1, -1)
    found = AdaptivePipeline(**{**AMOUNTS, **dict.fromkeys([k for k in AMOUNTS if k not in GEOMETRY], 0)})(
        x, noise(16), 1.0
    )
    assert torch.equal(found[:, 3], found[:, 0])


def test_colour_matrix_scales_grey_and_turns_hue() -> None:
    one = torch.ones(1)
    assert torch.equal(colour_matrix(one, one, 0 * one)[0], torch.eye(3))
    third = colour_matrix(one, one, one * 2 * torch.pi / 3)[0]  # red becomes green becomes blue
    torch.testing.assert_close(third, torch.eye(3).roll(1, 0), rtol=0, atol=1e-6)
    torch.testing.assert_close(colour_matrix(one, 0 * one, one)[0], torch.full((3, 3), 1 / 3), rtol=0, atol=1e-6)
    grey = torch.ones(3, 1)
    torch.testing.assert_close(colour_matrix(-2 * one, 3 * one, one)[0] @ grey, -2 * grey)
    torch.testing.assert_close(torch.linalg.det(colour_matrix(2 * one, 3 * one, one))[0], torch.tensor(18.0))


def test_grey_pictures_are_coloured_as_grey_colour_pictures_are() -> None:
    grey = pictures(8, 1)
    pipeline = AdaptivePipeline(**{**AMOUNTS, **dict.fromkeys([*GEOMETRY, "cutout"], 0)})
    as_colour = pipeline(grey.expand(-1, 3, -1, -1), noise(8), 1.0)
    torch.testing.assert_close(as_colour, pipeline(grey, noise(8), 1.0).expand(-1, 3, -1, -1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("pipeline", [only("cutout"), DiffAugment(("cutout",))])
def test_cutout_erases_one_box_of_at_most_a_quarter(pipeline: Augmentation) -> None:
    found = pipeline(torch.ones(200, 3, 16, 16), noise(200), 1.0)
    erased = found[:, 0] == 0
    assert torch.equal(found, (~erased).float()[:, None].expand_as(found))
    area = erased.flatten(1).sum(1)
    assert area.max() == 64
    assert area.min() >= 16
    assert torch.equal(area, erased.any(2).sum(1) * erased.any(1).sum(1))  # a box: rows times columns


def test_diffaugment_ranges_are_those_of_the_paper() -> None:
    x = pictures(2000, 3, size=2)
    found = DiffAugment(("color",))(torch.zeros_like(x), noise(2000), 1.0)
    bright = found[:, 0, 0, 0]
    assert -0.5 <= bright.min() < -0.48
    assert 0.48 < bright.max() <= 0.5
    moved = DiffAugment(("translation",))(torch.ones(2000, 1, 16, 16), noise(2000), 1.0)
    rows = moved[:, 0].any(2).sum(1)
    assert sorted(rows.unique().tolist()) == [14, 15, 16]


def test_diffaugment_saturation_and_contrast_keep_the_means() -> None:
    x = pictures(50, 3)
    found = DiffAugment(("color",))(x, noise(50), 1.0)
    offset = (found - x).mean((1, 2, 3))
    assert offset.abs().max() <= 0.5
    spread = (found.mean(1) - found.mean((1, 2, 3))[:, None, None]) / (x.mean(1) - x.mean((1, 2, 3))[:, None, None])
    assert (spread.flatten(1).std(1) < 1e-2).all()  # one contrast factor per picture
    assert 0.49 < spread.mean((1, 2)).min() < 0.6
    assert 1.4 < spread.mean((1, 2)).max() < 1.51


def test_a_policy_does_only_what_it_names() -> None:
    x = pictures(8)
    assert torch.equal(DiffAugment(())(x, noise(8), 1.0), x)
    with pytest.raises(ConfigError, match=r"policy: there is no .*colour"):
        DiffAugment(("colour",))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", PIPELINES)
def test_pictures_with_more_channels_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="1 to 4 channels, got 5"):
        PIPELINES[name](pictures(2, 5), noise(2), 1.0)

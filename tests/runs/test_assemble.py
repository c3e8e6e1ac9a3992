from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from tests.tiny import TINY
from toolkit.adversarial.game import Game
from toolkit.config import load_recipe
from toolkit.engine.device import choose_precision
from toolkit.errors import ConfigError, DataError
from toolkit.runs.assemble import build_game, build_network, open_recipe

CPU = torch.device("cpu")


def game(*overrides: str) -> Game:
    return build_game(open_recipe(load_recipe(TINY, list(overrides))), CPU, choose_precision("float32", CPU))


def problems(*overrides: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        game(*overrides)
    return {problem.path: problem.message for problem in caught.value.problems}


def same(one: nn.Module, other: nn.Module) -> bool:
    mine, theirs = one.state_dict(), other.state_dict()
    return mine.keys() == theirs.keys() and all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_opening_the_data_completes_the_networks() -> None:
    opened = open_recipe(load_recipe(TINY))
    for spec in (opened.recipe.generator, opened.recipe.discriminators["main"]):
        assert (spec["resolution"], spec["channels"], spec["classes"]) == (8, 1, 10)
    assert sum(len(part) for part in opened.splits.values()) == len(opened.source) == 1797
    assert len(opened.splits["train"]) > 10 * len(opened.splits["test"]) > 0


@pytest.mark.parametrize(
    ("override", "path", "words"),
    [
        ("generator.resolution=32", "generator.resolution", "is 32, but for this data it must be 8"),
        ("discriminator.channels=3", "discriminators.main.channels", "must be 1"),
        ("generator.classes=4", "generator.classes", "must be 10"),
        ("discriminators={items: dcgan}", "discriminators.items", "choose another"),
        ("discriminators={}", "terms", "at least one term"),
        ("trainer.generator_warmup=8", "trainer.generator_warmup", "there are none"),
        ("trainer.shared_fakes=true", "trainer.shared_fakes", "needs trainer.shared_batch=true"),
    ],
)
def test_sections_that_contradict_each_other_or_the_data_are_refused(override: str, path: str, words: str) -> None:
    assert words in problems(override)[path]


def test_terms_that_need_a_discriminator_cannot_replace_one() -> None:
    assert "terms" in problems("discriminators={}", "terms=[feature_matching]")
    assert "trainer.generator_warmup" in problems("terms=[feature_matching]", "trainer.generator_warmup=8")
    assert game("terms=[reconstruction]", "trainer.generator_warmup=8").generator_warmup == 8


def test_evaluating_needs_something_to_compare_with() -> None:
    nothing = ["split={train: 1, validation: 0, test: 0}"]
    assert "validation split" in problems("trainer.evaluate_every=2", *nothing)["trainer.evaluate_every"]
    assert isinstance(game(*nothing), Game)


def test_labels_that_are_not_there_are_missed_before_anything_is_built(tmp_path: Any) -> None:
    from PIL import Image

    for number in range(4):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / f"{number}.png")
    with pytest.raises(DataError, match=r"task\.conditional=true needs labels"):
        game(f"data={{name: folder, path: {tmp_path}, resolution: 8}}")


def test_initial_weights_depend_on_the_seed_and_the_place_only() -> None:
    torch.manual_seed(1)
    one = game()
    torch.manual_seed(2)
    other = game("discriminators={main: {name: dcgan, width: 8, norm: none}, second: dcgan}")
    assert same(one.generator, other.generator)
    assert same(one.discriminators["main"], other.discriminators["main"])
    assert not same(one.generator, game("seed=4").generator)
    spec = {"name": "dcgan", "width": 8, "norm": "none", "resolution": 8, "channels": 1}
    twins = [build_network("discriminators", spec, f"discriminators.{name}", 0) for name in "ab"]
    assert not same(*twins)


def test_spectral_norm_makes_every_kernel_of_a_discriminator_a_contraction() -> None:
    plain, normed = game(), game("discriminator.spectral_norm=true")
    for module in normed.discriminators["main"].modules():
        if isinstance(module, nn.Conv2d):
            assert torch.linalg.matrix_norm(module.weight.flatten(1), 2) < 1.2  # an estimate by power iteration
            assert nn.utils.parametrize.is_parametrized(module, "weight")
    assert same(plain.generator, normed.generator)


def test_networks_are_in_the_layout_and_precision_asked_for() -> None:
    doubles = build_game(open_recipe(load_recipe(TINY), torch.float64), CPU, choose_precision("float64", CPU))
    assert {parameter.dtype for parameter in doubles.generator.parameters()} == {torch.float64}
    kernel = game().discriminators["main"].get_parameter("layers.0.0.weight")
    assert kernel.is_contiguous(memory_format=torch.channels_last)
    kernel = game("engine.channels_last=false").discriminators["main"].get_parameter("layers.0.0.weight")
    assert kernel.is_contiguous()


@pytest.mark.parametrize("name", ["dcgan", "residual"])
def test_spectral_norm_fits_every_discriminator_also_layers_that_start_at_zero(name: str) -> None:
    judge = game(f"discriminators.main={{name: {name}, spectral_norm: true}}").discriminators["main"]
    logits = judge(torch.randn(4, 1, 8, 8), torch.arange(4)).logits[0]
    assert torch.isfinite(logits).all()
    assert float(logits.detach().std()) > 0

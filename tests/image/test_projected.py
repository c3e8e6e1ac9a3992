from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.tiny import TINY, assert_same_state, newest
from toolkit.adversarial.statistics import uses_batch_statistics
from toolkit.config import build
from toolkit.engine.device import choose_precision
from toolkit.engine.models import save_model
from toolkit.errors import ConfigError
from toolkit.image.classifier import ImageClassifier
from toolkit.image.frozen import recoloured
from toolkit.image.projected import ProjectedDiscriminator, RandomMixing
from toolkit.metrics.classifier import ClassifierFeatures
from toolkit.metrics.pixels import Pixels
from toolkit.runs import resume, train
from toolkit.runs.assemble import build_game, build_trainer, open_recipe


@pytest.fixture(autouse=True)
def _seed() -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(11)
        yield


class Odd(nn.Module):
    """A network of somebody else: sizes that do not halve, no word about channels."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 6, 3, padding=1)
        self.second = nn.Conv2d(6, 10, 3, stride=3)
        self.third = nn.Conv2d(10, 12, 3)

    def maps(self, x: Tensor) -> tuple[Tensor, ...]:
        one = self.first(x).relu()
        two = self.second(one).relu()
        return one, two, self.third(two)


def seeing(resolution: int = 16, channels: int = 3, classes: int = 4) -> ImageClassifier:
    """A classifier with statistics as after training."""
    network = ImageClassifier(resolution, channels, classes, width=4)
    for _ in range(3):
        network(torch.randn(8, channels, resolution, resolution))
    return network


@pytest.fixture
def model(tmp_path: Path) -> Path:
    spec = {"name": "classifier", "resolution": 8, "channels": 1, "classes": 10, "width": 4}
    network = build("generators", spec)
    save_model(tmp_path / "eye", network.state_dict(), {"generator": spec, "classes": []}, "# Eye\n")
    return tmp_path / "eye"


def test_every_map_has_a_discriminator_with_a_square_of_logits() -> None:
    discriminator = ProjectedDiscriminator(seeing(32), resolution=32, classes=3, width=4)
    output = discriminator(torch.randn(2, 3, 32, 32), torch.tensor([0, 2]))
    assert [tuple(logits.shape) for logits in output.logits] == [(2, 4, 4)] * 4  # of maps of 32, 16, 8 and 8 pixels
    assert len(output.features) == 3 + 2 + 1 + 1


def test_maps_of_any_size_are_mixed() -> None:
    discriminator = ProjectedDiscriminator(Odd(), resolution=20, width=4)
    output = discriminator(torch.randn(2, 3, 20, 20))
    assert [tuple(logits.shape[1:]) for logits in output.logits] == [(5, 5), (6, 6), (4, 4)]


def test_mixing_carries_the_coarse_to_the_fine_and_not_back() -> None:
    mixing = RandomMixing([2, 3, 4], [2, 3, 4])
    maps = [torch.randn(1, 2, 8, 8), torch.randn(1, 3, 4, 4), torch.randn(1, 4, 2, 2)]
    before = mixing(maps)
    assert [item.shape for item in before] == [item.shape for item in maps]
    coarser, finer = mixing([*maps[:2], maps[2] + 1]), mixing([maps[0] + 1, *maps[1:]])
    assert not any(torch.equal(one, other) for one, other in zip(before, coarser, strict=True))
    assert [torch.equal(one, other) for one, other in zip(before, finer, strict=True)] == [False, True, True]


def test_mixed_maps_are_as_wide_as_asked_for() -> None:
    discriminator = ProjectedDiscriminator(seeing(), resolution=16, width=4, mixed_width=6)
    assert [layer.out_channels for layer in discriminator.mixing.channels] == [4, 6, 6, 6]


# -- what is frozen stays so -------------------------------------------------------------------------------------------


def test_only_the_small_discriminators_are_trained() -> None:
    network = seeing()
    discriminator = ProjectedDiscriminator(network, resolution=16, width=4)
    assert {name.split(".")[0] for name, _ in discriminator.named_parameters()} == {"heads"}
    kept = {name: value.clone() for name, value in discriminator.state_dict().items() if not name.startswith("heads")}
    assert len(kept) > 10
    optimizer = torch.optim.Adam(discriminator.parameters(), lr=0.1)
    discriminator.train().requires_grad_(True)
    for _ in range(2):
        logits = discriminator(torch.randn(4, 3, 16, 16)).logits
        optimizer.zero_grad()
        sum(item.square().mean() for item in logits).backward()
        optimizer.step()
    after = discriminator.state_dict()
    assert all(torch.equal(after[name], value) for name, value in kept.items())


def test_the_network_that_was_given_is_left_as_it_is() -> None:
    network = seeing().train()
    ProjectedDiscriminator(network, resolution=16, width=4)(torch.randn(4, 3, 16, 16))
    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_it_sees_what_the_network_sees_in_evaluation_mode_also_while_training() -> None:
    network = seeing()
    discriminator = ProjectedDiscriminator(network, resolution=16, width=4).train()
    pictures = torch.randn(4, 3, 16, 16)
    for found, expected in zip(discriminator.features(pictures), network.eval().maps(pictures), strict=True):
        assert torch.equal(found, expected)
    assert not uses_batch_statistics(discriminator)  # so real and fake pictures may go through it together


def test_gradients_reach_the_pictures_through_the_frozen_network() -> None:
    discriminator = ProjectedDiscriminator(seeing(), resolution=16, width=4).requires_grad_(False)
    pictures = torch.randn(2, 3, 16, 16, requires_grad=True)
    sum(item.sum() for item in discriminator(pictures).logits).backward()
    assert (pictures.grad.flatten(1).abs().sum(1) > 0).all()


def test_a_checkpoint_brings_features_and_mixing_with_it() -> None:
    one = ProjectedDiscriminator(seeing(), resolution=16, width=4).eval()
    other = ProjectedDiscriminator(seeing(), resolution=16, width=4).eval()
    pictures = torch.randn(2, 3, 16, 16)
    assert not torch.equal(one(pictures).logits[0], other(pictures).logits[0])
    other.load_state_dict(one.state_dict())
    assert all(map(torch.equal, one(pictures).logits, other(pictures).logits))


def test_a_run_is_resumed_bit_for_bit(model: Path, tmp_path: Path) -> None:
    judge = f"discriminator={{name: projected, width: 4, features: {{name: classifier, model: {model}}}}}"
    changes = [judge, "penalties=[]", "loss=hinge", "augmentation=diffaugment", "trainer.checkpoint_every=2"]
    train(str(TINY), tmp_path / "whole", [*changes, "trainer.steps=4"], quiet=True)
    train(str(TINY), tmp_path / "cut", [*changes, "trainer.steps=2"], quiet=True)
    resume(tmp_path / "cut", ["trainer.steps=4"], quiet=True)
    assert_same_state(tmp_path / "whole", tmp_path / "cut")
    weights = newest(tmp_path / "cut").weights("discriminator.main")
    assert "features.network.layers.0.0.weight" in weights


def test_an_optimiser_of_the_trainer_sees_the_heads_only(model: Path) -> None:
    from toolkit.config import load_recipe
    from toolkit.engine.processes import Processes

    judge = f"discriminator={{name: projected, width: 4, features: {{name: classifier, model: {model}}}}}"
    opened = open_recipe(load_recipe(TINY, [judge, "penalties=[]"]))
    device = torch.device("cpu")
    precision = choose_precision("float32", device)
    game = build_game(opened, device, precision)
    trainer = build_trainer(opened, game, device, precision, Processes())
    trained = {id(parameter) for parameter in trainer.seats["discriminator"].parameters}
    assert trained == {id(parameter) for parameter in game.discriminators["main"].heads.parameters()}


# -- colours -----------------------------------------------------------------------------------------------------------


def test_pictures_are_recoloured_for_the_network() -> None:
    grey = torch.rand(2, 1, 4, 4) * 2 - 1
    assert torch.equal(recoloured(grey, 3), grey.repeat(1, 3, 1, 1))
    torch.testing.assert_close(recoloured(recoloured(grey, 3), 1), grey)
    colour = torch.rand(2, 3, 4, 4) * 2 - 1
    opaque, hidden = torch.ones(2, 1, 4, 4), -torch.ones(2, 1, 4, 4)
    torch.testing.assert_close(recoloured(torch.cat([colour, opaque], 1), 3), colour)
    assert torch.equal(recoloured(torch.cat([colour, hidden], 1), 3), torch.ones(2, 3, 4, 4))
    assert recoloured(torch.cat([colour, opaque], 1), 1).shape == (2, 1, 4, 4)


@pytest.mark.parametrize(("channels", "wanted"), [(1, 3), (3, 1), (4, 3), (4, 1), (4, 4)])
def test_grey_colour_and_transparent_pictures_are_judged(channels: int, wanted: int) -> None:
    discriminator = ProjectedDiscriminator(seeing(channels=wanted), resolution=16, channels=channels, width=4)
    assert torch.isfinite(discriminator(torch.rand(2, channels, 16, 16) * 2 - 1).logits[0]).all()


# -- mistakes ----------------------------------------------------------------------------------------------------------


def test_features_that_cannot_serve_are_refused_with_a_reason() -> None:
    with pytest.raises(ConfigError, match="features: 'pixels-8x8' shows no feature maps; use the extractor 'classif"):
        ProjectedDiscriminator(Pixels())
    plain = ClassifierFeatures.from_module(_WithoutMaps(), "plain")
    with pytest.raises(ConfigError, match="'plain' shows no feature maps"):
        ProjectedDiscriminator(plain)
    with pytest.raises(ConfigError, match=r"cannot take pictures \[1, 3, 16, 16\]: it was made for 4 channels"):
        ProjectedDiscriminator(seeing(channels=4), resolution=16)
    with pytest.raises(ConfigError, match=r"cannot take pictures \[1, 1, 20, 20\]"):
        ProjectedDiscriminator(Odd(), resolution=20, channels=1)
    with pytest.raises(ConfigError, match=r"must give tensors \[B, N, h, w\], at least one; got shapes \[\]"):
        ProjectedDiscriminator(_Blind())


def test_a_recipe_without_features_is_told_that_it_needs_some() -> None:
    with pytest.raises(ConfigError, match=r"discriminators.main.features: 'projected' needs this"):
        train(str(TINY), None, ["discriminator={name: projected}"], quiet=True)


class _WithoutMaps(nn.Module):
    def features(self, x: Tensor) -> Tensor:
        return x.flatten(1)


class _Blind(nn.Module):
    def maps(self, x: Tensor) -> list[Tensor]:
        return []

"""The residual discriminator of StyleGAN2, alone and in the game with its generator."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.parametrizations import spectral_norm

from toolkit.adversarial.game import Game
from toolkit.adversarial.losses import NonSaturating
from toolkit.adversarial.optimizers import Adam
from toolkit.adversarial.penalties import R1
from toolkit.adversarial.trainer import Trainer
from toolkit.config.options import TrainerOptions
from toolkit.data.loader import Loader
from toolkit.engine.device import Precision
from toolkit.engine.processes import Processes
from toolkit.errors import ConfigError, TrainingError
from toolkit.image.style import StyleGenerator
from toolkit.image.style_discriminator import MinibatchDeviation, StyleBlock, StyleDiscriminator
from toolkit.image.style_layers import EqualisedConvolution
from toolkit.image.task import ImageTask
from toolkit.nn.resample import downsample
from toolkit.testing.material import picture_source


@pytest.fixture(autouse=True)
def _seed() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(7)
        yield


def game(discriminator: StyleDiscriminator, classes: int | None = None) -> Game:
    generator = StyleGenerator(16, latent=6, style=10, width=4, max_width=8, classes=classes)
    task = ImageTask(conditional=classes is not None)
    task.open(picture_source())
    return Game(task, generator, {"main": discriminator}, NonSaturating(), penalties=[R1(weight=1.0)])


def trainer(played: Game, micro_batch: int | None = None) -> Trainer:
    return Trainer(
        played,
        {player: Adam(lr=2e-3) for player in played.players()},
        TrainerOptions(batch_size=8, steps=3, micro_batch=micro_batch),
        seed=3,
        precision=Precision("float32"),
        device=torch.device("cpu"),
        processes=Processes(),
    )


def small(**settings: Any) -> StyleDiscriminator:
    return StyleDiscriminator(**{"resolution": 16, "width": 4, "max_width": 8, **settings})


def plain(x: Tensor, layer: EqualisedConvolution, padding: int = 0) -> Tensor:
    """The convolution with its weight's scale taken out: N(0, 1) weights over the root of their fan-in."""
    return F.conv2d(x, layer.weight / math.sqrt(layer.weight[0].numel()), layer.bias, padding=padding)


def lrelu(x: Tensor) -> Tensor:
    return math.sqrt(2) * F.leaky_relu(x, 0.2)


def test_a_block_is_its_formula() -> None:
    block = StyleBlock(3, 5)
    x = torch.randn(2, 3, 8, 8)
    inner = lrelu(plain(downsample(lrelu(plain(x, block.keep, 1))), block.change, 1))
    expected = (inner + plain(downsample(x), block.skip)) / math.sqrt(2)
    torch.testing.assert_close(block(x), expected)


def test_activations_start_with_a_spread_that_does_not_run_away() -> None:
    output = StyleDiscriminator(64, width=8, max_width=64)(torch.randn(16, 3, 64, 64))
    assert all(0.05 < feature.square().mean().sqrt().item() < 2 for feature in output.features)


def test_widths_double_towards_the_smallest_picture_up_to_the_cap() -> None:
    features = StyleDiscriminator(32, width=2, max_width=8)(torch.zeros(1, 3, 32, 32)).features
    assert [list(feature.shape[1:]) for feature in features] == [[4, 16, 16], [8, 8, 8], [8, 4, 4], [8, 4, 4]]


def test_projection_is_a_dot_product_with_the_label_vector() -> None:
    discriminator = small(classes=3)
    x = torch.randn(1, 3, 16, 16).expand(3, -1, -1, -1)
    logits = discriminator(x, torch.arange(3)).logits[0]
    half = discriminator(x[:1], torch.tensor([[0.5, 0.0, 0.5]])).logits[0]
    torch.testing.assert_close(half[0], (logits[0] + logits[2]) / 2)


def test_spectral_normalisation_takes_the_place_of_the_scale() -> None:
    layer = EqualisedConvolution(16, 8, 3)
    spectral_norm(layer, n_power_iterations=30)
    x = torch.randn(2, 16, 6, 6)
    kernel = layer.weight
    assert torch.linalg.matrix_norm(kernel.flatten(1), 2).item() == pytest.approx(1.0, abs=0.05)
    layer.eval()
    torch.testing.assert_close(layer(x), F.conv2d(x, layer.weight, layer.bias, padding=1))


# -- minibatch standard deviation -------------------------------------------------------------------------------------


def test_deviation_is_that_of_its_group_averaged_over_a_sample() -> None:
    module = MinibatchDeviation(group=2)
    x = torch.randn(4, 3, 2, 2)
    extra = module(x)[:, 3:]
    assert torch.equal(module(x)[:, :3], x)
    for group in ([0, 2], [1, 3]):
        expected = x[group].std(0, unbiased=False).mean()
        torch.testing.assert_close(extra[group], expected.expand(2, 1, 2, 2))


def test_a_batch_that_does_not_divide_has_smaller_groups() -> None:
    x = torch.randn(6, 3, 2, 2)
    assert torch.equal(MinibatchDeviation(group=4)(x), MinibatchDeviation(group=3)(x))
    assert not MinibatchDeviation()(x[:1])[:, 3].gt(1e-3).any()  # one sample does not differ from itself


def test_alike_samples_give_themselves_away() -> None:
    module = MinibatchDeviation()
    x = torch.randn(4, 3, 2, 2)
    assert module(x[:1].repeat(4, 1, 1, 1))[:, 3].max() < 0.01 < module(x)[:, 3].min()


def test_in_evaluation_a_score_does_not_depend_on_its_company() -> None:
    discriminator = small(minibatch_deviation=True)
    x = torch.randn(8, 3, 16, 16)
    together = discriminator(x).logits[0]
    assert not torch.allclose(discriminator(x[:4]).logits[0], together[:4])
    before = discriminator.deviation.average.clone()
    discriminator.eval()
    torch.testing.assert_close(discriminator(x[:4]).logits[0], discriminator(x).logits[0][:4])
    assert torch.equal(discriminator.deviation.average, before)


def test_the_game_knows_whether_samples_see_each_other() -> None:
    alone, coupled = game(small()), game(small(minibatch_deviation=True))
    assert (alone.batch_coupled, coupled.batch_coupled) == (False, True)
    assert trainer(alone, micro_batch=4).micro_batch == 4
    with pytest.raises(TrainingError, match="would change the maths"):
        trainer(coupled, micro_batch=4)


# -- the pair in training ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("minibatch_deviation", [False, True])
@pytest.mark.parametrize("classes", [None, 3])
def test_the_pair_trains_under_r1_and_stays_finite(classes: int | None, minibatch_deviation: bool) -> None:
    played = game(small(classes=classes, minibatch_deviation=minibatch_deviation), classes)
    before = {name: value.clone() for name, value in played.generator.named_parameters()}
    made = trainer(played)
    made.fit(Loader(picture_source(), 8, 0, prefetch=0), until=3)
    assert made.progress.skipped_turns == 0
    for network in played.players().values():
        assert all(parameter.isfinite().all() for parameter in network.parameters())
    moved = {name for name, value in played.generator.named_parameters() if not torch.equal(value, before[name])}
    assert moved == before.keys()


def test_micro_batches_add_up_to_the_whole_batch() -> None:
    weights = []
    for micro_batch in (None, 2):
        torch.manual_seed(0)
        played = game(small())
        for network in played.players().values():
            network.double()
        played.task.dtype = torch.float64
        trainer(played, micro_batch).fit(Loader(picture_source(), 8, 0, prefetch=0), until=2)
        weights.append([parameter.detach() for parameter in played.generator.parameters()])
    for whole, pieces in zip(*weights, strict=True):
        torch.testing.assert_close(whole, pieces, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"resolution": 2}, "resolution: got 2"), ({"width": 64, "max_width": 32}, "max_width: is 32")],
)
def test_sizes_that_do_not_fit_are_explained(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        StyleDiscriminator(**settings)

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from toolkit.errors import ConfigError
from toolkit.image.resnet import DiscriminatorBlock, GeneratorBlock, ResNetDiscriminator, ResNetGenerator
from toolkit.runs.assemble import build_network


@pytest.fixture(autouse=True)
def _seed() -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        yield


def size(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def stretched(network: nn.Module) -> list[float]:
    """The largest singular value of every weight that is normalised, as the network uses it."""
    found = [module.weight.detach() for module in network.modules() if is_parametrized(module, "weight")]
    return [float(torch.linalg.matrix_norm(weight.flatten(1), 2)) for weight in found]


def test_the_published_sizes_at_32_pixels() -> None:
    assert size(ResNetGenerator(resolution=32, channels=3, latent=128, width=256)) == 4_276_739
    assert size(ResNetDiscriminator(resolution=32, channels=3, width=128)) == 1_053_825


def test_the_published_widths_at_128_pixels() -> None:
    """Table 6 of the paper, at a sixteenth of the width."""
    widths = [64, 64, 32, 16, 8, 4]
    generator = ResNetGenerator(128, latent=4, widths=widths)
    assert [block.conv2.out_channels for block in generator.blocks] == widths[1:]
    output = ResNetDiscriminator(128, widths=widths)(torch.zeros(1, 3, 128, 128))
    shapes = [(feature.shape[1], feature.shape[2]) for feature in output.features]
    assert shapes == [(4, 64), (8, 32), (16, 16), (32, 8), (64, 4), (64, 4)]


def test_beyond_32_pixels_every_doubling_halves_the_channels() -> None:
    generator = ResNetGenerator(256, width=32, latent=4)
    assert [block.conv2.out_channels for block in generator.blocks] == [32, 32, 32, 16, 8, 4]


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("resolution", [8, 16, 32, 64, 128, 256])
def test_every_power_of_two_and_number_of_colours(resolution: int, channels: int) -> None:
    pictures = ResNetGenerator(resolution, channels, latent=5, width=8)(torch.randn(2, 5))
    assert pictures.shape == (2, channels, resolution, resolution)
    assert pictures.abs().max() <= 1
    output = ResNetDiscriminator(resolution, channels, width=8)(pictures)
    assert [logits.shape for logits in output.logits] == [(2,)]
    assert output.features[-1].shape[-1] == (4 if resolution in (8, 64, 128, 256) else 8)


# -- the maths is that of the paper ------------------------------------------------------------------------------------


def test_a_generator_block_doubles_before_its_convolutions() -> None:
    block = GeneratorBlock(3, 5, "batch", None).double()
    x = torch.randn(4, 3, 4, 4, dtype=torch.float64)

    def doubled(y: Tensor) -> Tensor:
        return F.interpolate(y, scale_factor=2.0, mode="nearest")

    inner = block.conv1(doubled(block.norm1(x).relu()))
    expected = block.conv2(block.norm2(inner).relu()) + block.shortcut(doubled(x))
    torch.testing.assert_close(block(x, None), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("first", [False, True])
def test_a_discriminator_block_averages_after_its_convolutions(first: bool) -> None:
    block = DiscriminatorBlock(3, 5, halve=True, first=first).double()
    x = torch.randn(4, 3, 6, 6, dtype=torch.float64)
    inner = block.conv2(block.conv1(x if first else x.relu()).relu())
    expected = F.avg_pool2d(inner, 2) + F.avg_pool2d(block.shortcut(x), 2)
    torch.testing.assert_close(block(x), expected, rtol=0, atol=1e-12)


def test_a_block_of_one_size_and_width_has_nothing_in_its_shortcut() -> None:
    block = DiscriminatorBlock(4, 4, halve=False)
    nn.init.zeros_(block.conv2.weight)
    x = torch.randn(2, 4, 6, 6)
    assert torch.equal(block(x), x)


def test_projection_adds_the_product_of_label_and_pooled_features() -> None:
    discriminator = ResNetDiscriminator(16, 1, classes=4, width=4).eval()
    pictures, label = torch.randn(3, 1, 16, 16), torch.tensor([0, 3, 1])
    output = discriminator(pictures, label)
    pooled = output.features[-1].relu().sum((2, 3))
    expected = discriminator.head(pooled)[:, 0] + (discriminator.projection.weight[label] * pooled).sum(1)
    torch.testing.assert_close(output.logits[0], expected)


def test_classes_begin_alike_and_differ_by_the_gains_of_normalisation() -> None:
    generator = ResNetGenerator(8, 1, classes=2, latent=4, width=4).eval()
    z = torch.randn(1, 4).expand(2, -1)
    zero, one = generator(z, torch.tensor([0, 1]))
    assert torch.equal(zero, one)
    with torch.no_grad():
        generator.blocks[0].norm1.gain.weight[1] = 3.0
    zero_again, one = generator(z, torch.tensor([0, 1]))
    torch.testing.assert_close(zero_again, zero)
    assert not torch.allclose(one, zero)


# -- spectral normalisation --------------------------------------------------------------------------------------------


def test_every_weight_of_the_discriminator_is_normalised_unless_told_otherwise() -> None:
    discriminator = ResNetDiscriminator(16, classes=3, width=4)
    for _ in range(30):
        discriminator(torch.zeros(1, 3, 16, 16), torch.tensor([0]))
    layers = 3 + 2 + 2 + 1 + 1  # of three blocks, the head, and the labels' vectors
    assert stretched(discriminator) == pytest.approx([1.0] * layers, abs=0.02)
    assert stretched(ResNetDiscriminator(16, width=4, spectral_norm=False)) == []


def test_the_switch_of_recipes_is_its_own_parameter_and_normalises_once() -> None:
    spec = {"name": "resnet", "width": 4, "resolution": 8, "channels": 1, "spectral_norm": True}
    normed = build_network("discriminators", spec, "discriminators.main", 0)
    lists = [module.parametrizations.weight for module in normed.modules() if is_parametrized(module, "weight")]
    assert {len(found) for found in lists} == {1}
    plain = build_network("discriminators", {**spec, "spectral_norm": False}, "discriminators.main", 0)
    assert not any(is_parametrized(module) for module in plain.modules())


def test_normalisation_does_not_hide_the_second_derivative() -> None:
    """R1 of the normalised network along a direction of its weights, against a central difference."""
    discriminator = ResNetDiscriminator(8, 1, width=4).double().eval()  # in training mode every use moves the norms
    x = torch.randn(3, 1, 8, 8, dtype=torch.float64, requires_grad=True)
    weights = list(discriminator.parameters())
    direction = [torch.randn_like(weight) for weight in weights]

    def penalty() -> Tensor:
        (slope,) = torch.autograd.grad(discriminator(x).logits[0].sum(), x, create_graph=True)
        return slope.square().sum()

    def moved(step: float) -> Tensor:
        with torch.no_grad():
            torch._foreach_add_(weights, direction, alpha=step)
        value = penalty().detach()
        with torch.no_grad():
            torch._foreach_sub_(weights, direction, alpha=step)
        return value

    gradients = torch.autograd.grad(penalty(), weights, allow_unused=True)
    slope = sum((g * d).sum() for g, d in zip(gradients, direction, strict=True) if g is not None)
    torch.testing.assert_close(slope, (moved(1e-6) - moved(-1e-6)) / 2e-6, rtol=1e-4, atol=0)


# -- mistakes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [ResNetGenerator, ResNetDiscriminator])
def test_impossible_sizes_name_the_field(part: type[nn.Module]) -> None:
    with pytest.raises(ConfigError, match="resolution: got 48"):
        part(resolution=48)
    with pytest.raises(ConfigError, match="widths: 32 pixels have 4 stages, 4x4 to 32x32; got 2"):
        part(resolution=32, widths=[8, 8])
    with pytest.raises(ConfigError, match=r"widths\.1: is 0; it must be at least 1"):
        part(resolution=8, widths=[8, 0])
    with pytest.raises(ConfigError, match="width: is 0"):
        part(width=0)

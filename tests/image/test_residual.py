from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from toolkit.errors import ConfigError
from toolkit.image.residual import ResidualBlock, ResidualDiscriminator, ResidualGenerator
from toolkit.nn.resample import downsample, upsample


def size(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(("width", "millions"), [(96, 0.53), (128, 0.83), (192, 1.64), (256, 2.72)])
def test_parameter_counts_at_32_pixels(width: int, millions: float) -> None:
    assert size(ResidualGenerator(width=width)) / 1e6 == pytest.approx(millions, abs=0.005)
    assert size(ResidualDiscriminator(width=width)) / 1e6 == pytest.approx(millions, abs=0.02)


def test_parameter_counts_of_the_published_networks() -> None:
    with torch.device("meta"):
        assert size(ResidualGenerator(32, classes=10, width=768)) / 1e6 == pytest.approx(20.8, abs=0.05)
        assert size(ResidualDiscriminator(32, classes=10, width=768)) / 1e6 == pytest.approx(21.3, abs=0.05)
        widths = [768, 768, 768, 768, 384, 192, 96]
        assert size(ResidualGenerator(256, widths=widths)) / 1e6 == pytest.approx(23.1, abs=0.05)
        assert size(ResidualDiscriminator(256, widths=widths)) / 1e6 == pytest.approx(23.0, abs=0.05)


def test_a_block_is_its_formula_and_starts_as_the_identity() -> None:
    block = ResidualBlock(4, 8, group_width=2, gain=1.0)
    x = torch.randn(2, 4, 5, 5)
    assert torch.equal(block(x), x)
    for parameter in block.parameters():
        nn.init.normal_(parameter)
    inner = F.leaky_relu(F.conv2d(x, block.widen.weight, block.widen.bias), 0.2)
    inner = F.leaky_relu(F.conv2d(inner, block.mix.weight, block.mix.bias, padding=1, groups=4), 0.2)
    torch.testing.assert_close(block(x), x + F.conv2d(inner, block.narrow.weight))
    assert block.narrow.bias is None


def test_initial_gain_falls_with_the_fourth_root_of_the_number_of_blocks() -> None:
    network = ResidualDiscriminator(32, width=64, blocks=2)
    expected = (2 / 1.04) ** 0.5 * 8**-0.25
    for block in network.modules():
        if isinstance(block, ResidualBlock):
            assert block.widen.weight.std().item() == pytest.approx(expected / 64**0.5, rel=0.1)
            assert block.mix.weight.std().item() == pytest.approx(expected / 144**0.5, rel=0.1)
            assert not block.widen.bias.any()
            assert not block.mix.bias.any()
            assert not block.narrow.weight.any()


def test_at_the_start_the_generator_only_scales_and_enlarges_its_basis() -> None:
    generator = ResidualGenerator(16, channels=2, latent=5, width=8, group_width=4)
    z = torch.randn(3, 5)
    basis = (z @ generator.scale.weight.T)[:, :, None, None] * generator.basis
    expected = F.conv2d(upsample(upsample(basis)), generator.head.weight)
    torch.testing.assert_close(generator(z), expected)


def test_at_the_start_the_discriminator_is_linear() -> None:
    discriminator = ResidualDiscriminator(16, channels=2, width=8, group_width=4)
    x = torch.randn(3, 2, 16, 16)
    small = downsample(downsample(F.conv2d(x, discriminator.stem.weight)))
    pooled = (small * discriminator.pool.weight[:, 0]).sum((2, 3))
    expected = (pooled @ discriminator.head.weight.T)[:, 0]
    torch.testing.assert_close(discriminator(x).logits[0], expected, rtol=1e-4, atol=1e-5)


def test_outputs_start_with_a_spread_near_one() -> None:
    torch.manual_seed(0)
    pictures = ResidualGenerator(32, width=64)(torch.randn(64, 64))
    assert 0.2 < pictures.std().item() < 2
    assert pictures.abs().max() > 1  # no tanh


def test_projection_is_a_dot_product_with_the_label_vector() -> None:
    discriminator = ResidualDiscriminator(8, channels=1, classes=3, width=8, group_width=4)
    assert discriminator.projection is not None
    assert discriminator.head.out_features == discriminator.projection.weight.shape[1] == 8
    x = torch.randn(1, 1, 8, 8).expand(3, -1, -1, -1)
    logits = discriminator(x, torch.arange(3)).logits[0]
    half = discriminator(x[:1], torch.tensor([[0.5, 0.0, 0.5]])).logits[0]
    torch.testing.assert_close(half[0], (logits[0] + logits[2]) / 2)


def test_widths_run_from_the_smallest_picture_up_in_both() -> None:
    widths = [32, 16, 8]
    generator = ResidualGenerator(16, width=1, widths=widths, group_width=4)
    discriminator = ResidualDiscriminator(16, width=1, widths=widths, group_width=4)
    assert [stage[0].widen.in_channels for stage in generator.stages] == widths
    assert [feature.shape[1] for feature in discriminator(generator(torch.randn(2, 64))).features] == widths[::-1]


def test_the_4x4_stage_keeps_full_precision_under_autocast() -> None:
    discriminator = ResidualDiscriminator(16, width=8, group_width=4)
    with torch.autocast("cpu", torch.bfloat16):
        features = discriminator(torch.randn(2, 3, 16, 16)).features
    assert [feature.dtype for feature in features] == [torch.bfloat16, torch.bfloat16, torch.float32]


@pytest.mark.parametrize("part", [ResidualGenerator, ResidualDiscriminator])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"resolution": 24}, "resolution: got 24"),
        ({"resolution": 2}, "resolution: got 2"),
        ({"resolution": 16, "widths": [32, 16]}, "widths: 16 pixels have 3 stages.*got 2 widths"),
        ({"width": 20}, "group_width: width 20 times expansion 2 must be a positive multiple of 16"),
        ({"resolution": 8, "widths": [0, 16]}, "group_width: width 0"),
    ],
)
def test_sizes_that_do_not_fit_are_explained(part: type[nn.Module], arguments: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        part(**arguments)


@pytest.mark.parametrize("patch", [2, 4])
def test_patches_leave_out_the_largest_stages(patch: int) -> None:
    widths = [16, 16, 16, 16][: 4 - patch // 2]
    generator = ResidualGenerator(32, 1, widths=widths, patch=patch)
    discriminator = ResidualDiscriminator(32, 1, widths=widths, patch=patch)
    pictures = generator(torch.randn(2, 64))
    assert pictures.shape == (2, 1, 32, 32)
    assert discriminator(pictures).logits[0].shape == (2,)
    largest = [stage(torch.zeros(1, 16, 32 // patch, 32 // patch)).shape[-1] for stage in generator.stages[-1:]]
    assert largest == [32 // patch]


def test_the_patch_decides_how_many_widths_are_wanted() -> None:
    with pytest.raises(ConfigError, match="16 pixels have 3 stages"):
        ResidualGenerator(32, widths=[16, 16, 16, 16], patch=2)


def test_tanh_bounds_the_pictures_and_linear_does_not() -> None:
    z = 100 * torch.randn(4, 64)
    assert ResidualGenerator(16, 1, output="tanh")(z).abs().max() <= 1
    assert ResidualGenerator(16, 1)(z).abs().max() > 1

from __future__ import annotations

import pytest
import torch
from torch import nn

from toolkit.errors import ConfigError
from toolkit.image.dcgan import DCGANDiscriminator, DCGANGenerator


def size(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_parameter_counts_of_the_well_known_64_pixel_pair() -> None:
    assert size(DCGANGenerator(resolution=64, channels=3, latent=100, width=64)) == 3_576_704
    assert size(DCGANDiscriminator(resolution=64, channels=3, width=64)) == 2_765_568


@pytest.mark.parametrize("resolution", [8, 64, 256])
def test_both_sides_have_mirrored_widths_that_stop_at_eight_times(resolution: int) -> None:
    generator, discriminator = DCGANGenerator(resolution, width=2), DCGANDiscriminator(resolution, width=2)
    up = [item.out_channels for item in generator.modules() if isinstance(item, nn.ConvTranspose2d)]
    down = [item.out_channels for item in discriminator.modules() if isinstance(item, nn.Conv2d)]
    assert up[:-1][::-1] == down[:-1]
    assert down[0] == 2
    assert max(down) <= 16


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("resolution", [8, 16, 32, 64, 128, 256])
def test_every_power_of_two_and_number_of_colours(resolution: int, channels: int) -> None:
    pictures = DCGANGenerator(resolution, channels, latent=5, width=2)(torch.randn(2, 5))
    assert pictures.shape == (2, channels, resolution, resolution)
    output = DCGANDiscriminator(resolution, channels, width=2)(pictures)
    assert [logits.shape for logits in output.logits] == [(2,)]
    assert [feature.shape[-1] for feature in output.features] == [
        resolution // 2**place for place in range(1, len(output.features) + 1)
    ]
    assert output.features[-1].shape[-1] == 4


def test_pictures_lie_within_one() -> None:
    pictures = DCGANGenerator(16, width=4)(1000 * torch.randn(4, 100))
    assert pictures.abs().max() <= 1


def test_initial_weights_follow_the_paper() -> None:
    generator = DCGANGenerator(32, width=32)
    for module in generator.modules():
        if isinstance(module, nn.ConvTranspose2d):
            assert module.weight.std().item() == pytest.approx(0.02, rel=0.1)
        if isinstance(module, nn.BatchNorm2d):
            assert module.weight.mean().item() == pytest.approx(1.0, abs=0.02)
            assert torch.equal(module.bias, torch.zeros_like(module.bias))


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_norm_decides_on_batch_normalisation_and_biases(norm: str) -> None:
    for network in (DCGANGenerator(16, width=2, norm=norm), DCGANDiscriminator(16, width=2, norm=norm)):
        assert any(isinstance(item, nn.BatchNorm2d) for item in network.modules()) == (norm == "batch")
        convolutions = [item for item in network.modules() if isinstance(item, (nn.Conv2d, nn.ConvTranspose2d))]
        assert all((item.bias is not None) == (norm == "none") for item in convolutions)


def test_projection_adds_the_product_of_label_and_pooled_features() -> None:
    discriminator = DCGANDiscriminator(16, 1, classes=4, width=2).eval()
    pictures, label = torch.randn(3, 1, 16, 16), torch.tensor([0, 3, 1])
    output = discriminator(pictures, label)
    last = output.features[-1]
    unconditional = discriminator.head(last).flatten()
    assert discriminator.projection is not None
    expected = unconditional + (discriminator.projection.weight[label] * last.sum((2, 3))).sum(1)
    torch.testing.assert_close(output.logits[0], expected)


@pytest.mark.parametrize("part", [DCGANGenerator, DCGANDiscriminator])
@pytest.mark.parametrize("resolution", [4, 28, 512])
def test_an_impossible_resolution_names_the_field(part: type[nn.Module], resolution: int) -> None:
    with pytest.raises(ConfigError, match=f"resolution: got {resolution}"):
        part(resolution=resolution)


def test_without_normalisation_the_signal_keeps_its_size_through_the_layers() -> None:
    torch.manual_seed(0)
    generator, discriminator = DCGANGenerator(64, norm="none"), DCGANDiscriminator(64, norm="none")
    x = generator.layers(torch.randn(16, 100, 1, 1))
    assert 0.3 < x.square().mean() < 3
    features = discriminator(torch.randn(16, 3, 64, 64)).features
    assert all(0.3 < feature.square().mean() < 3 for feature in features)

"""What every pair of picture networks promises, whatever its architecture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from toolkit.adversarial.types import DiscriminatorOutput
from toolkit.image.dcgan import DCGANDiscriminator, DCGANGenerator
from toolkit.image.residual import ResidualBlock, ResidualDiscriminator, ResidualGenerator
from toolkit.image.resnet import ResNetDiscriminator, ResNetGenerator
from toolkit.image.style import StyleGenerator
from toolkit.image.style_discriminator import StyleDiscriminator
from toolkit.nn.conditioning import ConditionalBatchNorm2d

# Networks whose layers start with the size that training keeps.
SizedNetworks = (ResidualGenerator, ResidualDiscriminator, StyleGenerator, StyleDiscriminator)
# A power iteration at every use would make each pass one of slightly other weights; see test_resnet.py.
PlainResNet = partial(ResNetDiscriminator, spectral_norm=False)
PAIRS: dict[str, tuple[Callable[..., nn.Module], Callable[..., nn.Module], dict[str, Any]]] = {
    "dcgan": (DCGANGenerator, DCGANDiscriminator, {"width": 4}),
    "dcgan without norm": (DCGANGenerator, DCGANDiscriminator, {"width": 4, "norm": "none"}),
    "residual": (ResidualGenerator, ResidualDiscriminator, {"width": 8, "blocks": 1, "group_width": 4}),
    "resnet": (ResNetGenerator, PlainResNet, {"width": 4}),
    "resnet without norm": (partial(ResNetGenerator, norm="none"), PlainResNet, {"width": 4}),
    "style": (StyleGenerator, StyleDiscriminator, {"width": 4, "max_width": 8}),
}
SHAPES = [(8, 1, None), (16, 3, 5), (32, 4, None), (32, 1, 2)]


@pytest.fixture(autouse=True)
def _seed() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(7)
        yield


def awakened(module: nn.Module) -> nn.Module:
    """Give weights a size as after training: initial ones are zero or small, and much could hide behind that."""
    for part in module.modules():
        if isinstance(part, ResidualBlock):
            nn.init.normal_(part.narrow.weight, std=0.2)
        elif isinstance(part, ConditionalBatchNorm2d):
            nn.init.normal_(part.gain.weight, mean=1.0, std=0.2)
        elif isinstance(part, (nn.Conv2d, nn.ConvTranspose2d)) and not isinstance(module, SizedNetworks):
            nn.init.normal_(part.weight, std=0.2)
    return module


def pair(name: str, resolution: int = 16, channels: int = 3, classes: int | None = None) -> tuple[nn.Module, nn.Module]:
    generator, discriminator, arguments = PAIRS[name]
    sizes = {"resolution": resolution, "channels": channels, "classes": classes}
    return awakened(generator(**sizes, latent=6, **arguments)), awakened(discriminator(**sizes, **arguments))


def inputs(generator: Any, count: int = 4) -> tuple[Tensor, Tensor | None]:
    label = None if generator.classes is None else torch.arange(count) % generator.classes
    return torch.randn(count, generator.latent, dtype=next(generator.parameters()).dtype), label


@pytest.mark.parametrize(("resolution", "channels", "classes"), SHAPES)
@pytest.mark.parametrize("name", PAIRS)
def test_shapes_attributes_and_types(name: str, resolution: int, channels: int, classes: int | None) -> None:
    generator, discriminator = pair(name, resolution, channels, classes)
    for network in (generator, discriminator):
        assert (network.resolution, network.channels, network.classes) == (resolution, channels, classes)
    z, label = inputs(generator)
    picture = generator(z, label)
    assert picture.shape == (4, channels, resolution, resolution)
    output = discriminator(picture, label)
    assert isinstance(output, DiscriminatorOutput)
    assert [logits.shape for logits in output.logits] == [(4,)]
    assert len(output.features) >= 1
    assert all(feature.shape[0] == 4 for feature in output.features)


@pytest.mark.parametrize("classes", [None, 3])
@pytest.mark.parametrize("name", PAIRS)
def test_gradients_reach_every_parameter(name: str, classes: int | None) -> None:
    generator, discriminator = pair(name, classes=classes)
    z, label = inputs(generator)
    discriminator(generator(z, label), label).logits[0].square().sum().backward()
    for network in (generator, discriminator):
        silent = [key for key, item in network.named_parameters() if item.grad is None or not item.grad.abs().sum() > 0]
        assert silent == []


@pytest.mark.parametrize("classes", [None, 3])
@pytest.mark.parametrize("name", PAIRS)
def test_the_second_derivative_is_right(name: str, classes: int | None) -> None:
    """Derivative of the R1 penalty along a direction of the weights, against a central difference in float64."""
    generator, discriminator = pair(name, resolution=8, channels=1, classes=classes)
    discriminator.double()
    label = inputs(generator)[1]
    pictures = torch.randn(4, 1, 8, 8, dtype=torch.float64, requires_grad=True)
    weights = list(discriminator.parameters())
    direction = [torch.randn_like(weight) for weight in weights]

    def penalty(step: float) -> Tensor:
        with torch.no_grad():
            for weight, change in zip(weights, direction, strict=True):
                weight.add_(change, alpha=step)
        total = discriminator(pictures, label).logits[0].sum()
        (gradient,) = torch.autograd.grad(total, pictures, create_graph=True)
        found = gradient.square().sum()
        if step == 0.0:
            found.backward()
        with torch.no_grad():
            for weight, change in zip(weights, direction, strict=True):
                weight.sub_(change, alpha=step)
        return found.detach()

    penalty(0.0)
    slope = sum((w.grad * d).sum() for w, d in zip(weights, direction, strict=True) if w.grad is not None)
    step = 1e-6
    numerical = (penalty(step) - penalty(-step)) / (2 * step)
    torch.testing.assert_close(slope, numerical, rtol=1e-4, atol=0)


@pytest.mark.parametrize("name", PAIRS)
def test_labels_matter_and_are_required(name: str) -> None:
    generator, discriminator = pair(name, classes=3)
    generator.eval()
    discriminator.eval()
    z = torch.randn(1, 6).expand(3, -1)
    label = torch.arange(3)
    pictures = generator(z, label)
    assert not torch.allclose(pictures[0], pictures[1])
    logits = discriminator(pictures[:1].expand(3, -1, -1, -1), label).logits[0]
    assert not torch.allclose(logits[0], logits[1])
    with pytest.raises(ValueError, match="classes=3 and needs a label"):
        generator(z)
    with pytest.raises(ValueError, match="classes=3 and needs a label"):
        discriminator(pictures)


@pytest.mark.parametrize("name", PAIRS)
def test_class_weights_pass_smoothly_between_classes(name: str) -> None:
    generator, _ = pair(name, classes=2)
    generator.eval()
    z = torch.randn(1, 6)
    ends = generator(z.expand(2, -1), torch.eye(2))
    torch.testing.assert_close(ends, generator(z.expand(2, -1), torch.arange(2)))
    middle = generator(z, torch.tensor([[0.5, 0.5]]))
    assert not torch.allclose(middle, ends[:1])
    assert not torch.allclose(middle, ends[1:])


@pytest.mark.parametrize("name", ["dcgan without norm", "residual", "resnet without norm", "style"])
def test_without_batch_statistics_samples_do_not_see_each_other(name: str) -> None:
    generator, discriminator = (network.double() for network in pair(name, classes=3))
    z, label = inputs(generator)
    together = generator(z, label)
    apart = torch.cat([generator(z[:1], label[:1]), generator(z[1:], label[1:])])
    torch.testing.assert_close(together, apart, rtol=0, atol=1e-13)
    logits = [discriminator(together[part], label[part]).logits[0] for part in (slice(0, 3), slice(3, 4))]
    torch.testing.assert_close(discriminator(together, label).logits[0], torch.cat(logits), rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", PAIRS)
def test_channels_last_gives_the_same_and_stays_channels_last(name: str) -> None:
    generator, discriminator = (network.double() for network in pair(name))
    z, _ = inputs(generator)
    pictures = generator(z)
    logits = discriminator(pictures).logits[0]
    generator.to(memory_format=torch.channels_last)
    discriminator.to(memory_format=torch.channels_last)
    last = generator(z)
    torch.testing.assert_close(last, pictures, rtol=0, atol=1e-10)
    assert last.is_contiguous(memory_format=torch.channels_last)
    output = discriminator(last)
    torch.testing.assert_close(output.logits[0], logits, rtol=0, atol=1e-10)
    assert all(feature.is_contiguous(memory_format=torch.channels_last) for feature in output.features)


@pytest.mark.parametrize("name", PAIRS)
def test_bfloat16_autocast_comes_close_and_ends_in_float32(name: str) -> None:
    generator, discriminator = pair(name, classes=3)
    z, label = inputs(generator)
    pictures = generator(z, label)
    logits = discriminator(pictures, label).logits[0]
    with torch.autocast("cpu", torch.bfloat16):
        rough = generator(z, label)
        output = discriminator(pictures, label)
    assert rough.dtype == output.logits[0].dtype == torch.float32
    assert output.features[0].dtype == torch.bfloat16
    assert (rough - pictures).abs().max() < 0.1 * pictures.abs().max()
    assert (output.logits[0] - logits).abs().max() < 0.1 * logits.abs().max() + 0.01


@pytest.mark.parametrize("name", PAIRS)
def test_pictures_of_another_size_are_refused(name: str) -> None:
    _, discriminator = pair(name, resolution=16)
    with pytest.raises(ValueError, match=r"\[B, 3, 16, 16\], got \[2, 3, 32, 32\]"):
        discriminator(torch.zeros(2, 3, 32, 32))


@pytest.mark.parametrize("name", PAIRS)
def test_weights_can_be_stored_and_loaded(name: str) -> None:
    generator, _ = pair(name, classes=3)
    other, _ = pair(name, classes=3)
    other.load_state_dict(generator.state_dict())
    generator.eval(), other.eval()
    z, label = inputs(generator)
    assert torch.equal(generator(z, label), other(z, label))

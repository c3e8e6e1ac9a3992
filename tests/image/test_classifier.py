from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from toolkit.errors import ConfigError
from toolkit.image.classifier import ImageClassifier


@pytest.mark.parametrize(("resolution", "channels", "classes"), [(8, 1, 10), (28, 3, 2), (32, 4, 5)])
def test_shapes(resolution: int, channels: int, classes: int) -> None:
    network = ImageClassifier(resolution, channels, classes, width=8)
    x = torch.randn(3, channels, resolution, resolution)
    assert network(x).shape == (3, classes)
    assert network.features(x).shape == (3, network.feature_size) == (3, 32)


def test_default_features_have_128_entries() -> None:
    assert ImageClassifier().feature_size == 128


def test_logits_are_a_linear_reading_of_the_features() -> None:
    network = ImageClassifier(8, width=4).eval()
    x = torch.randn(2, 1, 8, 8)
    torch.testing.assert_close(network(x), F.linear(network.features(x), network.head.weight, network.head.bias))


def test_it_learns_to_tell_stripes_apart() -> None:
    torch.manual_seed(0)
    network = ImageClassifier(8, classes=2, width=4)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)

    def stripes(count: int) -> tuple[torch.Tensor, torch.Tensor]:
        label = torch.randint(0, 2, (count,))
        wave = torch.sin(torch.arange(8) * 1.5 + torch.rand(count, 1) * 6)
        x = torch.where(label[:, None, None] == 1, wave[:, None, :], wave[:, :, None]).expand(-1, 8, 8)
        return x[:, None] + 0.3 * torch.randn(count, 1, 8, 8), label

    for _ in range(60):
        x, label = stripes(32)
        optimizer.zero_grad()
        F.cross_entropy(network(x), label).backward()
        optimizer.step()
    network.eval()
    x, label = stripes(200)
    assert (network(x).argmax(1) == label).float().mean() > 0.95


def test_autocast_and_channels_last() -> None:
    network = ImageClassifier(16, width=8).eval()
    x = torch.randn(2, 1, 16, 16)
    expected = network(x)
    network.to(memory_format=torch.channels_last)
    torch.testing.assert_close(network(x), expected)
    with torch.autocast("cpu", torch.bfloat16):
        rough = network(x)
    assert rough.dtype == torch.float32
    torch.testing.assert_close(rough, expected, rtol=0.1, atol=0.05)


def test_pictures_too_small_are_refused() -> None:
    with pytest.raises(ConfigError, match="resolution: got 4; the classifier needs at least 8"):
        ImageClassifier(resolution=4)

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from toolkit.config import build
from toolkit.errors import CheckpointError
from toolkit.image.published import dcgan_discriminator_from_state_dict, dcgan_from_state_dict


def reference_generator(hidden: int, width: int = 4, latent: int = 6, channels: int = 3) -> nn.Module:
    """The published layout, everything in one sequence called `main`; the same weights every time."""
    widths = [width * 2**place for place in reversed(range(hidden))]
    layers: list[nn.Module] = [nn.ConvTranspose2d(latent, widths[0], 4, 1, 0, bias=False)]
    for place, before in enumerate(widths):
        layers += [nn.BatchNorm2d(before), nn.ReLU()]
        after = widths[place + 1] if place + 1 < hidden else channels
        layers.append(nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False))
    return _used([*layers, nn.Tanh()], (8, latent, 1, 1))


def reference_discriminator(hidden: int, width: int = 4, channels: int = 3) -> nn.Module:
    layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    for place in range(1, hidden):
        before = width * 2 ** (place - 1)
        layers += [nn.Conv2d(before, 2 * before, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * before), nn.LeakyReLU(0.2)]
    layers += [nn.Conv2d(width * 2 ** (hidden - 1), 1, 4, 1, 0, bias=False), nn.Sigmoid()]
    return _used(layers, (8, channels, 4 * 2**hidden, 4 * 2**hidden))


def _used(layers: list[nn.Module], shape: tuple[int, ...]) -> nn.Module:
    """With weights and statistics as after training."""
    network = nn.Sequential(OrderedDict(main=nn.Sequential(*layers)))
    with torch.random.fork_rng():
        torch.manual_seed(1)
        for name, parameter in network.named_parameters():
            nn.init.normal_(parameter, 1.0 if parameter.dim() == 1 and name.endswith("weight") else 0.0, 0.2)
        for _ in range(5):
            network(torch.randn(shape))
    return network.eval()


def numbers(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize(("hidden", "channels"), [(1, 1), (2, 4), (4, 3)])
def test_a_generator_gives_the_pictures_of_the_original(hidden: int, channels: int) -> None:
    original = reference_generator(hidden, channels=channels)
    imported = dcgan_from_state_dict(original.state_dict())
    spec = imported.config["generator"]
    assert (spec["resolution"], spec["channels"], spec["latent"], spec["width"]) == (4 * 2**hidden, channels, 6, 4)
    network = build("generators", spec)
    network.load_state_dict(imported.weights)
    z = numbers(5, 6)
    with torch.no_grad():
        torch.testing.assert_close(network.eval()(z), original(z[:, :, None, None]), rtol=0, atol=1e-6)


@pytest.mark.parametrize(("hidden", "channels"), [(1, 3), (2, 1), (4, 3)])
def test_a_discriminator_gives_the_opinion_of_the_original(hidden: int, channels: int) -> None:
    original = reference_discriminator(hidden, channels=channels)
    imported = dcgan_discriminator_from_state_dict(original.state_dict())
    network = build("discriminators", imported.config["discriminator"])
    network.load_state_dict(imported.weights)
    size = 4 * 2**hidden
    pictures = numbers(5, channels, size, size)
    with torch.no_grad():
        opinion = network.eval()(pictures).logits[0].sigmoid()
        torch.testing.assert_close(opinion, original(pictures).flatten(), rtol=0, atol=1e-6)


def test_the_well_known_sizes_are_recognised() -> None:
    with torch.device("meta"):
        state = {
            **{f"main.{3 * place}.weight": torch.empty(shape) for place, shape in enumerate(_KERNELS_64)},
            **{
                f"main.{3 * place + 1}.{name}": torch.empty(shape[1])
                for place, shape in enumerate(_KERNELS_64[:-1])
                for name in ("weight", "bias", "running_mean", "running_var")
            },
        }
    assert dcgan_from_state_dict(state).config["generator"] == {
        "name": "dcgan",
        "resolution": 64,
        "channels": 3,
        "classes": None,
        "latent": 100,
        "width": 64,
        "norm": "batch",
    }


_KERNELS_64 = [(100, 512, 4, 4), (512, 256, 4, 4), (256, 128, 4, 4), (128, 64, 4, 4), (64, 3, 4, 4)]


def test_names_of_parallel_training_and_old_files_without_counters_are_understood() -> None:
    state = reference_generator(2).state_dict()
    plain = dcgan_from_state_dict(state)
    old = {f"module.{name}": item for name, item in state.items() if not name.endswith("num_batches_tracked")}
    imported = dcgan_from_state_dict(old)
    assert imported.config == plain.config
    for name, item in plain.weights.items():
        assert name.endswith("num_batches_tracked") or torch.equal(imported.weights[name], item)
    build("generators", imported.config["generator"]).load_state_dict(imported.weights)


def changed(**changes: Any) -> dict[str, Tensor]:
    state = reference_generator(3).state_dict()
    for name, item in changes.items():
        key = name.replace("__", ".")
        if item is None:
            del state[key]
        else:
            state[key] = item
    return state


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"conv1.weight": torch.zeros(3, 3)}, "'main.0.weight' is missing; the first key is 'conv1.weight'"),
        ({}, "'main.0.weight' is missing; there are no tensors"),
        (changed(main__3__weight=None), "'main.3.weight' is missing"),
        (changed(main__4__running_var=None), "'main.4.running_var' is missing"),
        (changed(main__9__weight=None), "'main.9.weight' is missing"),
        (changed(main__0__bias=torch.zeros(16)), "'main.0.bias' does not belong here"),
        (changed(main__3__weight=torch.zeros(16, 8, 5, 5)), r"'main.3.weight' has the shape [16, 8, 5, 5], expected ["),
        (changed(main__9__weight=torch.zeros(3)), "'main.9.weight' is no kernel but has the shape [3]"),
        (changed(main__30__weight=torch.zeros(4, 3, 4, 4)), "'main.30.weight' cannot be the last convolution"),
        (changed(main__11__weight=torch.zeros(4, 3, 4, 4)), "'main.11.weight' cannot be the last convolution"),
    ],
    ids=[
        "another network",
        "nothing",
        "no kernel",
        "no statistics",
        "no last kernel",
        "biases",
        "larger kernels",
        "a vector",
        "too deep",
        "another rhythm",
    ],
)
def test_another_layout_is_refused_by_its_first_key(state: dict[str, Tensor], words: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        dcgan_from_state_dict(state)
    assert caught.value.message.startswith(words)
    assert "generator of pytorch/examples' DCGAN: main.0.weight [latent, widest, 4, 4]" in caught.value.way_out


def test_the_discriminators_file_is_recognised_as_such() -> None:
    with pytest.raises(CheckpointError, match="belongs to the discriminator of this layout"):
        dcgan_from_state_dict(reference_discriminator(3).state_dict())
    with pytest.raises(CheckpointError, match=r"'main\.1\.weight' belongs to the generator of this layout"):
        dcgan_discriminator_from_state_dict(reference_generator(3).state_dict())

"""Published image models in their authors' layout: the DCGAN of pytorch/examples.

The script `dcgan/main.py` of that repository holds generator and discriminator each in one `nn.Sequential` called
`main`, convolutions without biases, batch normalisation and activations in between. Both compute exactly what our
`dcgan` pair does (the authors' discriminator ends with a sigmoid, ours with its argument), for any number of layers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from toolkit.engine.foreign import ImportedModel, State
from toolkit.errors import CheckpointError
from toolkit.image.dcgan import DCGANDiscriminator, DCGANGenerator

_NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
_COUNTER = "num_batches_tracked"  # absent from files of PyTorch before 0.4.1
_PREFIX = "module."  # nn.DataParallel puts this before every name
_LAYERS = range(2, 8)  # convolutions of a network for 8 to 256 pixels

GENERATOR_LAYOUT = (
    "main.0.weight [latent, widest, 4, 4], main.1.* (batch normalisation), main.3.weight, main.4.*, and so on to the "
    "last convolution [width, channels, 4, 4]; widths halve from layer to layer, and widest is at most 8 times width"
)
DISCRIMINATOR_LAYOUT = (
    "main.0.weight [width, channels, 4, 4], main.2.weight, main.3.* (batch normalisation), main.5.weight, main.6.*, "
    "and so on to the last convolution [1, widest, 4, 4]; widths double from layer to layer, up to 8 times width"
)


def dcgan_from_state_dict(state: State) -> ImportedModel:
    """The generator of pytorch/examples' DCGAN (`netG_epoch_N.pth`), for 8 to 256 pixels.

    Resolution, channels, latent size and width follow from the shapes.

    Raises:
        CheckpointError: the state has another layout.
    """
    state = _plain(state)
    if "main.2.weight" in state and "main.1.weight" not in state:
        raise CheckpointError(
            "'main.2.weight' belongs to the discriminator of this layout, which generates nothing",
            "give the generator's file, netG; from Python dcgan_discriminator_from_state_dict takes this one",
        )
    last = _last_convolution(state, 0, GENERATOR_LAYOUT, "generator")
    layers = last // 3 + 1
    spec: dict[str, Any] = {
        "name": "dcgan",
        "resolution": 2 ** (layers + 1),
        "channels": state[f"main.{last}.weight"].shape[1],
        "classes": None,
        "latent": state["main.0.weight"].shape[0],
        "width": state[f"main.{last}.weight"].shape[0],
        "norm": "batch",
    }
    names = {"head.weight": f"main.{last}.weight"}
    for place in range(layers - 1):
        names[f"layers.{place}.0.weight"] = f"main.{3 * place}.weight"
        names.update({f"layers.{place}.1.{item}": f"main.{3 * place + 1}.{item}" for item in _NORM})
    weights = _renamed(state, DCGANGenerator, spec, names, GENERATOR_LAYOUT, "generator")
    config = {"pipeline": "image", "generator": spec, "classes": []}
    return ImportedModel(config, weights, "a generator in the layout of pytorch/examples' DCGAN")


def dcgan_discriminator_from_state_dict(state: State) -> ImportedModel:
    """The discriminator of pytorch/examples' DCGAN (`netD_epoch_N.pth`), for 8 to 256 pixels.

    Its logits are what the authors' network gives to its sigmoid. A discriminator is no model that a pipeline could
    use: the configuration holds its spec as `discriminator`, for `toolkit.config.build("discriminators", spec)`.

    Raises:
        CheckpointError: the state has another layout.
    """
    state = _plain(state)
    if "main.1.weight" in state:
        raise CheckpointError("'main.1.weight' belongs to the generator of this layout", "give the file netD")
    last = _last_convolution(state, 2, DISCRIMINATOR_LAYOUT, "discriminator")
    hidden = last // 3 + 1
    spec: dict[str, Any] = {
        "name": "dcgan",
        "resolution": 2 ** (hidden + 2),
        "channels": state["main.0.weight"].shape[1],
        "classes": None,
        "width": state["main.0.weight"].shape[0],
        "norm": "batch",
    }
    names = {"layers.0.0.weight": "main.0.weight", "head.weight": f"main.{last}.weight"}
    for place in range(1, hidden):
        names[f"layers.{place}.0.weight"] = f"main.{3 * place - 1}.weight"
        names.update({f"layers.{place}.1.{item}": f"main.{3 * place}.{item}" for item in _NORM})
    weights = _renamed(state, DCGANDiscriminator, spec, names, DISCRIMINATOR_LAYOUT, "discriminator")
    return ImportedModel({"discriminator": spec}, weights, "a discriminator in the layout of pytorch/examples' DCGAN")


def _plain(state: State) -> dict[str, Tensor]:
    """Without what `nn.DataParallel` puts before every name."""
    wrapped = bool(state) and all(name.startswith(_PREFIX) for name in state)
    return {name.removeprefix(_PREFIX) if wrapped else name: item for name, item in state.items()}


def _last_convolution(state: Mapping[str, Tensor], offset: int, layout: str, player: str) -> int:
    """The place of the last convolution within `main`; all but the first are `offset` after a multiple of three."""
    found = [int(match[1]) for name in state if (match := re.fullmatch(r"main\.(\d+)\.weight", name))]
    if 0 not in found:
        first = f"; the first key is '{next(iter(state))}'" if state else "; there are no tensors"
        raise _refusal(f"'main.0.weight' is missing{first}", layout, player)
    last = max(found)
    if last % 3 == (offset + 1) % 3 and last > 0:  # batch normalisation comes before every convolution but the first
        raise _refusal(f"'main.{last + 2}.weight' is missing", layout, player)
    for name in ("main.0.weight", f"main.{last}.weight"):
        if state[name].dim() != 4:
            raise _refusal(f"'{name}' is no kernel but has the shape {list(state[name].shape)}", layout, player)
    if last % 3 != offset or last // 3 + 1 + offset // 2 not in _LAYERS:
        raise _refusal(f"'main.{last}.weight' cannot be the last convolution of 2 to 7", layout, player)
    return last


def _renamed(
    state: Mapping[str, Tensor],
    network: type[nn.Module],
    spec: Mapping[str, Any],
    names: Mapping[str, str],
    layout: str,
    player: str,
) -> dict[str, Tensor]:
    """The weights by our names, checked one by one against the network that the spec describes."""
    with torch.device("meta"):  # shapes only
        wanted = network(**{key: value for key, value in spec.items() if key != "name"}).state_dict()
    weights: dict[str, Tensor] = {}
    for name, like in wanted.items():
        theirs = names[name]
        if theirs not in state and name.endswith(_COUNTER):
            weights[name] = torch.zeros((), dtype=torch.long)
            continue
        if theirs not in state:
            raise _refusal(f"'{theirs}' is missing", layout, player)
        if state[theirs].shape != like.shape:
            shapes = f"has the shape {list(state[theirs].shape)}, expected {list(like.shape)}"
            raise _refusal(f"'{theirs}' {shapes}", layout, player)
        weights[name] = state[theirs]
    unknown = next((name for name in state if name not in names.values()), None)
    if unknown is not None:
        raise _refusal(f"'{unknown}' does not belong here", layout, player)
    return weights


def _refusal(fault: str, layout: str, player: str) -> CheckpointError:
    return CheckpointError(fault, f"expected is the {player} of pytorch/examples' DCGAN: {layout}")

"""Weight normalisation: put on for training, folded into plain weights for use.

Salimans & Kingma 2016, "Weight normalization", equation 2: w = g v / ||v||, length and direction of each output
channel's weights on their own. A folded network computes the same with one tensor per layer.
"""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize

_LENGTH = "parametrizations.weight.original0"
_DIRECTION = "parametrizations.weight.original1"

Network = TypeVar("Network", bound=nn.Module)


def apply_weight_norm(network: Network) -> Network:
    """Put weight normalisation on every convolution that has none; what the network computes stays the same."""
    for module in network.modules():
        if isinstance(module, (nn.Conv1d, nn.ConvTranspose1d)) and not parametrize.is_parametrized(module, "weight"):
            parametrizations.weight_norm(module)
    return network


def fold_weight_norm(network: Network) -> Network:
    """Turn length and direction back into plain weights, in place; does nothing where that was done already.

    The weights become other parameters than those that an optimizer may hold, so this is for networks to be used.
    """
    for module in network.modules():
        if parametrize.is_parametrized(module, "weight"):
            _fold(module)
    return network


def _fold(module: nn.Module) -> None:
    """What `parametrize.remove_parametrizations` does, but for this module only.

    A deep copy of a parametrized module shares its class with the original, and that function takes the attribute
    `weight` from the class: folding the copy would break the original.
    """
    kept = module.weight
    assert isinstance(kept, Tensor)
    weight = nn.Parameter(kept.detach().clone(), requires_grad=kept.requires_grad)
    delattr(module, "parametrizations")
    module.__class__ = type(module).__bases__[0]  # from the class that was made for the parametrization
    module.register_parameter("weight", weight)


def folded_state_dict(network: nn.Module) -> dict[str, Tensor]:
    """The state of the network as if it were folded; the network itself stays as it is."""
    state = network.state_dict()
    folded: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if name.endswith(_DIRECTION):
            continue
        if name.endswith(_LENGTH):
            layer = name.removesuffix(_LENGTH)
            folded[f"{layer}weight"] = weight_of(tensor, state[f"{layer}{_DIRECTION}"])
        else:
            folded[name] = tensor
    return folded


def weight_of(length: Tensor, direction: Tensor) -> Tensor:
    """g v / ||v||, where `length` has the size 1 in all dimensions but the first."""
    with torch.no_grad():
        # What the parametrization itself calls, so that both give the same bits.
        weight: Tensor = torch._weight_norm(direction, length, 0)
        return weight

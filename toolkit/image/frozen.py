"""Feature networks that stay as they are: part of a discriminator's state, but of nothing that is trained."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from toolkit.errors import ConfigError, Problem
from toolkit.metrics.extractor import FeatureMaps


class FrozenFeatures(nn.Module):
    """A copy of a feature network in evaluation mode, its weights buffers.

    Buffers go to the network's device and into checkpoints like weights do, and no optimiser sees them, so a run can be
    resumed where the file that the features came from is gone. Gradients pass through to the pictures.

    Args:
        features: an extractor whose `module` is a network with `maps(x)` (see `FeatureMaps`), or such a network.
        resolution: height and width of the pictures it will see.
        channels: colours of the pictures; see `recoloured` for what happens where the network wants others.

    Attributes:
        shapes: `(N, h, w)` of every map, from the finest to the coarsest.

    Raises:
        ConfigError: it gives no maps, or cannot take such pictures.
    """

    def __init__(self, features: object, resolution: int, channels: int) -> None:
        super().__init__()
        network = _network(features)
        self.network = freeze(copy.deepcopy(network).cpu())
        self.channels = int(getattr(network, "channels", channels))
        self.train(False)
        self.shapes = self._try(resolution, channels)

    def forward(self, x_BCHW: Tensor) -> list[Tensor]:
        """The maps, from the finest to the coarsest."""
        return list(self.network.maps(recoloured(x_BCHW, self.channels)))  # type: ignore[operator]

    def train(self, mode: bool = True) -> FrozenFeatures:
        """Evaluation mode, whatever is asked for: statistics of batches would be another network's."""
        return super().train(False)

    @torch.no_grad()
    def _try(self, resolution: int, channels: int) -> list[tuple[int, int, int]]:
        like = next((item for item in self.network.buffers() if item.is_floating_point()), torch.zeros(()))
        pictures = torch.zeros(1, channels, resolution, resolution, dtype=like.dtype)
        try:
            shapes = [tuple(item.shape) for item in self(pictures)]
        except Exception as error:  # a network of the user may fail in any way
            fault = f"the feature network cannot take pictures {list(pictures.shape)}: {error}"
            raise _refusal(fault) from error
        if not shapes or any(len(shape) != 4 for shape in shapes):
            raise _refusal(f"maps(x) must give tensors [B, N, h, w], at least one; got shapes {shapes}")
        return [(width, rows, columns) for _, width, rows, columns in shapes]


def freeze(network: nn.Module) -> nn.Module:
    """Turn every parameter of a network into a buffer of the same name, in place."""
    for module in list(network.modules()):
        for name, parameter in list(module.named_parameters(recurse=False, remove_duplicate=False)):
            delattr(module, name)
            module.register_buffer(name, parameter.detach().clone())
    return network


def recoloured(x_BCHW: Tensor, channels: int) -> Tensor:
    """Pictures in [-1, 1] with another number of colours.

    Alpha is dropped by laying the picture on white; grey is repeated; colours are averaged to grey.

    Args:
        x_BCHW: grey, colour, or colour and alpha.
        channels: what is wanted.

    Raises:
        ValueError: alpha is wanted and there is none.
    """
    found = x_BCHW.shape[1]
    if found == channels:
        return x_BCHW
    if found == 4 and channels < 4:
        share = (x_BCHW[:, 3:] + 1) / 2
        return recoloured(x_BCHW[:, :3] * share + (1 - share), channels)
    if (found, channels) == (1, 3):
        return x_BCHW.expand(-1, 3, -1, -1)
    if (found, channels) == (3, 1):
        return x_BCHW.mean(1, keepdim=True)
    raise ValueError(f"it was made for {channels} channels, and pictures with {found} cannot be converted")


def _network(features: object) -> nn.Module:
    network = features if isinstance(features, nn.Module) else getattr(features, "module", None)
    if isinstance(network, nn.Module) and isinstance(network, FeatureMaps):
        return network
    name = getattr(features, "name", type(features).__name__)
    raise _refusal(
        f"'{name}' shows no feature maps; use the extractor 'classifier', or one whose `module` is a torch module "
        "with a method maps(x) that gives a list of tensors [B, N, h, w]"
    )


def _refusal(fault: str) -> ConfigError:
    return ConfigError([Problem("features", fault)], "the projected discriminator")

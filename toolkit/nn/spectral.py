"""Spectral normalisation of a whole network."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm
from torch.nn.utils.parametrize import is_parametrized

from toolkit.nn.conditioning import LabelEmbedding
from toolkit.nn.init import fan_in_normal_

_KINDS = (nn.Linear, nn.Embedding, LabelEmbedding, nn.modules.conv._ConvNd)


def normalise_spectrally(network: nn.Module) -> None:
    """Divide every weight matrix and kernel of a network by its largest singular value, in place, from now on.

    Miyato et al. 2018, "Spectral normalization for generative adversarial networks", algorithm 1: one power iteration
    whenever a weight is used in training mode. A kernel counts as the matrix `[out, in * height * width]`; labels'
    vectors count as one matrix. Weights that are normalised already are left alone. A layer that starts at zero has no
    norm to divide by, so it starts at random instead.

    Args:
        network: its layers' weights become `parametrizations.weight.original`; PyTorch's own implementation.
    """
    layers = [module for module in network.modules() if isinstance(module, _KINDS)]
    for layer in layers:
        if is_parametrized(layer, "weight"):
            continue
        weight = layer.weight
        assert isinstance(weight, Tensor)
        if not weight.any():
            fan_in_normal_(weight)
        spectral_norm(layer)

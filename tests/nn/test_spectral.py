from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from toolkit.nn.conditioning import LabelEmbedding
from toolkit.nn.spectral import normalise_spectrally


def layers() -> nn.ModuleList:
    torch.manual_seed(0)
    return nn.ModuleList(
        [nn.Linear(5, 7), nn.Conv2d(3, 6, 3), nn.ConvTranspose1d(4, 2, 3), nn.Embedding(5, 4), LabelEmbedding(6, 3)]
    )


def test_every_matrix_and_kernel_gets_a_largest_singular_value_of_one() -> None:
    network = layers()
    normalise_spectrally(network)
    for _ in range(50):  # one power iteration whenever a weight is used
        weights = [layer.weight.detach() for layer in network]
    weights[2] = weights[2].transpose(0, 1)  # of a transposed convolution the outputs come second
    norms = [float(torch.linalg.matrix_norm(weight.flatten(1), 2)) for weight in weights]
    assert norms == pytest.approx([1.0] * 5, abs=1e-3)


def test_biases_and_batch_normalisation_are_left_alone() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    normalise_spectrally(network)
    assert [name for name, _ in network.named_parameters()] == [
        "0.bias",
        "0.parametrizations.weight.original",
        "1.weight",
        "1.bias",
    ]


def test_doing_it_again_changes_nothing() -> None:
    network = layers()
    normalise_spectrally(network)
    normalise_spectrally(network)
    assert {len(layer.parametrizations.weight) for layer in network} == {1}


def test_a_layer_of_zeros_starts_at_random_instead() -> None:
    layer = nn.Linear(4, 4)
    nn.init.zeros_(layer.weight)
    normalise_spectrally(layer)
    assert is_parametrized(layer, "weight")
    assert torch.isfinite(layer.weight).all()
    assert float(layer.weight.detach().norm()) > 0.5

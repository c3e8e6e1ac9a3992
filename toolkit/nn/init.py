"""Initial weights scaled by fan-in, and the gains that go with them."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def fan_in_normal_(weight: Tensor, gain: float = 1.0) -> Tensor:
    """Fill a weight in place with N(0, gain^2 / fan_in), so that a layer passes on the variance of its input.

    He et al. 2015, "Delving deep into rectifiers", section 2.2 (forward case).

    Args:
        weight: `[out, in, ...]`, of a linear layer or a convolution; a grouped one counts the inputs of one group.
        gain: factor on the standard deviation; see `leaky_relu_gain`.
    """
    fan_in = weight[0].numel()
    with torch.no_grad():
        return weight.normal_(0.0, gain / math.sqrt(fan_in))


def leaky_relu_gain(slope: float) -> float:
    """The gain that makes up for the variance a leaky ReLU takes away (He et al. 2015, equation 15).

    >>> leaky_relu_gain(1.0)
    1.0
    """
    return math.sqrt(2.0 / (1.0 + slope**2))


def residual_gain(blocks: int, layers: int) -> float:
    """Extra gain for all but the last layer of a residual branch in a network without normalisation.

    Together with a last layer that starts at zero it keeps the size of an update independent of depth: Fixup
    (Zhang, Dauphin & Ma 2019, "Fixup initialization", section 3), blocks^(-1 / (2 layers - 2)).

    Args:
        blocks: residual blocks in the whole network.
        layers: weight layers in one branch, at least 2.

    >>> residual_gain(blocks=16, layers=3)
    0.5
    """
    return float(blocks ** (-1.0 / (2 * layers - 2)))

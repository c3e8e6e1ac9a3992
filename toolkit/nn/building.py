"""Networks from their specs, with what the switches of their kind ask for."""

from __future__ import annotations

from typing import Any

from torch import nn

from toolkit.config import build, parameters
from toolkit.nn.spectral import normalise_spectrally
from toolkit.registry import REGISTRY


def build_module(kind: str, spec: dict[str, Any], path: str) -> nn.Module:
    """A network as training and loading both see it: a stored one has the names that its switches gave its weights.

    Args:
        kind: kind of the part.
        spec: complete, with the switches of its kind (`toolkit.config.schema.KIND_OPTIONS`).
        path: its place in the recipe or file, for messages.

    Raises:
        ConfigError: its constructor refuses the values, in its own words.
    """
    network: nn.Module = build(kind, spec, path)
    if spec.get("spectral_norm") and "spectral_norm" not in parameters(REGISTRY.load(kind, spec["name"])):
        normalise_spectrally(network)  # a network with such a parameter of its own has seen to it
    return network

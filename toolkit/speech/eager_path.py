"""Generators run by PyTorch itself, in float32 or with bfloat16 weights."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from toolkit.errors import ToolkitError
from toolkit.speech.upsampling import UpsamplingStack


class EagerDecoder:
    """A generator as a decoder.

    Args:
        network: a generator in evaluation mode; `folded` gives one that is.

    Attributes:
        context_frames: frames of mel on each side that one frame of audio depends on.
        hop_length: samples per frame.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self.context_frames = _number(network, "context_frames")
        self.hop_length = _number(network, "hop_length")

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.network.parameters()).device

    def __call__(self, mel_BMT: Tensor, /) -> Tensor:
        """`wave_B1T` float32, on the network's device."""
        with torch.inference_mode():
            wave_B1T: Tensor = self.network(mel_BMT.to(self.device, self._dtype()))
            return wave_B1T.float()

    def _dtype(self) -> torch.dtype:
        return torch.float32


class Bfloat16Decoder(EagerDecoder):
    """A generator whose weights were converted to bfloat16 once, and with it all products and sums inside.

    Faster than autocast, which converts weights at every call. The layer before the samples, or before the magnitudes
    and phases of an inverse Fourier transform, stays in float32, and so does that transform: there eight bits would be
    heard as noise.

    Args:
        network: a generator that is not changed; its last layer must be found by `output_layer`.
    """

    def __init__(self, network: nn.Module) -> None:
        narrow = folded(network)
        exact = {name: value.float().clone() for name, value in output_layer(narrow).state_dict().items()}
        last = output_layer(narrow.to(torch.bfloat16)).float()
        last.load_state_dict(exact)  # not the rounded ones
        if isinstance(narrow, UpsamplingStack):  # calls no layer, but computes with its weights
            narrow.last_activation.register_forward_hook(_widen_output)
        else:
            last.register_forward_pre_hook(_widen_input)
        super().__init__(narrow)

    def _dtype(self) -> torch.dtype:
        return torch.bfloat16


def folded(network: nn.Module) -> nn.Module:
    """A copy of a generator with weight norm folded, in evaluation mode, without gradients."""
    plain = copy.deepcopy(network).eval().requires_grad_(False)
    fold = getattr(plain, "fold", None)
    return fold() if fold is not None else plain


def output_layer(network: nn.Module) -> nn.Module:
    """The last layer with weights of its own: the one that is defined last, as in every generator of the toolkit.

    Raises:
        ToolkitError: the network has no weights.
    """
    layers = [module for module in network.modules() if next(module.parameters(recurse=False), None) is not None]
    if not layers:
        raise ToolkitError(f"the network {type(network).__name__} has no weights")
    return layers[-1]


def _widen_input(module: nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(value.float() if isinstance(value, Tensor) else value for value in arguments)


def _widen_output(module: nn.Module, arguments: tuple[Any, ...], output: Tensor) -> Tensor:
    return output.float()


def _number(network: nn.Module, name: str) -> int:
    value = getattr(network, name, None)
    if not isinstance(value, int):
        raise ToolkitError(
            f"the generator {type(network).__name__} has no number `{name}`, so it cannot be used as a vocoder",
            "give it the attributes of a vocoder: mels, hop_length, context_frames",
        )
    return value

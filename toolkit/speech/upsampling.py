"""The stack that HiFi-GAN and iSTFTNet share: transposed convolutions with residual blocks after each.

Kong, Kim & Bae 2020, "HiFi-GAN: generative adversarial networks for efficient and high fidelity speech synthesis",
section 2.2 and appendix A.1. After every upsampling, residual blocks of different kernels and dilations work side by
side on the same signal, and their mean goes on ("multi-receptive field fusion").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal, NamedTuple, cast

import torch
from torch import Tensor, nn

from toolkit.errors import ConfigError, Problem
from toolkit.speech.activations import Activation, activation_module
from toolkit.speech.rows import as_row, convolve, convolve_transposed
from toolkit.speech.weight_norm import apply_weight_norm, fold_weight_norm

Block = Literal["1", "2"]

SLOPE = 0.1  # of the leaky ReLU inside
LAST_SLOPE = 0.01  # of the one before the last convolution
ENDS = 7  # kernel of the first and the last convolution


@dataclass(frozen=True, slots=True)
class StackSizes:
    """Sizes of a stack; see `HifiGanGenerator` for what they mean."""

    channels: int
    rates: tuple[int, ...]
    kernels: tuple[int, ...]
    block: Block
    resblock_kernels: tuple[int, ...]
    dilations: tuple[tuple[int, ...], ...]

    def widths(self) -> list[int]:
        """Channels after each upsampling."""
        return [self.channels // 2 ** (place + 1) for place in range(len(self.rates))]

    def check(self, mels: int, hop_length: int, further: int, part: str) -> None:
        """See that the sizes fit together.

        Args:
            mels: bands of the spectrogram.
            hop_length: samples per frame.
            further: factor by which the head brings the stack's rate up to that of samples.
            part: what is being built, for the message.

        Raises:
            ConfigError: they do not.
        """
        problems = []
        if mels < 1:
            problems.append(Problem("mels", f"is {mels}; it must be at least 1"))
        found = prod(self.rates) * further
        if found != hop_length:
            by = f" times {further} of the inverse transform" if further > 1 else ""
            problems.append(
                Problem("rates", f"{list(self.rates)}{by} make {found} samples of a frame, but hop_length={hop_length}")
            )
        if len(self.kernels) != len(self.rates):
            problems.append(Problem("kernels", f"has {len(self.kernels)} entries, rates has {len(self.rates)}"))
        elif any(kernel < rate or (kernel - rate) % 2 for kernel, rate in zip(self.kernels, self.rates, strict=True)):
            message = f"is {list(self.kernels)}; each must be its rate plus an even number; rates is {list(self.rates)}"
            problems.append(Problem("kernels", message))
        if self.channels < 1 or self.channels % 2 ** len(self.rates):
            times = len(self.rates)
            problems.append(Problem("channels", f"is {self.channels}, which cannot be halved {times} times"))
        if not self.resblock_kernels or any(kernel < 1 or kernel % 2 == 0 for kernel in self.resblock_kernels):
            problems.append(Problem("resblock_kernels", f"is {list(self.resblock_kernels)}; odd numbers are needed"))
        if len(self.dilations) != len(self.resblock_kernels) or not all(self.dilations):
            problems.append(
                Problem("dilations", f"needs a list of dilations for each of {len(self.resblock_kernels)} kernels")
            )
        elif any(dilation < 1 for several in self.dilations for dilation in several):
            problems.append(Problem("dilations", "must be at least 1 each"))
        if problems:
            raise ConfigError(problems, part)


class Interval(NamedTuple):
    """Numbers of the first and the last sample of a stretch."""

    first: int
    last: int

    def widened(self, reach: int) -> Interval:
        """With so many samples more on each side."""
        return Interval(self.first - reach, self.last + reach)

    def before_upsampling(self, rate: int, kernel: int) -> Interval:
        """The samples that a transposed convolution makes the stretch of."""
        padding = (kernel - rate) // 2
        return Interval(-((kernel - 1 - padding - self.first) // rate), (self.last + padding) // rate)


class ResidualBlock(nn.Module):
    """Dilated convolutions with a connection past each, or past each pair of a dilated and a plain one.

    Args:
        channels: of the signal.
        kernel: of all its convolutions.
        dilations: one per step.
        block: `1` for pairs, `2` for dilated convolutions alone.
        activation: before every convolution.

    Attributes:
        reach: samples on each side that one sample depends on.
    """

    def __init__(
        self, channels: int, kernel: int, dilations: Sequence[int], block: Block, activation: Activation
    ) -> None:
        super().__init__()

        def convolution(dilation: int) -> nn.Conv1d:
            return nn.Conv1d(channels, channels, kernel, dilation=dilation, padding=dilation * (kernel // 2))

        def activations() -> nn.ModuleList:
            return nn.ModuleList(activation_module(activation, channels, SLOPE) for _ in dilations)

        self.paired = block == "1"
        # The names of the published code, so that its weights fit.
        dilated = nn.ModuleList(convolution(dilation) for dilation in dilations)
        self.activations1 = activations()
        self.reach = sum(dilation * (kernel // 2) for dilation in dilations)
        if self.paired:
            self.convs1 = dilated
            self.convs2 = nn.ModuleList(convolution(1) for _ in dilations)
            self.activations2 = activations()
            self.reach += len(dilations) * (kernel // 2)
        else:
            self.convs = dilated
        steps = len(dilations) * (2 if self.paired else 1)
        self.reach += steps * activation_module(activation, channels, SLOPE).reach

    def forward(self, x: Tensor) -> Tensor:
        """A signal of the same shape; `x` stays as it is."""
        for place, activation in enumerate(self.activations1):
            if self.paired:
                change = convolve(self.convs1[place], activation(x))
                # In the memory of a convolution's output, which no gradient needs: elementwise passes over fresh memory
                # are what narrow stacks spend their time on.
                change = convolve(self.convs2[place], self.activations2[place](change, inplace=True))
            else:
                change = convolve(self.convs[place], activation(x))
            x = change.add_(x)
        return x


class UpsamplingStack(nn.Module):
    """From mel frames to a signal of `prod(rates)` samples per frame; subclasses make the waveform of it.

    Args:
        mels: bands of the log-mel spectrogram.
        sizes: checked by the subclass.
        activation: see `HifiGanGenerator`.
        outputs: channels of the last convolution.
        normalise: see `HifiGanGenerator`.
    """

    mel_mean: Tensor
    mel_scale: Tensor

    def __init__(self, mels: int, sizes: StackSizes, activation: Activation, outputs: int, normalise: bool) -> None:
        super().__init__()
        self.mels, self.sizes, self.normalise = mels, sizes, normalise
        if normalise:
            self.register_buffer("mel_mean", torch.zeros(mels))
            self.register_buffer("mel_scale", torch.ones(mels))
        self.conv_pre = nn.Conv1d(mels, sizes.channels, ENDS, padding=ENDS // 2)
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        self.leaky = activation == "leaky"
        width = sizes.channels
        for rate, kernel in zip(sizes.rates, sizes.kernels, strict=True):
            self.ups.append(nn.ConvTranspose1d(width, width // 2, kernel, rate, padding=(kernel - rate) // 2))
            width //= 2
            for size, dilations in zip(sizes.resblock_kernels, sizes.dilations, strict=True):
                self.resblocks.append(ResidualBlock(width, size, dilations, sizes.block, activation))
        self.last_activation = activation_module(activation, width, LAST_SLOPE)
        self.conv_post = nn.Conv1d(width, outputs, ENDS, padding=ENDS // 2)

    def stack(self, mel_BMT: Tensor) -> Tensor:
        """The signal before the last convolution, in the layout of `toolkit.speech.rows`.

        Raises:
            ValueError: the spectrogram has another number of bands.
        """
        require_bands(mel_BMT, self.mels)
        if self.normalise:
            mel_BMT = (mel_BMT - self.mel_mean[:, None]) / self.mel_scale[:, None]
        x = convolve(self.conv_pre, as_row(mel_BMT))
        for place, up in enumerate(self.ups):
            if self.leaky:  # the periodic ones only work inside the blocks (BigVGAN, figure 1)
                x = nn.functional.leaky_relu(x, SLOPE, inplace=True)
            x = convolve_transposed(up, x)
            first, *others = self._blocks(place)
            total = first(x)
            for block in others:
                total.add_(block(x))
            x = total.div_(1 + len(others))
        activated: Tensor = self.last_activation(x, inplace=True)
        return activated

    def _blocks(self, place: int) -> list[ResidualBlock]:
        """The residual blocks side by side after an upsampling; they have one list in the published code."""
        several = len(self.sizes.resblock_kernels)
        return cast(list[ResidualBlock], list(self.resblocks)[place * several : (place + 1) * several])

    def frames_behind(self, wanted: Interval) -> Interval:
        """The mel frames that samples of the last convolution's output depend on."""
        wanted = wanted.widened(ENDS // 2 + self.last_activation.reach)
        for place in reversed(range(len(self.ups))):
            wanted = wanted.widened(max(block.reach for block in self._blocks(place)))
            wanted = wanted.before_upsampling(self.sizes.rates[place], self.sizes.kernels[place])
        return wanted.widened(ENDS // 2)

    def with_weight_norm(self, wanted: bool) -> None:
        """Put weight normalisation on, once everything is built."""
        if wanted:
            apply_weight_norm(self)

    def fold(self) -> UpsamplingStack:
        """Fold weight normalisation into plain weights, in place; once more does nothing."""
        return fold_weight_norm(self)


def at_least_float(x: Tensor) -> Tensor:
    """In float32, or in float64 where it was already; not in the eight or eleven bits of half precision."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def require_bands(mel_BMT: Tensor, mels: int) -> None:
    """Check that a batch of mel spectrograms has the number of bands a network was built for.

    Raises:
        ValueError: it has another shape.
    """
    if mel_BMT.dim() != 3 or mel_BMT.shape[1] != mels:
        raise ValueError(f"this network was built for mel spectrograms [B, {mels}, T], got {list(mel_BMT.shape)}")

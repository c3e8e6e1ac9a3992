"""HiFi-GAN: transposed convolutions with residual blocks from mel frames up to samples.

Kong, Kim & Bae 2020, "HiFi-GAN: generative adversarial networks for efficient and high fidelity speech synthesis"; the
stack itself is in `toolkit.speech.upsampling`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import Tensor

from toolkit.speech.activations import Activation
from toolkit.speech.rows import as_signal, convolve
from toolkit.speech.upsampling import Block, Interval, StackSizes, UpsamplingStack, at_least_float

Shape = Literal["v1", "v2", "v3"]

SHAPES: dict[str, StackSizes] = {
    "v1": StackSizes(512, (8, 8, 2, 2), (16, 16, 4, 4), "1", (3, 7, 11), ((1, 3, 5),) * 3),
    "v2": StackSizes(128, (8, 8, 2, 2), (16, 16, 4, 4), "1", (3, 7, 11), ((1, 3, 5),) * 3),
    "v3": StackSizes(256, (8, 8, 4), (16, 16, 8), "2", (3, 5, 7), ((1, 2), (2, 6), (3, 12))),
}
"""Appendix A.1 of the paper: 13.94, 0.93 and 1.46 million parameters with 80 mels."""


class HifiGanGenerator(UpsamplingStack):
    """Transposed convolutions and residual blocks from mel frames to samples (Kong et al. 2020).

    `shape` gives every size that is not given on its own. Initial weights are PyTorch's: the N(0, 0.01) of the authors'
    code has no effect there, because weight normalisation overwrites it before the first step.

    Args:
        mels: bands of the log-mel spectrogram.
        hop_length: samples per mel frame; what the upsampling rates multiply to.
        shape: `v1` (best quality), `v2` (few channels) or `v3` (few layers).
        channels: width after the first convolution; each upsampling halves it.
        rates: factor of each upsampling.
        kernels: kernel of each transposed convolution; its rate plus an even number.
        block: `1`, every dilated convolution followed by a plain one, or `2`, dilated ones only.
        resblock_kernels: kernel of each residual block after an upsampling; odd.
        dilations: dilations within each residual block.
        activation: `leaky`, or the periodic `snake` or `snakebeta` of BigVGAN; see `toolkit.speech.activations`.
        weight_norm: with weight normalisation, for training; `false` for weights that are folded already.
        normalise: whether the mel spectrogram is shifted and scaled per band first, by the buffers `mel_mean` and
            `mel_scale`; for published weights that ask for it.

    Attributes:
        context_frames: mel frames on each side that one frame of output depends on.

    Raises:
        ConfigError: the sizes do not fit together.
    """

    def __init__(
        self,
        mels: int,
        hop_length: int,
        shape: Shape = "v1",
        channels: int | None = None,
        rates: list[int] | None = None,
        kernels: list[int] | None = None,
        block: Block | None = None,
        resblock_kernels: list[int] | None = None,
        dilations: list[list[int]] | None = None,
        activation: Activation = "leaky",
        weight_norm: bool = True,
        normalise: bool = False,
    ) -> None:
        sizes = _completed(SHAPES[shape], channels, rates, kernels, block, resblock_kernels, dilations)
        sizes.check(mels, hop_length, 1, "the hifigan generator")
        super().__init__(mels, sizes, activation, 1, normalise)
        self.hop_length = hop_length
        frames = self.frames_behind(Interval(0, hop_length - 1))
        self.context_frames = max(-frames.first, frames.last)
        self.with_weight_norm(weight_norm)

    def forward(self, mel_BMT: Tensor) -> Tensor:
        """The signal `wave_B1T` within [-1, 1], `hop_length` samples per mel frame.

        Raises:
            ValueError: the spectrogram has another number of bands.
        """
        wave_B1T = as_signal(convolve(self.conv_post, self.stack(mel_BMT)))
        return at_least_float(wave_B1T).tanh()  # sixteen bits of audio need float32 near +-1


def _completed(
    shape: StackSizes,
    channels: int | None,
    rates: Sequence[int] | None,
    kernels: Sequence[int] | None,
    block: Block | None,
    resblock_kernels: Sequence[int] | None,
    dilations: Sequence[Sequence[int]] | None,
) -> StackSizes:
    """A shape with what was given on its own."""
    return StackSizes(
        shape.channels if channels is None else channels,
        shape.rates if rates is None else tuple(rates),
        shape.kernels if kernels is None else tuple(kernels),
        shape.block if block is None else block,
        shape.resblock_kernels if resblock_kernels is None else tuple(resblock_kernels),
        shape.dilations if dilations is None else tuple(map(tuple, dilations)),
    )

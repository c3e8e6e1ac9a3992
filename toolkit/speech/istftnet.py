"""iSTFTNet: HiFi-GAN's stack for the first upsamplings, an inverse Fourier transform for the rest.

Kaneko, Tanaka, Kameoka & Seki 2022, "iSTFTNet: fast and lightweight mel-spectrogram vocoder incorporating inverse
short-time Fourier transform", figure 1(b): the layers at the highest rates, which cost most and know least, are
replaced by a transform of few samples.
"""

from __future__ import annotations

import math

from torch import Tensor
from torch.nn import functional

from toolkit.speech.activations import Activation
from toolkit.speech.istft import InverseStft
from toolkit.speech.rows import as_signal, convolve
from toolkit.speech.upsampling import Block, Interval, StackSizes, UpsamplingStack, at_least_float

_LOUDEST = 100.0  # magnitude at which the exponential is cut off


class IstftNetGenerator(UpsamplingStack):
    """HiFi-GAN's stack with an inverse short-time Fourier transform as its head (Kaneko et al. 2022).

    The defaults are the paper's C8C8I: two upsamplings by 8 as in HiFi-GAN V1, then a transform of 16 samples with
    hops of 4 (13.26 million parameters with 80 mels).

    Args:
        mels: bands of the log-mel spectrogram.
        hop_length: samples per mel frame; the product of the upsampling rates and `head_hop`.
        channels: width after the first convolution; each upsampling halves it.
        rates: factor of each upsampling.
        kernels: kernel of each transposed convolution; its rate plus an even number.
        block: `1`, every dilated convolution followed by a plain one, or `2`, dilated ones only.
        resblock_kernels: kernel of each residual block after an upsampling; odd.
        dilations: dilations within each residual block.
        head_fft: samples of one frame of the head's transform.
        head_hop: samples from one of its frames to the next.
        activation: `leaky`, or the periodic `snake` or `snakebeta` of BigVGAN; see `toolkit.speech.activations`.
        weight_norm: with weight normalisation, for training; `false` for weights that are folded already.

    Attributes:
        context_frames: mel frames on each side that one frame of output depends on.

    Raises:
        ConfigError: the sizes do not fit together.
    """

    def __init__(
        self,
        mels: int,
        hop_length: int,
        channels: int = 512,
        rates: list[int] = [8, 8],  # noqa: B006  (a schema: never changed)
        kernels: list[int] = [16, 16],  # noqa: B006
        block: Block = "1",
        resblock_kernels: list[int] = [3, 7, 11],  # noqa: B006
        dilations: list[list[int]] = [[1, 3, 5], [1, 3, 5], [1, 3, 5]],  # noqa: B006
        head_fft: int = 16,
        head_hop: int = 4,
        activation: Activation = "leaky",
        weight_norm: bool = True,
    ) -> None:
        sizes = StackSizes(
            channels, tuple(rates), tuple(kernels), block, tuple(resblock_kernels), tuple(map(tuple, dilations))
        )
        sizes.check(mels, hop_length, head_hop, "the istftnet generator")
        super().__init__(mels, sizes, activation, head_fft + 2, normalise=False)
        self.hop_length = hop_length
        self.inverse = InverseStft(head_fft, head_hop, padding="center")
        first, last = self.inverse.frames_behind(0, hop_length - 1)
        frames = self.frames_behind(Interval(first - 1, last - 1))  # the first spectrum is the mirrored one
        self.context_frames = max(-frames.first, frames.last)
        self.with_weight_norm(weight_norm)

    def forward(self, mel_BMT: Tensor) -> Tensor:
        """The signal `wave_B1T`, `hop_length` samples per mel frame; within [-1, 1] in evaluation mode.

        Raises:
            ValueError: the spectrogram has another number of bands.
        """
        # One spectrum more than steps: what a transform with an edge on either side needs for as many samples.
        x_BCT = functional.pad(as_signal(self.stack(mel_BMT)), (1, 0), mode="reflect")
        log_magnitude, phase = at_least_float(convolve(self.conv_post, x_BCT)).chunk(2, dim=1)
        magnitude = log_magnitude.exp().clamp(max=_LOUDEST)
        angle = math.pi * phase.sin()  # the whole circle
        wave_BT = self.inverse(magnitude * angle.cos(), magnitude * angle.sin())
        if not self.training:  # in training a limit would take the gradient from what is too loud
            wave_BT = wave_BT.clamp(-1.0, 1.0)
        wave_B1T: Tensor = wave_BT[:, None]
        return wave_B1T

"""Spectral convergence and log-magnitude distance at one resolution: for the loss and for the metric alike.

Yamamoto, Song & Kim 2020 ("Parallel WaveGAN", equations 4 and 5).
"""

from __future__ import annotations

import torch
from torch import Tensor

from toolkit.speech.mel import stft_magnitude

RESOLUTIONS = ((1024, 120, 600), (2048, 240, 1200), (512, 50, 240))
"""Samples in a Fourier transform, between frames, and under the window, as published for 24 kHz."""

_POWER_FLOOR = 1e-7
"""Added to squared magnitudes: a logarithm of silence stays finite, and -70 dB is where the comparison ends."""


def stft_differences(
    real_BT: Tensor, made_BT: Tensor, n_fft: int, hop_length: int, win_length: int
) -> tuple[Tensor, Tensor]:
    """How far the magnitude spectrograms of two batches of waves are apart, sample by sample.

    The ratio is taken for each sample alone, so that a loud one does not speak for the quiet. The real side has no
    graph.

    Args:
        real_BT: real waves, `[B, T]` or `[B, 1, T]`.
        made_BT: generated ones, of the same shape.
        n_fft: samples in a Fourier transform.
        hop_length: samples between frames.
        win_length: samples under the Hann window.

    Returns:
        `B`, `||S - S'|| / ||S||` (Frobenius), from 0; and `B`, the mean of `|ln S - ln S'|`, from 0.

    Raises:
        DataError: the waves are shorter than a frame.
    """
    with torch.no_grad():
        real = stft_magnitude(real_BT, n_fft, hop_length, win_length, "center", _POWER_FLOOR)
    made = stft_magnitude(made_BT, n_fft, hop_length, win_length, "center", _POWER_FLOOR)
    convergence = torch.linalg.vector_norm(real - made, dim=(1, 2)) / torch.linalg.vector_norm(real, dim=(1, 2))
    return convergence, (real.log() - made.log()).abs().mean((1, 2))

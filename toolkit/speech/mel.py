"""Magnitude and log-mel spectrograms that losses can be differentiated through, and models agree on.

Everything is computed in float32, also under autocast: a bfloat16 magnitude has two decimal digits, and a logarithm
shows it. float64 stays float64.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from toolkit.engine.torchaudio_part import torchaudio_functional
from toolkit.errors import ConfigError, DataError, Problem
from toolkit.speech.audio_format import AudioFormat, MelNorm, MelScale, Padding

EPSILON = 1e-9
"""Added to squared magnitudes before the root, as in HiFi-GAN: the gradient stays finite where the wave is silent."""


def stft_magnitude(
    wave_BT: Tensor,
    n_fft: int,
    hop_length: int,
    win_length: int,
    padding: Padding = "same",
    epsilon: float = EPSILON,
    window: Tensor | None = None,
) -> Tensor:
    """Magnitudes of a short-time Fourier transform under a periodic Hann window.

    Args:
        wave_BT: waves `[B, T]` or `[B, 1, T]`, of any float type.
        n_fft: samples per transform.
        hop_length: samples from one frame to the next.
        win_length: samples under the window, at most `n_fft`.
        padding: what stands before and after the wave, see `AudioFormat`.
        epsilon: added to the squared magnitudes, so that the derivatives of the root are finite at zero.
        window: `hann(win_length, n_fft)` on the wave's device, where the caller keeps it; looked up otherwise.

    Returns:
        `[B, n_fft // 2 + 1, frames]`, float32 (float64 for float64 waves).

    Raises:
        DataError: the wave is too short to be reflected at its ends.
    """
    with torch.autocast(wave_BT.device.type, enabled=False):
        return _magnitude(wave_BT, n_fft, hop_length, win_length, padding, epsilon, window).transpose(1, 2)


def hann(win_length: int, n_fft: int, device: torch.device | None = None, dtype: torch.dtype = torch.float32) -> Tensor:
    """`[n_fft]`: a periodic Hann window of `win_length` samples with zeros on both sides. Shared: do not change it."""
    return _hann(win_length, n_fft, device or torch.device("cpu"), dtype)


def mel_filters(
    sample_rate: int,
    n_fft: int,
    mels: int,
    fmin: float = 0.0,
    fmax: float | None = None,
    scale: MelScale = "slaney",
    norm: MelNorm = "slaney",
) -> Tensor:
    """Triangular mel filters, those of `librosa.filters.mel`.

    Args:
        sample_rate: samples per second.
        n_fft: samples per transform.
        mels: number of bands.
        fmin: lowest frequency, in Hz.
        fmax: highest frequency, in Hz; `None` is half the sample rate.
        scale: `slaney` or `htk`.
        norm: `slaney` (area 1 in Hz) or `none` (height 1).

    Returns:
        float32 `[mels, n_fft // 2 + 1]`, on the CPU.

    Raises:
        MissingExtraError: torchaudio is not installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of empty bands; LogMel refuses them, multi-scale losses expect them
        filters_FM: Tensor = torchaudio_functional().melscale_fbanks(
            n_freqs=n_fft // 2 + 1,
            f_min=fmin,
            f_max=sample_rate / 2 if fmax is None else fmax,
            n_mels=mels,
            sample_rate=sample_rate,
            norm="slaney" if norm == "slaney" else None,
            mel_scale=scale,
        )
    return filters_FM.T.contiguous()


class LogMel(nn.Module):
    """The natural logarithm of the mel spectrogram of a wave, in one audio format.

    Args:
        format: sample rate and mel settings.

    Raises:
        ConfigError: there are more bands than the Fourier transform can tell apart.
    """

    window: Tensor
    filters: Tensor

    def __init__(self, format: AudioFormat) -> None:
        super().__init__()
        self.format = format
        self.register_buffer("window", hann(format.win_length, format.n_fft).clone(), persistent=False)
        self.register_buffer("filters", _filters_of(format), persistent=False)

    def forward(self, wave_BT: Tensor) -> Tensor:
        """Log-mel `[B, mels, frames]`, float32, of waves `[B, T]` or `[B, 1, T]`.

        Raises:
            DataError: the wave is too short to be reflected at its ends.
        """
        format = self.format
        with torch.autocast(wave_BT.device.type, enabled=False):
            magnitude_BTF = _magnitude(
                wave_BT, format.n_fft, format.hop_length, format.win_length, format.padding, EPSILON, self.window
            )
            mel_BTM = F.linear(magnitude_BTF, self.filters.to(magnitude_BTF.dtype))
            return mel_BTM.clamp(min=format.floor).log().transpose(1, 2)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Any:
        """Follow `.to(device)`, but keep float32 through `.to(bfloat16)` and `.half()` of a model around it."""
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        if self.filters.dtype != torch.float32:
            device = self.filters.device
            self.window = hann(self.format.win_length, self.format.n_fft).to(device, copy=True)
            self.filters = _filters_of(self.format).to(device)
        return self


def _magnitude(
    wave_BT: Tensor,
    n_fft: int,
    hop_length: int,
    win_length: int,
    padding: Padding,
    epsilon: float,
    window: Tensor | None,
) -> Tensor:
    """`[B, frames, n_fft // 2 + 1]`, outside of autocast."""
    if wave_BT.dim() == 3:
        wave_BT = wave_BT.squeeze(1)
    if wave_BT.dim() != 2:
        raise ValueError(f"expected waves of shape [B, T] or [B, 1, T], got {list(wave_BT.shape)}")
    if wave_BT.dtype != torch.float64:
        wave_BT = wave_BT.float()
    if window is None:
        window = hann(win_length, n_fft, wave_BT.device, wave_BT.dtype)
    before, after = _ends(n_fft, hop_length, padding)
    if wave_BT.shape[-1] <= max(before, after):
        raise DataError(
            f"a wave of {wave_BT.shape[-1]} samples is too short for a spectrogram with n_fft={n_fft}",
            f"leave out waves of {max(before, after)} samples or fewer, or pad them with zeros",
        )
    frames_BTN = F.pad(wave_BT[:, None], (before, after), mode="reflect")[:, 0].unfold(-1, n_fft, hop_length)
    spectrum_BTF = torch.view_as_real(torch.fft.rfft(frames_BTN * window.to(wave_BT.dtype)))
    return (spectrum_BTF.square().sum(-1) + epsilon).sqrt()


def _ends(n_fft: int, hop_length: int, padding: Padding) -> tuple[int, int]:
    """Reflected samples before and after the wave."""
    if padding == "center":
        return n_fft // 2, n_fft // 2
    before = (n_fft - hop_length) // 2
    return before, n_fft - hop_length - before


@lru_cache(maxsize=64)
def _hann(win_length: int, n_fft: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    with torch.inference_mode(False):  # a tensor made in inference mode could not serve training later
        window = torch.hann_window(win_length, dtype=dtype, device=device)
        before = (n_fft - win_length) // 2
        return F.pad(window, (before, n_fft - win_length - before))


def _filters_of(format: AudioFormat) -> Tensor:
    filters_MF = mel_filters(
        format.sample_rate, format.n_fft, format.mels, format.fmin, format.fmax, format.mel_scale, format.mel_norm
    )
    empty = int((filters_MF.sum(1) == 0).sum())
    if empty:
        message = f"is {format.mels}: {empty} of the bands lie between two frequencies of n_fft={format.n_fft}"
        raise ConfigError([Problem("mels", f"{message}; choose fewer bands or a larger n_fft")], "the audio format")
    return filters_MF

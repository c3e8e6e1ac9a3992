"""The inverse short-time Fourier transform, as the last layer of a generator.

Griffin & Lim 1984, "Signal estimation from modified short-time Fourier transform", equation 6: every spectrum goes back
to a frame, the frames are windowed, added where they overlap, and divided by the sum of the squared windows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from toolkit.errors import ConfigError, Problem

Padding = Literal["same", "center"]


class InverseStft(nn.Module):
    """Spectra to a signal, differentiable, in float32 at least (also under autocast and in a bfloat16 network).

    Padding `same` belongs to spectra of a signal that was padded by (n_fft - hop) / 2 on both sides: T frames are
    exactly T * hop_length samples, and frame t has its centre in the middle of its samples. Padding `center` is that of
    `torch.istft`: frame t has its centre at sample t * hop_length, and T frames are (T - 1) * hop_length samples.

    Args:
        n_fft: samples of one frame.
        hop_length: samples from one frame to the next.
        win_length: samples of the Hann window, in the middle of the frame; `n_fft` when left out.
        padding: `same` or `center`.

    Attributes:
        context_frames: spectra on each side that one frame of `hop_length` samples depends on (for `same`).

    Raises:
        ConfigError: the sizes do not fit together.
    """

    window: Tensor

    def __init__(self, n_fft: int, hop_length: int, win_length: int | None = None, padding: Padding = "same") -> None:
        super().__init__()
        win_length = n_fft if win_length is None else win_length
        _check_sizes(n_fft, hop_length, win_length, padding)
        self.n_fft, self.hop_length, self.win_length, self.padding = n_fft, hop_length, win_length, padding
        self.trim = (n_fft - hop_length) // 2 if padding == "same" else n_fft // 2
        first, last = self.frames_behind(0, hop_length - 1)
        self.context_frames = max(-first, last)
        self.register_buffer("window", hann_window(n_fft, win_length), persistent=False)
        self.kernel: Tensor | None = None

    def frames_behind(self, first: int, last: int) -> tuple[int, int]:
        """Numbers of the first and the last spectrum that samples `first` to `last` depend on."""
        begin = (self.n_fft - self.win_length) // 2 + 1  # of the window, which is zero at its first sample
        end = begin + self.win_length - 2
        return -((end - self.trim - first) // self.hop_length), (last + self.trim - begin) // self.hop_length

    def convolution(self) -> InverseStft:
        """From now on compute the same as one transposed convolution, which every runtime of exported networks has."""
        self.kernel = inverse_basis(self.n_fft, self.window)
        return self

    def forward(self, real_BFT: Tensor, imaginary_BFT: Tensor) -> Tensor:
        """The signal `wave_BT`.

        Spectra that lie in memory as `[B, T, F]` are not copied.

        Args:
            real_BFT: real parts, F = n_fft / 2 + 1.
            imaginary_BFT: imaginary parts; those of the first and the last bin have no effect.
        """
        with torch.autocast(real_BFT.device.type, enabled=False):
            real, imaginary = (part.to(self.window.dtype) for part in (real_BFT, imaginary_BFT))
            if self.kernel is not None:
                return self._convolved(real, imaginary)
            return self.from_spectrum(torch.complex(real.transpose(1, 2), imaginary.transpose(1, 2)))

    def from_spectrum(self, spectrum_BTF: Tensor) -> Tensor:
        """The signal `wave_BT` of complex spectra, one row per frame."""
        frames = torch.fft.irfft(spectrum_BTF, self.n_fft, dim=2) * self.window
        count = frames.shape[1]
        added = overlap_add(frames, self.hop_length)
        envelope = overlap_add(self.window.square().expand(1, count, -1), self.hop_length)
        return self._inner(added, count) / self._inner(envelope, count)

    def _convolved(self, real_BFT: Tensor, imaginary_BFT: Tensor) -> Tensor:
        assert self.kernel is not None
        transposed = nn.functional.conv_transpose1d
        parts = torch.cat([real_BFT, imaginary_BFT], dim=1)
        added = transposed(parts, self.kernel.to(parts), stride=self.hop_length, padding=self.trim)
        ones = torch.ones_like(real_BFT[:1, :1])
        squares = self.window.square()[None, None]
        return (added / transposed(ones, squares, stride=self.hop_length, padding=self.trim)).squeeze(1)

    def _inner(self, signal_BT: Tensor, frames: int) -> Tensor:
        length = (frames - 1) * self.hop_length + self.n_fft - 2 * self.trim
        return signal_BT[:, self.trim : self.trim + length]

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> InverseStft:
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        # A window in bfloat16 would cost half of its digits, and what `to_empty` made holds nothing.
        dtype = self.window.dtype if self.window.dtype == torch.float64 else torch.float32
        self.window = hann_window(self.n_fft, self.win_length, dtype, self.window.device)
        if self.kernel is not None:
            self.convolution()
        return self


def hann_window(
    n_fft: int, win_length: int, dtype: torch.dtype = torch.float32, device: torch.device | None = None
) -> Tensor:
    """The periodic Hann window, in the middle of `n_fft` samples that are zero elsewhere."""
    window = torch.hann_window(win_length, dtype=dtype, device=device)
    before = (n_fft - win_length) // 2
    return nn.functional.pad(window, (before, n_fft - win_length - before))


def overlap_add(frames_BTN: Tensor, hop_length: int) -> Tensor:
    """The sum of frames, each `hop_length` samples after the one before: `[B, (T - 1) * hop + N]`."""
    batch, count, size = frames_BTN.shape
    if size % hop_length:
        length = (count - 1) * hop_length + size
        columns = frames_BTN.transpose(1, 2)
        folded = nn.functional.fold(columns, (1, length), (1, size), stride=(1, hop_length))
        return folded[:, 0, 0]
    # Whole hops: a few additions of large blocks, several times quicker than fold's loop over columns.
    hops = size // hop_length
    blocks = frames_BTN.reshape(batch, count, hops, hop_length)
    total = frames_BTN.new_zeros(batch, count + hops - 1, hop_length)
    for place in range(hops):
        total[:, place : place + count] += blocks[:, :, place]
    return total.flatten(1)


def inverse_basis(n_fft: int, window_N: Tensor) -> Tensor:
    """The windowed inverse transform as the kernel `[2 F, 1, n_fft]` of a transposed convolution.

    A real signal's spectrum stands for its mirror image too, hence the factor two on all but the first and last bin:
    x[n] = 1/N sum_k c_k (Re X[k] cos(2 pi k n / N) - Im X[k] sin(2 pi k n / N)).
    """
    bins = torch.arange(n_fft // 2 + 1, dtype=torch.float64, device=window_N.device)
    samples = torch.arange(n_fft, dtype=torch.float64, device=window_N.device)
    # Reduced modulo N before it becomes an angle: exact, where cos of a large number is not.
    angle = torch.outer(bins, samples).remainder(n_fft) * (2 * torch.pi / n_fft)
    count = torch.full_like(bins, 2.0)
    count[0] = count[-1] = 1.0
    basis = torch.cat([angle.cos(), -angle.sin()]) * count.repeat(2)[:, None] / n_fft
    basis[n_fft // 2 + 1] = basis[-1] = 0.0  # imaginary parts that a real signal does not have
    return (basis * window_N.double()).to(window_N.dtype)[:, None]


def _check_sizes(n_fft: int, hop_length: int, win_length: int, padding: Padding) -> None:
    problems = []
    if n_fft < 2 or n_fft % 2:
        problems.append(Problem("n_fft", f"is {n_fft}; it must be even and at least 2"))
    if not 1 <= hop_length <= win_length:
        problems.append(Problem("hop_length", f"is {hop_length}; it must be from 1 to win_length, {win_length}"))
    if not 1 <= win_length <= n_fft:
        problems.append(Problem("win_length", f"is {win_length}; it must be from 1 to n_fft, {n_fft}"))
    if padding == "same" and (n_fft - hop_length) % 2:
        problems.append(Problem("hop_length", f"is {hop_length}; padding 'same' needs n_fft - hop_length to be even"))
    if problems:
        raise ConfigError(problems, "the inverse short-time Fourier transform")

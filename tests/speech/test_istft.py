from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck
from torch.nn import functional

from toolkit.errors import ConfigError
from toolkit.speech.istft import InverseStft, overlap_add

SIZES = [(64, 16, 64), (64, 16, 48), (64, 20, 60), (32, 16, 32), (16, 4, 16)]


def noise(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(dtype)


def spectrum(wave_BT: Tensor, n_fft: int, hop: int, win: int, padding: str = "same") -> Tensor:
    if padding == "same":
        side = (n_fft - hop) // 2
        wave_BT = functional.pad(wave_BT[:, None], (side, side), mode="reflect")[:, 0]
    window = torch.hann_window(win, dtype=wave_BT.dtype)
    return torch.stft(wave_BT, n_fft, hop, win, window, center=padding == "center", return_complex=True)


def decibels(signal: Tensor, other: Tensor) -> float:
    return float(10 * torch.log10(signal.square().sum() / (signal - other).square().sum()))


@pytest.mark.parametrize(("n_fft", "hop", "win"), SIZES)
def test_a_signal_comes_back_from_its_spectrum(n_fft: int, hop: int, win: int) -> None:
    wave = noise(2, 12 * hop)
    parts = spectrum(wave, n_fft, hop, win)
    assert parts.shape[2] == 12
    found = InverseStft(n_fft, hop, win)(parts.real, parts.imag)
    assert found.shape == wave.shape
    torch.testing.assert_close(found, wave, atol=1e-4, rtol=0)


def test_center_padding_is_that_of_torch_istft() -> None:
    parts = torch.complex(noise(2, 33, 9), noise(2, 33, 9).flip(2))  # of no signal: what is added matters then too
    wanted = torch.istft(parts, 64, 16, 64, torch.hann_window(64))
    found = InverseStft(64, 16, padding="center")(parts.real, parts.imag)
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize("padding", ["same", "center"])
@pytest.mark.parametrize(("n_fft", "hop", "win"), [*SIZES, (1024, 256, 1024)])
def test_one_transposed_convolution_does_the_same(n_fft: int, hop: int, win: int, padding: str) -> None:
    inverse = InverseStft(n_fft, hop, win, padding)  # type: ignore[arg-type]
    real, imaginary = noise(1, n_fft // 2 + 1, 24), noise(1, n_fft // 2 + 1, 24).flip(2)
    wanted = inverse(real, imaginary)
    assert decibels(wanted, inverse.convolution()(real, imaginary)) > 100


@pytest.mark.parametrize("hop", [4, 3])  # whole hops, and the general way
def test_frames_are_added_where_they_overlap(hop: int) -> None:
    frames = noise(2, 5, 8)
    wanted = torch.zeros(2, 4 * hop + 8)
    for place in range(5):
        wanted[:, place * hop : place * hop + 8] += frames[:, place]
    torch.testing.assert_close(overlap_add(frames, hop), wanted)


@pytest.mark.parametrize("hop", [4, 6])
def test_its_gradient_is_that_of_finite_differences(hop: int) -> None:
    inverse = InverseStft(16, hop).double()
    real = noise(1, 9, 3, dtype=torch.float64).requires_grad_()
    imaginary = noise(1, 9, 3, dtype=torch.float64).flip(2).detach().requires_grad_()
    assert gradcheck(inverse, (real, imaginary))


def test_autocast_and_narrow_weights_do_not_reach_it() -> None:
    real, imaginary = noise(1, 33, 8), noise(1, 33, 8).flip(2)
    wanted = InverseStft(64, 16)(real, imaginary)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(InverseStft(64, 16)(real, imaginary), wanted, atol=0, rtol=0)
        assert decibels(wanted, InverseStft(64, 16).convolution()(real, imaginary)) > 100
    narrow = InverseStft(64, 16).to(torch.bfloat16)
    torch.testing.assert_close(narrow(real, imaginary), wanted, atol=0, rtol=0)
    assert narrow(real.bfloat16(), imaginary.bfloat16()).dtype == torch.float32


@pytest.mark.parametrize(("n_fft", "hop", "win"), SIZES)
def test_it_says_which_spectra_a_frame_of_samples_depends_on(n_fft: int, hop: int, win: int) -> None:
    inverse = InverseStft(n_fft, hop, win).double()
    real = noise(1, n_fft // 2 + 1, 25, dtype=torch.float64).requires_grad_()
    frame = inverse(real, real.flip(2))[0, 12 * hop : 13 * hop]
    (gradient,) = torch.autograd.grad((frame * torch.linspace(1, 2, hop)).sum(), real)
    mirrored = gradient + gradient.flip(2)  # the imaginary parts are the real ones backwards
    reached = mirrored.abs().amax((0, 1)).nonzero().flatten()
    assert (int(reached.min()), int(reached.max())) == (12 - inverse.context_frames, 12 + inverse.context_frames)


def test_what_to_empty_left_is_made_again() -> None:
    with torch.device("meta"):
        inverse = InverseStft(32, 8)
    inverse.to_empty(device="cpu")
    torch.testing.assert_close(inverse.window, torch.hann_window(32))


@pytest.mark.parametrize(
    ("sizes", "field"), [((63, 16), "n_fft"), ((64, 80), "hop_length"), ((64, 15), "hop_length"), ((64, 16, 80), "win")]
)
def test_sizes_that_do_not_fit_are_refused(sizes: tuple[int, ...], field: str) -> None:
    with pytest.raises(ConfigError, match=field):
        InverseStft(*sizes)

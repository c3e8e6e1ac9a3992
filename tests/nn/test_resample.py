from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from toolkit.nn.resample import (
    _downsample_strided,
    _upsample_interpolating,
    _upsample_transposed,
    downsample,
    upsample,
)

SIZES = [(1, 1), (1, 4), (2, 2), (3, 5), (8, 8)]
TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=torch.float64)


def written_out(x_BCHW: Tensor, *, up: bool) -> Tensor:
    """The definition: zeros between the pixels (up) or every other result (down) of one dense convolution."""
    kernel = (TAPS[:, None] * TAPS)[None, None]
    batch, channels, height, width = x_BCHW.shape
    planes = x_BCHW.reshape(batch * channels, 1, height, width)
    if up:
        sparse = planes.new_zeros(len(planes), 1, 2 * height, 2 * width)
        sparse[:, :, ::2, ::2] = planes
        result = F.conv2d(F.pad(sparse, (2, 1, 2, 1)), kernel / 16)
    else:
        result = F.conv2d(F.pad(planes, (1, 1, 1, 1)), kernel / 64)[:, :, ::2, ::2]
    return result.reshape(batch, channels, *result.shape[2:])


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_both_forms_of_upsampling_equal_the_definition(height: int, width: int) -> None:
    x = torch.randn(2, 3, height, width, dtype=torch.float64)
    expected = written_out(x, up=True)
    for form in (upsample, _upsample_interpolating, _upsample_transposed):
        torch.testing.assert_close(form(x), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_both_forms_of_downsampling_equal_the_definition(height: int, width: int) -> None:
    x = torch.randn(2, 3, 2 * height, 2 * width, dtype=torch.float64)
    for form in (downsample, _downsample_strided):
        torch.testing.assert_close(form(x), written_out(x, up=False), rtol=0, atol=1e-14)


def test_downsampling_is_a_quarter_of_the_transpose_of_upsampling() -> None:
    small, large = torch.randn(1, 2, 3, 4, dtype=torch.float64), torch.randn(1, 2, 6, 8, dtype=torch.float64)
    torch.testing.assert_close((upsample(small) * large).sum(), 4 * (small * downsample(large)).sum())


def test_a_constant_stays_constant_inside() -> None:
    ones = torch.ones(1, 1, 8, 8)
    assert torch.equal(upsample(ones)[..., 1:-1, 1:-1], torch.ones(1, 1, 14, 14))
    assert torch.equal(downsample(ones)[..., 1:-1, 1:-1], torch.ones(1, 1, 2, 2))


@pytest.mark.parametrize("form", [upsample, _upsample_transposed, downsample, _downsample_strided])
def test_first_and_second_derivatives(form) -> None:
    x = torch.randn(2, 2, 4, 2, dtype=torch.float64, requires_grad=True)
    assert gradcheck(form, (x,))
    assert gradgradcheck(lambda x: form(x).square(), (x,))  # squared: a linear map alone has no second derivative


@pytest.mark.parametrize("form", [upsample, downsample])
def test_memory_format_and_precision_are_those_of_the_input(form) -> None:
    x = torch.randn(2, 8, 4, 4)
    last = form(x.to(memory_format=torch.channels_last))
    assert last.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(last, form(x))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(form(x), form(x.clone()))
        assert form(x).dtype == torch.float32
        assert form(x.bfloat16()).dtype == torch.bfloat16


@pytest.mark.parametrize("size", [(3, 4), (4, 3)])
def test_an_odd_size_cannot_be_halved(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=f"{size[0]}x{size[1]}"):
        downsample(torch.zeros(1, 1, *size))

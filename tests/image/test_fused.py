from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from toolkit.image.fused import doubled_convolution, halved_convolution


def numbers(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_(True)


@pytest.mark.parametrize("last", [torch.contiguous_format, torch.channels_last])
def test_it_is_a_convolution_of_the_doubled_picture(last: torch.memory_format) -> None:
    x, weight, bias = numbers(2, 3, 4, 6).to(memory_format=last), numbers(5, 3, 3, 3, seed=1), numbers(5, seed=2)
    expected = F.conv2d(F.interpolate(x, scale_factor=2.0, mode="nearest"), weight, bias, padding=1)
    torch.testing.assert_close(doubled_convolution(x, weight, bias), expected, rtol=0, atol=1e-13)
    torch.testing.assert_close(doubled_convolution(x, weight), expected - bias[:, None, None], rtol=0, atol=1e-13)


@pytest.mark.parametrize("last", [torch.contiguous_format, torch.channels_last])
def test_it_is_the_average_of_a_convolution(last: torch.memory_format) -> None:
    x, weight, bias = numbers(2, 3, 4, 6).to(memory_format=last), numbers(5, 3, 3, 3, seed=1), numbers(5, seed=2)
    expected = F.avg_pool2d(F.conv2d(x, weight, bias, padding=1), 2)
    torch.testing.assert_close(halved_convolution(x, weight, bias), expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("function", [doubled_convolution, halved_convolution])
def test_it_can_be_differentiated_twice(function: object) -> None:
    inputs = numbers(1, 2, 2, 2), numbers(2, 2, 3, 3, seed=1), numbers(2, seed=2)
    assert gradcheck(function, inputs)
    assert gradgradcheck(function, inputs)

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck, gradgradcheck

from toolkit.image.warp import _mirror, affine_sample, gather_pixels, rotation, scaling, shift, translation


def numbers(*values: float) -> torch.Tensor:
    return torch.tensor(values)


def test_gather_reads_the_place_asked_for() -> None:
    x = torch.arange(12.0).view(1, 1, 3, 4).expand(2, 2, 3, 4)
    found = gather_pixels(x, torch.tensor([[[2]], [[0]]]), torch.tensor([[[1]], [[3]]]))
    assert found.shape == (2, 2, 1, 1)
    assert found[:, 0, 0, 0].tolist() == [9.0, 3.0]


@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_mirroring_is_that_of_numpy(size: int) -> None:
    import numpy as np

    reach = 3 * size
    expected = np.pad(np.arange(size), reach, mode="reflect")
    assert _mirror(torch.arange(-reach, size + reach), size).tolist() == expected.tolist()


def test_shift_moves_each_picture_on_its_own_and_lets_zeros_in() -> None:
    x = torch.arange(1.0, 10.0).view(1, 1, 3, 3).repeat(3, 1, 1, 1)
    found = shift(x, torch.tensor([0, 1, -5]), torch.tensor([0, -1, 0]))[:, 0]
    assert torch.equal(found[0], x[0, 0])
    assert found[1].tolist() == [[0, 0, 0], [2, 3, 0], [5, 6, 0]]
    assert not found[2].any()


def test_identity_gives_back_the_picture_bit_for_bit() -> None:
    x = torch.randn(2, 3, 7, 10)
    assert torch.equal(affine_sample(x, torch.eye(3).expand(2, 3, 3)), x)


def test_exact_moves_equal_flips_turns_and_rolls() -> None:
    x = torch.randn(3, 2, 6, 6)
    maps = torch.cat(
        [scaling(numbers(-1), numbers(1)), rotation(numbers(0), numbers(1)), translation(numbers(2), numbers(-1))]
    )
    found = affine_sample(x, maps)
    assert torch.equal(found[0], x[0].flip(2))
    assert torch.equal(found[1], x[1].rot90(1, (1, 2))) or torch.equal(found[1], x[1].rot90(-1, (1, 2)))
    assert torch.equal(found[2][:, 1:, :4], x[2][:, :5, 2:])


def test_any_affine_map_agrees_with_grid_sample() -> None:
    torch.manual_seed(0)
    x = torch.randn(5, 2, 9, 12, dtype=torch.float64)
    maps = torch.eye(3, dtype=torch.float64) + 0.3 * torch.randn(5, 3, 3, dtype=torch.float64)
    maps[:, :2, 2] *= 8
    maps[:, 2] = torch.tensor([0.0, 0.0, 1.0])
    half = torch.diag(torch.tensor([5.5, 4.0, 1.0], dtype=torch.float64))  # to pixels from grid_sample's [-1, 1]
    theta = (half.inverse() @ maps @ half)[:, :2]
    grid = F.affine_grid(theta, list(x.shape), align_corners=True)
    expected = F.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=True)
    torch.testing.assert_close(affine_sample(x, maps), expected)


def test_first_and_second_derivatives() -> None:
    x = torch.randn(2, 1, 4, 5, dtype=torch.float64, requires_grad=True)
    maps = torch.eye(3) + 0.3 * torch.randn(2, 3, 3)
    assert gradcheck(lambda x: affine_sample(x, maps), (x,))
    assert gradgradcheck(lambda x: affine_sample(x, maps).square(), (x,))
    assert gradgradcheck(lambda x: shift(x, torch.tensor([1, -2]), torch.tensor([0, 1])).square(), (x,))

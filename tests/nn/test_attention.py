from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.autograd import gradgradcheck

from toolkit.nn.attention import attention


def rows(length: int, size: int = 3) -> Tensor:
    return torch.randn(2, 2, length, size, dtype=torch.float64, requires_grad=True)


def by_formula(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
    return scores.masked_fill(~mask, -torch.inf).softmax(-1) @ value


@pytest.mark.parametrize("second_order", [False, True])
@pytest.mark.parametrize("kind", ["plain", "causal", "mask"])
def test_every_kernel_equals_the_formula(second_order: bool, kind: str) -> None:
    query, key, value = rows(4), rows(4), rows(4)
    allowed = {
        "plain": torch.ones(4, 4, dtype=torch.bool),
        "causal": torch.ones(4, 4, dtype=torch.bool).tril(),
        "mask": torch.tensor([True, True, False, True]).expand(4, 4),
    }[kind]
    mask = allowed if kind == "mask" else None
    found = attention(query, key, value, mask=mask, causal=kind == "causal", second_order=second_order)
    torch.testing.assert_close(found, by_formula(query, key, value, allowed))


def test_second_order_gradients_are_right() -> None:
    assert gradgradcheck(
        lambda query, key, value: attention(query, key, value, second_order=True), (rows(3), rows(2), rows(2))
    )


def test_a_gradient_penalty_reaches_the_weights_through_attention() -> None:
    data, weight = rows(3), torch.randn(3, 3, dtype=torch.float64, requires_grad=True)
    projected = data @ weight
    total = attention(projected, projected, data, second_order=True).square().sum()
    (gradient,) = torch.autograd.grad(total, data, create_graph=True)
    gradient.square().sum().backward()
    assert weight.grad is not None
    assert weight.grad.abs().sum() > 0


def test_the_switch_is_put_back() -> None:
    before = torch.backends.cuda.flash_sdp_enabled(), torch.backends.cuda.mem_efficient_sdp_enabled()
    attention(rows(2), rows(2), rows(2), second_order=True)
    assert (torch.backends.cuda.flash_sdp_enabled(), torch.backends.cuda.mem_efficient_sdp_enabled()) == before


def test_dropout_drops() -> None:
    query, key, value = rows(4), rows(4), rows(4)
    torch.manual_seed(0)
    dropped = attention(query, key, value, dropout=0.5, second_order=True)
    assert not torch.allclose(dropped, attention(query, key, value, second_order=True))

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from toolkit.translation.decoding import products


@pytest.mark.parametrize("rows", [1, 3, 32, 160])
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("precision", "allowed"), [("float32", 1e-4), ("bfloat16", 0.1), ("int8", 0.3)])
@pytest.mark.parametrize("packed", [True, False])
def test_a_product_is_that_of_the_layer(
    rows: int, relu: bool, bias: bool, precision: Any, allowed: float, packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not packed:
        monkeypatch.setattr(products, "onednn_packs", lambda dtype: False)
    generator = torch.Generator().manual_seed(0)
    layer = nn.Linear(64, 48, bias=bias)
    with torch.no_grad():
        for value in layer.parameters():
            value.copy_(torch.randn(value.shape, generator=generator) / 8)
    x = torch.randn(rows, 64, generator=generator)
    multiply = products.product(layer.weight, layer.bias, precision, relu)
    wanted = layer(x).relu() if relu else layer(x)
    given = x.bfloat16() if precision == "bfloat16" else x
    found = multiply(given)
    assert found.dtype == given.dtype
    assert torch.allclose(found.float(), wanted, atol=allowed)


def test_what_the_library_cannot_arrange_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(weight: Any, bias: Any, relu: bool) -> products.Product:
        return lambda x: torch.zeros(len(x), len(weight), dtype=x.dtype)

    products.onednn_packs.cache_clear()
    monkeypatch.setattr(products, "_packed", wrong)
    assert not products.onednn_packs(torch.float32)
    products.onednn_packs.cache_clear()

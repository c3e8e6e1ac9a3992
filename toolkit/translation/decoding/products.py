"""Products of a fixed matrix with few rows, over and over: what decoding spends its time with."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from toolkit.errors import ToolkitError

Precision: TypeAlias = Literal["float32", "bfloat16", "int8"]
"""How products are computed. `float32` gives what the network itself gives, up to rounding. `bfloat16` rounds weights
and activations. `int8` stores weights as 8-bit integers, one scale for each output, and rounds the activations of each
product to as many (dynamic quantisation); CPU only."""

Product: TypeAlias = Callable[[Tensor], Tensor]
"""`x_RI` to `x W' + b`, `[R, O]`."""

_TYPICAL_ROWS = 32  # what oneDNN arranges a matrix for; other numbers of rows work as well


def product(weight_OI: Tensor, bias_O: Tensor | None, precision: Precision = "float32", relu: bool = False) -> Product:
    """A function that multiplies with a matrix which it has arranged for that once.

    Args:
        weight_OI: as `torch.nn.Linear` has it.
        bias_O: added to the product.
        precision: see `Precision`. In `bfloat16` it takes and gives bfloat16, else float32.
        relu: negative outputs become 0.
    """
    if precision == "int8":
        return _int8(weight_OI, bias_O, relu)
    weight = weight_OI.detach().to(torch.bfloat16 if precision == "bfloat16" else torch.float32)
    bias = (weight.new_zeros(len(weight)) if bias_O is None else bias_O.detach().to(weight.dtype)).contiguous()
    if weight.device.type == "cpu" and onednn_packs(weight.dtype):
        return _packed(weight.contiguous(), bias, relu)
    across = weight.t().contiguous()  # a library for matrices takes this form faster when there are few rows

    def multiply(x_RI: Tensor) -> Tensor:
        found = torch.addmm(bias, x_RI, across)
        return found.relu_() if relu else found

    return multiply


def _packed(weight: Tensor, bias: Tensor, relu: bool) -> Product:
    packed = torch.ops.mkldnn._reorder_linear_weight(weight, _TYPICAL_ROWS)
    multiply, follow = torch.ops.mkldnn._linear_pointwise, "relu" if relu else "none"

    def packed_product(x_RI: Tensor) -> Tensor:
        found: Tensor = multiply(x_RI, packed, bias, follow, [], "")
        return found

    return packed_product


def _int8(weight_OI: Tensor, bias_O: Tensor | None, relu: bool) -> Product:
    weight = weight_OI.detach().float()
    bias = None if bias_O is None else bias_O.detach().float().contiguous()
    scales = weight.abs().amax(1).clamp(min=1e-8) / 127
    zeros = torch.zeros(len(weight), dtype=torch.int64)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # says that torchao will replace this some day
            rounded = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
        packed = torch.ops.quantized.linear_prepack(rounded, bias)
    except (RuntimeError, AttributeError) as error:
        raise ToolkitError(
            f"this PyTorch ({torch.__version__}) has no products in 8-bit integers here: {str(error).splitlines()[0]}",
            "compute in torch, torch-bfloat16 or ctranslate2",
        ) from error
    reduced = torch.backends.quantized.engine == "fbgemm"  # without VNNI its sums of two products may overflow
    multiply = torch.ops.quantized.linear_relu_dynamic if relu else torch.ops.quantized.linear_dynamic

    def rounded_product(x_RI: Tensor) -> Tensor:
        found: Tensor = multiply(x_RI, packed, reduced)
        return found

    return rounded_product


@cache
def onednn_packs(dtype: torch.dtype) -> bool:
    """Whether PyTorch's way to oneDNN with an arranged matrix is there and right, tried on a small product.

    PyTorch's own compiler uses these operations, but they are no promise to others: hence the trial. On a processor
    with AVX-512 they take a quarter to nine tenths of the time of `addmm` for 5 to 160 rows.
    """
    weight, x = torch.linspace(-1, 1, 48).view(6, 8).to(dtype), torch.linspace(0, 1, 16).view(2, 8).to(dtype)
    bias = torch.linspace(-2, 2, 6).to(dtype)
    try:
        found = _packed(weight, bias, True)(x)
    except (RuntimeError, AttributeError, NotImplementedError):
        return False
    wanted = nn.functional.linear(x, weight, bias).relu()
    return bool(torch.allclose(found.float(), wanted.float(), atol=1e-5 if dtype == torch.float32 else 0.05))

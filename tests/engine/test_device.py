from __future__ import annotations

import json
import warnings
from collections.abc import Iterator

import pytest
import torch
from torch import nn

from toolkit.engine import device as device_module
from toolkit.engine.device import choose_device, choose_precision, describe_machine, has_fast_bf16
from toolkit.errors import ToolkitError

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    has_fast_bf16.cache_clear()
    yield
    has_fast_bf16.cache_clear()


def pretend(
    monkeypatch: pytest.MonkeyPatch, *, gpus: int = 0, mps: bool = False, flags: str = "", vendor: str = ""
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    monkeypatch.setattr(device_module, "processor_flags", lambda: frozenset(flags.split()))
    monkeypatch.setattr(device_module, "processor_vendor", lambda: vendor)


@pytest.mark.parametrize(("gpus", "mps", "chosen"), [(1, True, "cuda"), (0, True, "mps"), (0, False, "cpu")])
def test_auto_takes_the_fastest_there_is(monkeypatch: pytest.MonkeyPatch, gpus: int, mps: bool, chosen: str) -> None:
    pretend(monkeypatch, gpus=gpus, mps=mps)
    assert choose_device("auto") == torch.device(chosen)


@pytest.mark.parametrize("name", ["cpu", "cuda", "cuda:1", "mps"])
def test_a_device_that_is_there_can_be_asked_for(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    pretend(monkeypatch, gpus=2, mps=True)
    assert choose_device(name) == torch.device(name)


@pytest.mark.parametrize(
    ("name", "gpus", "complaint"),
    [
        ("cuda", 0, "'cuda' was asked for, but this torch.*\n.*'auto' or 'cpu'"),
        ("cuda:2", 2, "there are 2 GPUs, counted from cuda:0"),
        ("mps", 0, "no Apple GPU"),
        ("cdua", 0, "unknown device 'cdua'; did you mean 'cuda'"),
        ("cuda:x", 1, "unknown device"),
    ],
)
def test_a_device_that_is_not_there_is_explained(
    monkeypatch: pytest.MonkeyPatch, name: str, gpus: int, complaint: str
) -> None:
    pretend(monkeypatch, gpus=gpus)
    with pytest.raises(ToolkitError, match=complaint):
        choose_device(name)


@pytest.mark.parametrize(
    ("vendor", "flags", "fast"),
    [
        ("AuthenticAMD", "fpu avx512_bf16", True),
        ("GenuineIntel", "avx512_bf16 amx_bf16", True),
        ("GenuineIntel", "avx512_bf16", False),
        ("", "asimd bf16", True),
        ("AuthenticAMD", "avx512f f16c", False),
    ],
)
def test_bfloat16_is_the_default_only_where_the_processor_is_faster_in_it(
    monkeypatch: pytest.MonkeyPatch, vendor: str, flags: str, fast: bool
) -> None:
    pretend(monkeypatch, flags=flags, vendor=vendor)
    assert has_fast_bf16(CPU) is fast
    assert choose_precision("auto", CPU).name == ("bfloat16" if fast else "float32")


def test_bfloat16_without_hardware_is_allowed_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch)
    with pytest.warns(RuntimeWarning, match="it will be slow"):
        assert choose_precision("bfloat16", CPU).name == "bfloat16"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        choose_precision("auto", CPU)
        choose_precision("float32", CPU)


@pytest.mark.parametrize(
    ("name", "parameters", "products"),
    [
        ("float32", torch.float32, torch.float32),
        ("float64", torch.float64, torch.float64),
        ("bfloat16", torch.float32, torch.bfloat16),
    ],
)
def test_a_precision_sets_the_dtypes_of_parameters_and_of_products(
    monkeypatch: pytest.MonkeyPatch, name: str, parameters: torch.dtype, products: torch.dtype
) -> None:
    pretend(monkeypatch, flags="avx512_bf16")
    precision = choose_precision(name, CPU)
    assert precision.parameter_dtype == parameters
    module = nn.Linear(2, 2).to(precision.parameter_dtype)
    with precision.autocast():
        output = module(torch.ones(1, 2, dtype=precision.parameter_dtype))
    assert output.dtype == products
    output.float().sum().backward()
    assert module.weight.grad is not None
    assert module.weight.grad.dtype == parameters


def test_second_derivatives_work_in_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, flags="avx512_bf16")
    module = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    x = torch.randn(3, 4, requires_grad=True)
    with choose_precision("bfloat16", CPU).autocast():
        (slope,) = torch.autograd.grad(module(x).float().sum(), x, create_graph=True)
        penalty = slope.square().sum()
    penalty.backward()
    assert module[0].weight.grad is not None
    assert module[0].weight.grad.abs().sum() > 0


def test_a_precision_that_does_not_exist_is_explained() -> None:
    with pytest.raises(ToolkitError, match=r"unknown precision 'bf16'; .*bfloat16"):
        choose_precision("bf16", CPU)
    with pytest.raises(ToolkitError, match="does not exist on device 'mps'"):
        choose_precision("float64", torch.device("mps"))


def test_the_machine_is_described_in_values_json_knows() -> None:
    described = describe_machine(CPU)
    assert json.loads(json.dumps(described)) == described
    assert described["device"] == "cpu"
    assert described["device_name"] == described["processor"]
    assert described["torch"] == torch.__version__
    assert isinstance(described["cores"], int)
    assert described["cores"] >= 1
    assert described["fast_bfloat16"] is has_fast_bf16(CPU)

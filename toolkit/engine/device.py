"""Where to compute and how precisely, decided once by what the hardware can do."""

from __future__ import annotations

import functools
import re
import warnings
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import torch

from toolkit.engine.host import (
    available_cores,
    choose_threads,
    memory_gib,
    processor_flags,
    processor_name,
    processor_vendor,
    tune_allocator,
    waiting_policy,
)
from toolkit.errors import ToolkitError, nearest

__all__ = [
    "Precision",
    "choose_device",
    "choose_precision",
    "choose_threads",
    "describe_machine",
    "has_fast_bf16",
    "tune_allocator",
    "waiting_policy",
]

PrecisionName = Literal["float32", "bfloat16", "float64"]

_BF16_FLAGS = frozenset({"amx_bf16", "bf16"})  # x86, ARM; by Linux's names
_BF16_VECTORS = "avx512_bf16"  # twice as fast as float32 on AMD's processors, no faster on Intel's


def choose_device(name: str = "auto") -> torch.device:
    """The device to compute on.

    Args:
        name: `auto` (the first there is of CUDA, MPS, CPU), `cpu`, `mps`, `cuda`, or `cuda:1` for the second GPU.

    Raises:
        ToolkitError: there is no such device here.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    if not re.fullmatch(r"cpu|mps|cuda(:\d+)?", name):
        raise ToolkitError(f"unknown device '{name}'; {nearest(name, ['auto', 'cpu', 'cuda', 'cuda:0', 'mps'])}")
    device = torch.device(name)
    if device.type == "cuda" and not torch.cuda.is_available():
        built = "finds no usable GPU" if torch.version.cuda or torch.version.hip else "is a build for the CPU only"
        raise ToolkitError(
            f"device '{name}' was asked for, but this torch ({torch.__version__}) {built}",
            "use device 'auto' or 'cpu', or install a torch build and a driver for the GPU",
        )
    if device.type == "cuda" and device.index is not None and device.index >= torch.cuda.device_count():
        raise ToolkitError(
            f"device '{name}' was asked for, but there are {torch.cuda.device_count()} GPUs, counted from cuda:0",
            "choose one of these, or 'cuda'",
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ToolkitError("device 'mps' was asked for, but there is no Apple GPU", "use device 'auto' or 'cpu'")
    return device


@functools.cache
def has_fast_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 in hardware, rather than by way of float32.

    CPU, as the Linux kernel lists it: AMX, or AVX512-BF16 on a processor of AMD (x86), BF16 (ARM). Intel's AVX512-BF16
    without AMX, which some virtual machines hide, is not fast: there a matrix product of 1024 x 1024 took 1.7 times as
    long as in float32, and a vocoder's training step 1.3 times. CUDA: compute capability 8.0 and later. MPS: taken as
    no.
    """
    if device.type == "cuda":
        with torch.cuda.device(device):
            return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    flags = processor_flags()
    return not _BF16_FLAGS.isdisjoint(flags) or (_BF16_VECTORS in flags and processor_vendor() == "AuthenticAMD")


@dataclass(frozen=True, slots=True)
class Precision:
    """The number format of a run.

    Parameters, their gradients and the optimiser's state are never kept in bfloat16: `bfloat16` means that matrix
    products and convolutions run in it (autocast), which needs no loss scaling because its range is that of float32.

    Attributes:
        name: `float32`, `bfloat16` or `float64`.
        device_type: `cpu`, `cuda` or `mps`.
    """

    name: PrecisionName
    device_type: str = "cpu"

    @property
    def parameter_dtype(self) -> torch.dtype:
        """What parameters are kept in: float64 for `float64`, else float32."""
        return torch.float64 if self.name == "float64" else torch.float32

    def autocast(self) -> AbstractContextManager[Any]:
        """Context for the forward passes and the losses; backward passes belong outside of it."""
        if self.name == "bfloat16":
            return torch.autocast(self.device_type, dtype=torch.bfloat16)
        return nullcontext()


def choose_precision(name: str, device: torch.device) -> Precision:
    """The precision of a run.

    Args:
        name: `float32`, `float64`, `bfloat16`, or `auto`: bfloat16 where the device has it in hardware, else float32.
            On a CPU that has it, a GAN step took half to two thirds of the time in bfloat16; on one that has not, it
            takes longer.
        device: where the run computes.

    Raises:
        ToolkitError: there is no such precision, or not on this device.
    """
    match name:
        case "auto":
            return Precision("bfloat16" if has_fast_bf16(device) else "float32", device.type)
        case "float32":
            return Precision("float32", device.type)
        case "bfloat16":
            if not has_fast_bf16(device):
                warnings.warn(
                    f"bfloat16 was asked for, but this {device.type} device has no hardware for it: it will be slow",
                    RuntimeWarning,
                    stacklevel=2,
                )
            return Precision("bfloat16", device.type)
        case "float64":
            if device.type == "mps":
                raise ToolkitError("precision 'float64' does not exist on device 'mps'", "use device 'cpu', or float32")
            return Precision("float64", device.type)
    raise ToolkitError(f"unknown precision '{name}'; {nearest(name, ['auto', 'float32', 'bfloat16', 'float64'])}")


def describe_machine(device: torch.device) -> dict[str, str | int | float | bool | None]:
    """What a result was computed on, to be stored beside it.

    Returns:
        `processor`, `cores` (available to this process), `memory_gib`, `device`, `device_name`, `torch`,
        `fast_bfloat16`, `threads` and `waiting_policy`.
    """
    memory = memory_gib()
    return {
        "processor": processor_name(),
        "cores": available_cores(),
        "memory_gib": None if memory is None else round(memory, 1),
        "device": str(device),
        "device_name": torch.cuda.get_device_name(device) if device.type == "cuda" else processor_name(),
        "torch": str(torch.__version__),
        "fast_bfloat16": has_fast_bf16(device),
        "threads": torch.get_num_threads(),
        "waiting_policy": waiting_policy(),
    }

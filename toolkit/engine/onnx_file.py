"""Networks as ONNX files, and sessions that run them without keeping a neighbour's core busy."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from toolkit.engine.device import choose_threads
from toolkit.errors import require

_TRACED_OPSET = 17
_ENABLE_LOG = "_jit_set_onnx_log_enabled"
LARGEST_BATCH = 4096
LONGEST = 2**20
"""Largest size of any other dimension that may change."""


def write_onnx(
    module: nn.Module,
    inputs: Mapping[str, Tensor],
    file: Path,
    any_size: Mapping[str, Sequence[int]] | None = None,
    *,
    quick: bool = False,
) -> None:
    """Describe a network as an ONNX file.

    Args:
        module: the network, in evaluation mode.
        inputs: example inputs by name, in the order in which the network takes them. Dimensions that may change must
            be at least 2 long here.
        file: the file to write; not atomic by itself.
        any_size: dimensions of each input that may be of any size; the first one, the batch, when left out.
        quick: use PyTorch's older exporter, which takes a tenth of a second where the newer one takes ten (but takes
            branches as they fall for the example, and will be gone one day); the newer one where it fails. For files
            that are made by the way and compared with the network before they are used.

    Raises:
        MissingExtraError: `onnx` or `onnxscript` is not installed.
    """
    require("onnx", "export", "ONNX export")
    with warnings.catch_warnings(), _quiet_exporter():  # about its insides
        warnings.simplefilter("ignore")
        if quick:
            try:
                _trace(module, inputs, file, any_size)
                return
            except Exception:  # it fails in many ways, or is not there any more; the other one says what is wrong
                file.unlink(missing_ok=True)
        require("onnxscript", "export", "ONNX export")
        program = torch.onnx.export(
            module,
            tuple(inputs.values()),
            dynamo=True,
            input_names=list(inputs),
            output_names=["output"],
            dynamic_shapes=tuple(dynamic_shapes(inputs, any_size).values()),
            verbose=False,
        )
    assert program is not None
    program.save(str(file))


def _trace(
    module: nn.Module, inputs: Mapping[str, Tensor], file: Path, any_size: Mapping[str, Sequence[int]] | None
) -> None:
    torch.onnx.export(
        module,
        tuple(inputs.values()),
        str(file),
        dynamo=False,
        input_names=list(inputs),
        output_names=["output"],
        dynamic_axes={
            name: {place: f"{name}_{place}" if place else "batch" for place in shape}
            for name, shape in dynamic_shapes(inputs, any_size).items()
        },
        opset_version=_TRACED_OPSET,
    )


def dynamic_shapes(
    inputs: Mapping[str, Tensor], any_size: Mapping[str, Sequence[int]] | None = None
) -> dict[str, dict[int, Any]]:
    """What `torch.export` needs to know of dimensions that may change; inputs share the batch, and nothing else."""
    batch = torch.export.Dim("batch", min=1, max=LARGEST_BATCH)
    sizes: dict[str, dict[int, Any]] = {}
    for name in inputs:
        changing = (0,) if any_size is None else any_size.get(name, (0,))
        sizes[name] = {
            place: batch if place == 0 else torch.export.Dim(f"{name}_{place}", min=1, max=LONGEST)
            for place in changing
        }
    return sizes


def open_session(model: Path | bytes, purpose: str, threads: int | None = None) -> Any:
    """An onnxruntime session on the CPU whose idle threads sleep.

    By default they spin while they wait, which made a run 1.5 to 5 times slower when another process wanted the core.

    Args:
        model: the ONNX file, or its content.
        purpose: what needs it, for the error message.
        threads: threads inside one operation; `choose_threads()` when left out.

    Raises:
        MissingExtraError: onnxruntime is not installed.
    """
    runtime = require("onnxruntime", "export", purpose)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = choose_threads() if threads is None else threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    return runtime.InferenceSession(
        str(model) if isinstance(model, Path) else model, options, providers=["CPUExecutionProvider"]
    )


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """The newer exporter logs which packages it could use, the older one prints every network that it fails at."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    enabled, enable = (getattr(torch._C, name, None) for name in ("_jit_is_onnx_log_enabled", _ENABLE_LOG))
    before = enabled() if enabled else None
    logger.setLevel(logging.ERROR)
    if enable:
        enable(False)
    try:
        yield
    finally:
        logger.setLevel(level)
        if enable and before is not None:
            enable(before)

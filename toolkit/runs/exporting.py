"""Models in other programs' formats, checked against the original before they are handed out."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch

from toolkit.adversarial.judge import DISCRIMINATORS
from toolkit.engine.files import atomic_folder
from toolkit.engine.models import WEIGHTS, locate_model
from toolkit.engine.onnx_file import dynamic_shapes, open_session, write_onnx
from toolkit.engine.weights import read_weights, write_weights
from toolkit.errors import ToolkitError, TrainingError
from toolkit.runs.models import load

FORMATS = ("onnx", "torch", "safetensors", "ctranslate2")


def export(
    model: str | Path,
    out: str | Path | None = None,
    to: str = "onnx",
    *,
    half: bool = False,
    tolerance: float | None = None,
    quantization: str = "int8",
    pairs: str | Path | None = None,
) -> dict[str, Any]:
    """Write a model in another format.

    Args:
        model: a run or model folder.
        out: the folder to write. Only `ctranslate2` can do without: it then goes into the model folder, where
            translators find it by themselves.
        to: `onnx` (any batch size, and any length of speech), `torch` (a `torch.export` program, the same),
            `safetensors` (a copy of the model folder), or `ctranslate2` (translators).
        half: store the weights of a `safetensors` model, and of its judge, as float16, in half the space.
        tolerance: largest difference to the original's output that is accepted; 1e-3, or 5e-2 for half precision.
        quantization: with `ctranslate2`, how weights are stored: `int8`, `int16` or `float32`.
        pairs: with `ctranslate2`, a file of sentence pairs to measure the loss of BLEU on.

    Returns:
        The file, the format, and the largest difference found.

    Raises:
        ToolkitError: there is no such format, or the folder exists.
        MissingExtraError: the format needs a package that is not installed.
        TrainingError: the exported model does not give the original's output.
    """
    if to not in FORMATS:
        raise ToolkitError(f"there is no export format '{to}'; choices: {', '.join(FORMATS)}")
    if to == "ctranslate2":
        return _ctranslate2(model, None if out is None else Path(out), quantization, pairs)
    if out is None:
        raise ToolkitError(f"an export to {to} needs a folder to write", "name one: --out DIR")
    out = Path(out)
    if out.exists():
        raise ToolkitError(f"{out} exists already", "choose another folder, or remove it")
    if half and to != "safetensors":
        raise ToolkitError("--half goes with --to safetensors; other formats keep the weights as they are")
    allowed = tolerance if tolerance is not None else (5e-2 if half else 1e-3)
    source = locate_model(model)
    pipeline = load(model, device="cpu")
    difference = 0.0
    with atomic_folder(out) as folder:
        for file in source.iterdir():
            if file.is_dir():
                shutil.copytree(file, folder / file.name)
            elif to == "safetensors" or file.suffix != ".safetensors":
                shutil.copy(file, folder / file.name)
        _with_companions(pipeline, folder, half)
        if to == "onnx":
            difference = _onnx(pipeline, folder / "model.onnx")
        elif to == "torch":
            difference = _torch(pipeline, folder / "model.pt2")
        elif half:
            difference = _half(pipeline, folder)
        if not difference <= allowed:
            raise TrainingError(
                f"the exported model differs from the original by {difference:.2e} (allowed {allowed:.0e})"
            )
    name = {"onnx": "model.onnx", "torch": "model.pt2", "safetensors": "model.safetensors"}[to]
    return {"file": str(out / name), "format": to, "largest_difference": difference}


def _with_companions(pipeline: Any, folder: Path, half: bool) -> None:
    """Models that a pipeline works with and that lie elsewhere, such as a voice's vocoder, go into its folder."""
    for name, place in getattr(pipeline, "companions", {}).items():
        if not (folder / name).exists():
            shutil.copytree(place, folder / name)
        if half:
            write_weights(folder / name / WEIGHTS, read_weights(folder / name / WEIGHTS), torch.float16)


def _ctranslate2(model: str | Path, out: Path | None, quantization: str, pairs: str | Path | None) -> dict[str, Any]:
    """A translator checks its export itself: translations are compared, not tensors."""
    if out is not None and out.exists():
        raise ToolkitError(f"{out} exists already", "choose another folder, or remove it")
    pipeline = load(model, device="cpu")
    if not hasattr(pipeline, "export_ctranslate2"):
        raise ToolkitError(f"{model} is no translator", "only translators are exported to CTranslate2")
    found: dict[str, Any] = pipeline.export_ctranslate2(out, quantization, None if pairs is None else Path(pairs))
    return {**found, "format": "ctranslate2"}


def _more(inputs: dict[str, torch.Tensor], any_size: Any) -> dict[str, torch.Tensor]:
    """The inputs at other sizes: twice the batch, and longer where the length may change."""
    more = {}
    for name, value in inputs.items():
        grown = torch.cat([value, value.flip(0)])
        for place in () if any_size is None else any_size.get(name, ()):
            if place:
                grown = torch.cat([grown, grown.flip(place), grown.narrow(place, 0, 1)], place)
        more[name] = grown
    return more


def _traced(pipeline: Any) -> tuple[torch.nn.Module, dict[str, torch.Tensor], Any]:
    """The network that an export describes, its example inputs, and their dimensions of any size.

    A pipeline may have a form of its network that exporters understand better (`exportable`), and say which dimensions
    beside the batch may change (`any_size`).
    """
    module = getattr(pipeline, "exportable", pipeline.module).eval()
    return module, pipeline.example_inputs(), getattr(pipeline, "any_size", None)


def _onnx(pipeline: Any, file: Path) -> float:
    module, inputs, any_size = _traced(pipeline)
    write_onnx(module, inputs, file, any_size)
    session = open_session(file, "checking an ONNX export")
    more = _more(inputs, any_size)
    found = session.run(None, {name: value.numpy() for name, value in more.items()})[0]
    return _difference(torch.from_numpy(found), pipeline.module(*more.values()))


def _torch(pipeline: Any, file: Path) -> float:
    module, inputs, any_size = _traced(pipeline)
    shapes = tuple(dynamic_shapes(inputs, any_size).values())
    program = torch.export.export(module, tuple(inputs.values()), dynamic_shapes=shapes)
    torch.export.save(program, file)
    more = _more(inputs, any_size)
    return _difference(torch.export.load(file).module()(*more.values()), pipeline.module(*more.values()))


def _half(pipeline: Any, folder: Path) -> float:
    write_weights(folder / WEIGHTS, pipeline.module.state_dict(), torch.float16)
    if (folder / DISCRIMINATORS).is_file():
        write_weights(folder / DISCRIMINATORS, read_weights(folder / DISCRIMINATORS), torch.float16)
    inputs = pipeline.example_inputs().values()
    return _difference(load(folder, device="cpu").module(*inputs), pipeline.module(*inputs))


def _difference(found: Any, wanted: Any) -> float:
    """Largest difference of what two networks give; of several things, over all that both give."""
    if isinstance(wanted, tuple):
        parts = found if isinstance(found, tuple) else (found,)
        return max(_difference(one, other) for one, other in zip(parts, wanted, strict=False))
    return float((found - wanted).abs().max())

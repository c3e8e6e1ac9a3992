"""Generators run by onnxruntime: one file for mel spectrograms of any length and any batch.

The inverse Fourier transform of a generator is written as one transposed convolution (`InverseStft.convolution`),
because ONNX's own operators have none that runtimes agree on.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from toolkit.engine.cache import cache_folder, keep_within
from toolkit.engine.files import atomic_write
from toolkit.engine.onnx_file import open_session, write_onnx
from toolkit.errors import DISTRIBUTION, MissingExtraError, ToolkitError, TrainingError
from toolkit.metrics.classifier import weights_hash
from toolkit.speech.eager_path import folded
from toolkit.speech.istft import InverseStft

FILE = "model.onnx"
"""The file in a model folder that is used when it is there; `toolkit export MODEL --to onnx` makes it."""
ANY_SIZE = {"mel": (0, 2)}
"""Batch and frames may be of any size."""
EXAMPLE_FRAMES = 40
LIMIT_BYTES = 2**30
"""Most bytes that files made by the way may take together; those used longest ago go first."""
_PURPOSE = "Running a vocoder by onnxruntime"
_AGREES = 1e-3  # largest difference of a sample; of 2 at most


class OnnxDecoder:
    """A decoder that runs an ONNX file on the CPU.

    Args:
        model: the file, or its content.
        context_frames: frames of mel on each side that one frame of audio depends on.
        hop_length: samples per frame.
        threads: threads to compute with; `choose_threads()` when left out.

    Raises:
        MissingExtraError: onnxruntime is not installed.
        ToolkitError: the file is no ONNX model, or not one of a vocoder.
    """

    def __init__(self, model: Path | bytes, context_frames: int, hop_length: int, threads: int | None = None) -> None:
        self.context_frames = context_frames
        self.hop_length = hop_length
        name = str(model) if isinstance(model, Path) else "the ONNX model"
        try:
            self.session: Any = open_session(model, _PURPOSE, threads)
        except ToolkitError:
            raise
        except Exception as error:  # onnxruntime has a family of its own that it does not export
            raise ToolkitError(f"{name} cannot be run: {_first_line(error)}", "export it again") from error
        inputs, outputs = self.session.get_inputs(), self.session.get_outputs()
        if len(inputs) != 1 or len(outputs) != 1 or len(inputs[0].shape) != 3:
            raise ToolkitError(f"{name} is no vocoder: it must take one mel [B, M, T]", "export it again")
        self._input: str = inputs[0].name

    def __call__(self, mel_BMT: Tensor, /) -> Tensor:
        """`wave_B1T` float32, on the CPU."""
        mel = mel_BMT.detach().to("cpu", torch.float32).contiguous().numpy()
        return torch.from_numpy(self.session.run(None, {self._input: mel})[0])


def exportable(network: nn.Module) -> nn.Module:
    """A copy of a generator in the form that exports describe: folded, inverse transforms as convolutions."""
    plain = folded(network)
    for module in plain.modules():
        if isinstance(module, InverseStft):
            module.convolution()
    return plain


def example_mel(mels: int, frames: int = EXAMPLE_FRAMES, batch: int = 1) -> Tensor:
    """`mel_BMT`: values in the range of log-mels of speech, the same every time."""
    frame, band = torch.arange(frames, dtype=torch.float32), torch.arange(mels, dtype=torch.float32)
    waves = torch.sin(frame[None] * 0.37 + band[:, None] * 1.7) + torch.sin(frame[None] * 0.011 * (1 + band[:, None]))
    shifts = torch.arange(batch, dtype=torch.float32)[:, None, None]
    return -5.0 + 1.5 * waves[None] + 0.1 * shifts


def onnx_bytes(network: nn.Module, mels: int) -> bytes:
    """A generator as the content of an ONNX file.

    Raises:
        MissingExtraError: `onnx` is not installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / FILE
        write_onnx(exportable(network).cpu(), {"mel": example_mel(mels, batch=2)}, file, ANY_SIZE, quick=True)
        return file.read_bytes()


def open_onnx(
    network: nn.Module,
    spec: Mapping[str, Any],
    mels: int,
    folder: Path | None = None,
    threads: int | None = None,
    notes: list[str] | None = None,
) -> OnnxDecoder:
    """A generator as an ONNX decoder: from its model folder, from the cache, or made now and kept for the next time.

    Args:
        network: the generator.
        spec: what it was built from.
        mels: its number of mel bands.
        folder: the model folder, which may have a `model.onnx`; one that does not do what the generator does is left
            aside.
        threads: threads to compute with.
        notes: takes sentences about what went wrong on the way.

    Raises:
        MissingExtraError: onnxruntime, or what the export needs, is not installed.
        TrainingError: the exported network does not do what the generator does.
    """
    notes = [] if notes is None else notes
    context, hop = int(network.context_frames), int(network.hop_length)  # type: ignore[arg-type]
    kept = cache_folder("onnx") / f"{_key(network, spec)}.onnx"
    for file in ([] if folder is None else [folder / FILE]) + [kept]:
        if not file.is_file():
            continue
        try:
            decoder = OnnxDecoder(file, context, hop, threads)
            difference = _difference(decoder, network, mels)
        except MissingExtraError:
            raise
        except ToolkitError as error:
            notes.append(f"{error.message}; another one is made")
            continue
        if difference <= _AGREES:
            with suppress(OSError):  # only a mark that it was used
                os.utime(file) if file == kept else None
            return decoder
        notes.append(f"{file} does not do what the model's weights do (difference {difference:.1e}), it is left aside")
    content = onnx_bytes(network, mels)
    decoder = OnnxDecoder(content, context, hop, threads)
    difference = _difference(decoder, network, mels)
    if not difference <= _AGREES:
        raise TrainingError(
            f"the network in ONNX differs from the original by {difference:.1e}", "use the path float32, and report it"
        )
    try:
        atomic_write(kept, content)
        keep_within(kept.parent, "*.onnx", LIMIT_BYTES)
    except (OSError, TrainingError) as error:
        notes.append(f"the ONNX model could not be kept in {kept.parent}: {error}")
    return decoder


def installed_version(distribution: str) -> str:
    """The version of a distribution; empty when it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


@torch.no_grad()
def _difference(decoder: OnnxDecoder, network: nn.Module, mels: int) -> float:
    """Largest difference of a sample between the decoder and the network on a short mel."""
    parameter = next(network.parameters())
    mel = example_mel(mels)
    try:
        found = decoder(mel)
    except Exception as error:  # as above
        raise ToolkitError(f"the ONNX model cannot be run: {_first_line(error)}", "export it again") from error
    wanted = network(mel.to(parameter.device)).float().cpu()
    return float((found - wanted).abs().max()) if found.shape == wanted.shape else float("inf")


def _key(network: nn.Module, spec: Mapping[str, Any]) -> str:
    """Changes with the weights, the architecture, and the versions that write the file."""
    facts = {
        "weights": weights_hash(network.state_dict()),
        "generator": dict(spec),
        "torch": str(torch.__version__),
        "toolkit": installed_version(DISTRIBUTION),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]

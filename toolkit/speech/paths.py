"""Which way to run a generator is the fastest on this machine: measured once, remembered.

Three paths: PyTorch in float32, PyTorch with bfloat16 weights, onnxruntime in float32. Which one is fastest depends on
the network (narrow channels gain from onnxruntime, wide ones from bfloat16) and on the processor, so it is measured
rather than guessed, and so is how long a stretch should be decoded at once: stacks of transposed convolutions lose a
quarter of their speed when their activations outgrow the cache, and short stretches compute their surroundings twice.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from toolkit.engine.cache import cache_folder
from toolkit.engine.device import choose_threads, describe_machine, has_fast_bf16
from toolkit.engine.files import atomic_write
from toolkit.errors import DISTRIBUTION, ToolkitError, TrainingError, nearest
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.onnx_path import example_mel, installed_version
from toolkit.speech.streaming import Decoder

PATHS = ("float32", "bfloat16", "onnx")
"""Ways to run a generator, the most exact first."""
MEASURED_SECONDS = 2.0
"""Seconds of audio that each path is measured on."""
CHUNK_SECONDS = (1.0, 2.0, 4.0, 8.0)
"""Lengths of a stretch that are tried; none is longer, so that memory stays bounded."""

_ROUNDS = 4
_BUDGET = 0.4  # seconds for the rounds of one path after the first
_BETTER = 0.97  # a longer stretch, or a less exact path, must need at most this share of the time


@dataclass(frozen=True, slots=True)
class Choice:
    """The fastest way to run a generator here.

    Attributes:
        path: `float32`, `bfloat16` or `onnx`.
        chunk_frames: frames of mel to decode at once.
        speeds: seconds of audio per second, of every path that was measured.
    """

    path: str
    chunk_frames: int
    speeds: Mapping[str, float]


def default_chunk(format: AudioFormat, context_frames: int) -> int:
    """Frames to decode at once where nothing was measured: 2 s, or so many that surroundings cost an eighth at most."""
    return max(round(2 * format.frame_rate), 16 * context_frames)


def available_paths(device: torch.device, allowed: Sequence[str] = PATHS) -> list[str]:
    """The paths that make sense on a device: bfloat16 where it is fast, onnxruntime on a CPU and if installed."""
    found = []
    for path in allowed:
        if path == "bfloat16" and not has_fast_bf16(device):
            continue
        if path == "onnx" and (device.type != "cpu" or not _can_export()):
            continue
        found.append(path)
    return found


def fastest(
    open_path: Callable[[str], Decoder],
    spec: Mapping[str, Any],
    format: AudioFormat,
    device: torch.device,
    allowed: Sequence[str] = PATHS,
    notes: list[str] | None = None,
) -> Choice:
    """The fastest path, measured now or remembered from an earlier time.

    The result is kept in the cache by the network's architecture (weights do not change its speed), the threads, the
    processor and the versions of what computes.

    Args:
        open_path: makes the decoder of a path.
        spec: what the generator is built from.
        format: its audio format.
        device: where it computes.
        allowed: paths to consider.
        notes: takes sentences about what was measured or went wrong.
    """
    notes = [] if notes is None else notes
    paths = available_paths(device, allowed) or ["float32"]
    file = cache_folder("paths") / f"{_key(spec, format, device, paths)}.json"
    kept = _read(file, paths)
    if kept is not None:
        return kept
    choice = measure(_opened(open_path, paths, notes), format)
    speeds = ", ".join(f"{path} {speed:.0f}x" for path, speed in choice.speeds.items())
    notes.append(f"measured which way to run this network is fastest here (once): {speeds} real time; {choice.path}")
    try:
        atomic_write(file, json.dumps(asdict(choice), indent=2) + "\n")
    except (OSError, TrainingError) as error:
        notes.append(f"this could not be remembered in {file.parent}: {error}")
    return choice


def measure(decoders: Mapping[str, Decoder], format: AudioFormat) -> Choice:
    """Time every decoder on the same stretch, in turns, then the fastest one on stretches of all lengths.

    Args:
        decoders: by path; the first wins where there is little between them.
        format: the audio format, for the length of a frame.
    """
    frames = max(1, round(MEASURED_SECONDS * format.frame_rate))
    taken = _timed(decoders, example_mel(format.mels, frames))
    path = min(taken, key=lambda name: taken[name] * (1.0 if name == next(iter(taken)) else 1 / _BETTER))
    speeds = {name: round(frames / format.frame_rate / seconds, 2) for name, seconds in taken.items()}
    return Choice(path, _best_chunk(decoders[path], format), speeds)


def _best_chunk(decoder: Decoder, format: AudioFormat) -> int:
    """The shortest of the lengths that need no more time per second than the best one, or hardly more."""
    costs = {}
    for seconds in CHUNK_SECONDS:
        frames = max(1, round(seconds * format.frame_rate))
        mel = example_mel(format.mels, frames + 2 * decoder.context_frames)
        costs[frames] = _timed({"": decoder}, mel)[""] / frames
    return min(frames for frames, cost in costs.items() if cost * _BETTER <= min(costs.values()))


def _timed(decoders: Mapping[str, Decoder], mel: Tensor) -> dict[str, float]:
    """Seconds of the quickest of a few runs, after one to warm up; turns, so that a busy neighbour slows all alike."""
    taken = {name: _once(decoder, mel) for name, decoder in decoders.items()}
    spent = dict.fromkeys(taken, 0.0)
    best = dict.fromkeys(taken, float("inf"))
    for round_ in range(_ROUNDS):
        for name, decoder in decoders.items():
            if round_ == 0 or spent[name] < _BUDGET:
                seconds = min(_once(decoder, mel), _once(decoder, mel))  # the first meets what another left in caches
                spent[name] += seconds
                best[name] = min(best[name], seconds)
    return best


def _once(decoder: Decoder, mel: Tensor) -> float:
    started = time.perf_counter()
    decoder(mel).cpu()  # which waits for a GPU
    return time.perf_counter() - started


def _opened(open_path: Callable[[str], Decoder], paths: Iterable[str], notes: list[str]) -> dict[str, Decoder]:
    """The decoders that can be made; a path that fails is left out with a note, unless it is the plain one."""
    decoders = {}
    for path in paths:
        try:
            decoders[path] = open_path(path)
        except Exception as error:  # an exporter fails in many ways, and another path will do
            if path == "float32":
                raise
            words = error.message if isinstance(error, ToolkitError) else f"{type(error).__name__}: {error}"
            notes.append(f"the path {path} is left out: {words.splitlines()[0]}")
    return decoders


def check_path(path: str) -> str:
    """The path, or `auto`, if there is such a one.

    Raises:
        ToolkitError: there is none of that name.
    """
    if path not in (*PATHS, "auto"):
        raise ToolkitError(f"there is no path '{path}' to run a vocoder; {nearest(path, [*PATHS, 'auto'])}")
    return path


def _can_export() -> bool:
    """Whether onnxruntime, and what makes its files, are installed."""
    return all(importlib.util.find_spec(name) is not None for name in ("onnxruntime", "onnx"))


def _read(file: Path, paths: Sequence[str]) -> Choice | None:
    """What was remembered; `None` where nothing was, or nothing that makes sense."""
    try:
        document = json.loads(file.read_bytes())
        choice = Choice(document["path"], int(document["chunk_frames"]), dict(document["speeds"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return choice if choice.path in paths and choice.chunk_frames > 0 else None


def _key(spec: Mapping[str, Any], format: AudioFormat, device: torch.device, paths: Sequence[str]) -> str:
    facts = {
        "generator": dict(spec),
        "rate": [format.sample_rate, format.hop_length, format.mels],
        "machine": describe_machine(device),
        "threads": choose_threads(),
        "waiting": [os.environ.get(name, "") for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")],
        "paths": list(paths),
        "onnxruntime": installed_version("onnxruntime"),
        "toolkit": installed_version(DISTRIBUTION),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:32]

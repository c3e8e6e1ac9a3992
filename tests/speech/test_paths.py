from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from torch import Tensor

from toolkit.engine.cache import CACHE_VARIABLE
from toolkit.errors import ToolkitError
from toolkit.speech import paths
from toolkit.speech.audio_format import AudioFormat

FORMAT = AudioFormat()
CPU = torch.device("cpu")
SPEC = {"name": "stand-in"}


@dataclass
class Timed:
    """A decoder whose time is told, not taken."""

    seconds: Callable[[int], float]
    context_frames: int = 20
    hop_length: int = 256
    lengths: list[int] = field(default_factory=list)

    def __call__(self, mel_BMT: Tensor, /) -> Tensor:
        self.lengths.append(mel_BMT.shape[2])
        return torch.zeros(1, 1, mel_BMT.shape[2] * 256)


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Times are those that decoders say, every path is available, and the cache is empty."""

    def once(decoder: Timed, mel: Tensor) -> float:
        decoder(mel)
        return decoder.seconds(mel.shape[2])

    monkeypatch.setattr(paths, "_once", once)
    monkeypatch.setattr(paths, "has_fast_bf16", lambda device: True)
    monkeypatch.setattr(paths, "_can_export", lambda: True)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    return tmp_path / "paths"


def linear(speed: float) -> Timed:
    return Timed(lambda frames: frames / FORMAT.frame_rate / speed)


def test_the_fastest_path_is_chosen_with_its_speed() -> None:
    choice = paths.measure({"float32": linear(50), "bfloat16": linear(100), "onnx": linear(60)}, FORMAT)
    assert choice.path == "bfloat16"
    assert choice.speeds == {"float32": 50.0, "bfloat16": 100.0, "onnx": 60.0}


def test_the_exact_path_wins_where_there_is_nothing_between_them() -> None:
    assert paths.measure({"float32": linear(50), "bfloat16": linear(51)}, FORMAT).path == "float32"


def test_stretches_are_long_where_only_their_surroundings_cost_and_short_where_the_cache_matters() -> None:
    longest = round(8 * FORMAT.frame_rate)
    assert paths.measure({"float32": linear(50)}, FORMAT).chunk_frames == longest

    def outgrows(frames: int) -> float:
        return frames * (1.0 if frames < 200 else 1.5)

    chosen = paths.measure({"float32": Timed(outgrows, context_frames=10)}, FORMAT).chunk_frames
    assert chosen == round(2 * FORMAT.frame_rate)


def test_a_machine_is_measured_once(told: Path) -> None:
    decoders = {"float32": linear(50), "bfloat16": linear(70), "onnx": linear(90)}
    notes: list[str] = []
    first = paths.fastest(decoders.__getitem__, SPEC, FORMAT, CPU, notes=notes)
    assert first.path == "onnx"
    assert len(notes) == 1
    assert "onnx 90x" in notes[0]
    before = len(decoders["onnx"].lengths)
    assert paths.fastest(decoders.__getitem__, SPEC, FORMAT, CPU, notes=notes) == first
    assert len(decoders["onnx"].lengths) == before
    assert len(notes) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"spec": {"name": "other"}},
        {"format": AudioFormat(mels=40)},
        {"allowed": ["float32", "onnx"]},
    ],
    ids=["another network", "another format", "other paths"],
)
def test_what_could_change_the_answer_is_measured_again(told: Path, change: dict[str, object]) -> None:
    settings = {"spec": SPEC, "format": FORMAT, "device": CPU, "allowed": paths.PATHS}
    paths.fastest(lambda path: linear(50), **settings)
    paths.fastest(lambda path: linear(50), **{**settings, **change})
    assert len(list(told.iterdir())) == 2


def test_threads_and_versions_belong_to_the_answer(told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths.fastest(lambda path: linear(50), SPEC, FORMAT, CPU)
    monkeypatch.setattr(paths, "choose_threads", lambda: 77)
    paths.fastest(lambda path: linear(50), SPEC, FORMAT, CPU)
    monkeypatch.setattr(paths, "installed_version", lambda name: f"{name} 99")
    paths.fastest(lambda path: linear(50), SPEC, FORMAT, CPU)
    assert len(list(told.iterdir())) == 3


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"path": "gone", "chunk_frames": 5, "speeds": {}}'])
def test_a_damaged_answer_is_measured_again(told: Path, content: str) -> None:
    paths.fastest(lambda path: linear(50), SPEC, FORMAT, CPU)
    (file,) = told.iterdir()
    file.write_text(content)
    assert paths.fastest(lambda path: linear(50), SPEC, FORMAT, CPU).path == "float32"
    assert json.loads(file.read_text())["path"] == "float32"


def test_a_path_that_cannot_be_opened_is_left_out_with_a_note() -> None:
    def opened(path: str) -> Timed:
        if path == "onnx":
            raise RuntimeError("no such operator")
        return linear(50)

    notes: list[str] = []
    assert paths.fastest(opened, SPEC, FORMAT, CPU, notes=notes).path == "float32"
    assert notes[0] == "the path onnx is left out: RuntimeError: no such operator"


def test_a_plain_path_that_cannot_be_opened_is_an_error() -> None:
    def opened(path: str) -> Timed:
        raise ToolkitError("broken")

    with pytest.raises(ToolkitError, match="broken"):
        paths.fastest(opened, SPEC, FORMAT, CPU)


def test_only_what_a_machine_has_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    assert paths.available_paths(CPU) == ["float32", "bfloat16", "onnx"]
    assert paths.available_paths(torch.device("cuda")) == ["float32", "bfloat16"]  # its runtime computes on the CPU
    monkeypatch.setattr(paths, "has_fast_bf16", lambda device: False)
    monkeypatch.setattr(paths, "_can_export", lambda: False)
    assert paths.available_paths(CPU) == ["float32"]


def test_unmeasured_stretches_are_so_long_that_their_surroundings_cost_little() -> None:
    assert paths.default_chunk(FORMAT, 3) == round(2 * FORMAT.frame_rate)
    assert 2 * 40 / paths.default_chunk(FORMAT, 40) <= 1 / 8

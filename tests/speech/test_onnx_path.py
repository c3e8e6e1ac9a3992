from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tests.speech.vocoders import MELS, VOCOS, mel
from toolkit.config import build
from toolkit.engine.cache import CACHE_VARIABLE
from toolkit.errors import MissingExtraError, ToolkitError
from toolkit.speech.hifigan import HifiGanGenerator
from toolkit.speech.istftnet import IstftNetGenerator
from toolkit.speech.onnx_path import FILE, OnnxDecoder, exportable, onnx_bytes, open_onnx
from toolkit.speech.vocos import VocosGenerator

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

GENERATORS: dict[str, Callable[[], nn.Module]] = {
    "vocos": lambda: VocosGenerator(MELS, 256, 1024, channels=16, hidden=32, blocks=2),
    "hifigan v1": lambda: HifiGanGenerator(MELS, 256, "v1", channels=16),
    "hifigan v3": lambda: HifiGanGenerator(MELS, 256, "v3", channels=16),
    "hifigan, periodic": lambda: HifiGanGenerator(
        MELS, 256, "v3", channels=16, resblock_kernels=[3], dilations=[[1]], activation="snake"
    ),
    "istftnet": lambda: IstftNetGenerator(MELS, 256, channels=16, resblock_kernels=[3], dilations=[[1, 3]]),
}


def generator(name: str = "vocos") -> nn.Module:
    torch.manual_seed(0)
    return GENERATORS[name]().eval().requires_grad_(False)


def decibels(found: Tensor, wanted: Tensor) -> float:
    """How far the difference lies below the signal."""
    return float(10 * torch.log10(wanted.square().sum() / (wanted - found).square().sum()))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache" / "onnx"


@pytest.mark.parametrize("name", GENERATORS)
def test_one_file_does_what_the_network_does_at_any_length_and_batch(name: str) -> None:
    network = generator(name)
    decoder = OnnxDecoder(onnx_bytes(network, MELS), network.context_frames, 256, threads=1)
    for batch, frames in ((1, 1), (3, 2), (2, 77)):
        found, wanted = decoder(mel(frames, batch)), network(mel(frames, batch))
        assert found.shape == wanted.shape == (batch, 1, frames * 256)
        assert decibels(found, wanted) >= 100


def test_making_a_file_leaves_the_network_as_it_is() -> None:
    network = generator("istftnet")
    before, names = network(mel()), list(network.state_dict())
    exportable(network)
    assert torch.equal(network(mel()), before)
    assert list(network.state_dict()) == names


def test_the_file_is_made_once_for_the_same_weights(cache: Path) -> None:
    network = generator()
    first = open_onnx(network, VOCOS, MELS)
    (kept,) = cache.iterdir()
    written = kept.stat().st_ino
    assert torch.equal(open_onnx(network, VOCOS, MELS)(mel()), first(mel()))
    assert [file.stat().st_ino for file in cache.iterdir()] == [written]
    network.head.bias.add_(1.0)
    assert decibels(open_onnx(network, VOCOS, MELS)(mel()), network(mel())) >= 100
    assert len(list(cache.iterdir())) == 2


def test_a_file_in_the_model_folder_is_used_if_it_belongs_to_the_weights(cache: Path, tmp_path: Path) -> None:
    network, notes = generator(), []
    (tmp_path / FILE).write_bytes(onnx_bytes(network, MELS))
    open_onnx(network, VOCOS, MELS, tmp_path, notes=notes)
    assert notes == []
    assert not cache.exists()
    network.head.weight.mul_(3)
    assert decibels(open_onnx(network, VOCOS, MELS, tmp_path, notes=notes)(mel()), network(mel())) >= 100
    assert len(notes) == 1
    assert f"{tmp_path / FILE} does not do what the model's weights do" in notes[0]


@pytest.mark.parametrize("content", [b"", b"no model"])
def test_a_damaged_file_is_told_and_made_again(cache: Path, content: bytes) -> None:
    network, notes = generator(), []
    open_onnx(network, VOCOS, MELS)
    (kept,) = cache.iterdir()
    kept.write_bytes(content)
    assert decibels(open_onnx(network, VOCOS, MELS, notes=notes)(mel()), network(mel())) >= 100
    assert str(kept) in notes[0]
    assert kept.read_bytes() != content


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file"))
    network, notes = generator(), []
    assert decibels(open_onnx(network, VOCOS, MELS, notes=notes)(mel()), network(mel())) >= 100
    assert "could not be kept" in notes[0]


def test_a_model_of_something_else_is_no_decoder(tmp_path: Path) -> None:
    from toolkit.engine.onnx_file import write_onnx

    write_onnx(nn.Linear(2, 2).eval(), {"x": torch.zeros(2, 2)}, tmp_path / "other.onnx", quick=True)
    with pytest.raises(ToolkitError, match="no vocoder"):
        OnnxDecoder(tmp_path / "other.onnx", 0, 256)


def test_without_onnxruntime_the_extra_is_named(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"onnxruntime.*\n.*\[export\]"):
        open_onnx(build("generators", VOCOS).eval(), VOCOS, MELS)

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.speech.sounds import tone
from tests.speech.vocoders import FORMAT, HIFIGAN, MELS, VOCOS, mel, save_vocoder
from toolkit.engine.models import read_model
from toolkit.errors import CheckpointError, ConfigError, DataError, ToolkitError
from toolkit.runs import load
from toolkit.speech import paths
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.eager_path import Bfloat16Decoder, folded, output_layer
from toolkit.speech.level import loudness
from toolkit.speech.mel import LogMel
from toolkit.speech.vocoder_pipeline import VocoderPipeline


@pytest.fixture(scope="module", params=[VOCOS, HIFIGAN], ids=["vocos", "hifigan"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_vocoder(tmp_path_factory.mktemp("vocoder") / "model", request.param)


@pytest.fixture
def pipeline(model: Path) -> VocoderPipeline:
    return load(model, "cpu")


def test_a_model_folder_is_all_that_is_needed(model: Path, pipeline: VocoderPipeline) -> None:
    assert pipeline.modality == "vocoder"
    assert pipeline.format == FORMAT
    assert pipeline.path == "float32"  # the same everywhere, unless something else is asked for
    wave = pipeline.vocode(mel(30, batch=2))
    assert wave.shape == (2, 1, 30 * 256)
    assert torch.equal(load(model, "cpu").vocode(mel(30, batch=2)), wave)
    torch.testing.assert_close(wave, pipeline.module(mel(30, batch=2)), rtol=0, atol=1e-5)


def test_long_mels_are_decoded_in_stretches_and_that_changes_nothing(pipeline: VocoderPipeline) -> None:
    whole = pipeline.module(mel(120))
    pipeline.chunk_frames = 30
    found = pipeline.vocode(mel(120)[0])
    assert (found - whole).abs().max() <= 1e-4 * whole.abs().max()


def test_copies_are_as_long_as_the_recordings(pipeline: VocoderPipeline) -> None:
    for samples in (256, 300, 2048, 5001):
        copy = pipeline.copy_synthesis(torch.from_numpy(tone()[:samples]))
        assert copy.shape == (samples,)
        assert copy.isfinite().all()


def test_the_mel_is_that_of_the_format(pipeline: VocoderPipeline) -> None:
    wave = torch.from_numpy(tone()[: 256 * 20])
    torch.testing.assert_close(pipeline.mel(wave), LogMel(FORMAT)(wave[None]))


def test_streams_are_what_is_made_at_once(pipeline: VocoderPipeline) -> None:
    whole = pipeline.vocode(mel(80))[0, 0]
    for mels in (mel(80)[0], [mel(80)[0, :, :7], mel(80)[0, :, 7:]]):
        pieces = list(pipeline.stream(mels, chunk_seconds=0.3))
        assert len(pieces) > 1
        assert len(pieces[0]) == 9 * 256  # a tenth of a second
        assert (torch.cat(pieces) - whole).abs().max() <= 1e-4 * whole.abs().max()
    wave = torch.from_numpy(tone()[:9001])
    copied = torch.cat(list(pipeline.stream_copy(wave, chunk_seconds=0.2)))
    copy = pipeline.copy_synthesis(wave)
    assert copied.shape == copy.shape
    assert (copied - copy).abs().max() <= 1e-4 * copy.abs().max()


def test_recordings_are_brought_to_the_models_level_and_copies_back(tmp_path: Path) -> None:
    format = AudioFormat(mels=MELS, level=-23.0)
    pipeline = load(save_vocoder(tmp_path / "model", format=format), "cpu")
    wave = tone(0.5)
    quiet = torch.from_numpy(wave * np.float32(0.05))
    torch.testing.assert_close(pipeline.mel(quiet), pipeline.mel(torch.from_numpy(wave)), rtol=0, atol=1e-3)
    loud, soft = pipeline.copy_synthesis(torch.from_numpy(wave)), pipeline.copy_synthesis(quiet)
    assert loudness(loud, 22050) - loudness(soft, 22050) == pytest.approx(20 * np.log10(20), abs=0.1)
    assert pipeline.copy_synthesis(torch.zeros(3000)).isfinite().all()  # silence has no level


@pytest.mark.parametrize("path", ["bfloat16", "onnx"])
def test_every_path_makes_nearly_the_same(pipeline: VocoderPipeline, path: str) -> None:
    if path == "onnx":
        pytest.importorskip("onnxruntime")
    wanted = pipeline.vocode(mel(40))
    with pytest.warns(RuntimeWarning) if _slow(path) else _nothing():
        found = pipeline.compute_in(path).vocode(mel(40))
    assert pipeline.path == path
    assert found.dtype == torch.float32
    decibels = 10 * torch.log10(wanted.square().sum() / (wanted - found).square().sum())
    assert decibels >= (100 if path == "onnx" else 20)
    again = pipeline.compute_in("float32").vocode(mel(40))
    assert torch.equal(again, wanted)


def _slow(path: str) -> bool:
    from toolkit.engine.device import has_fast_bf16

    return path == "bfloat16" and not has_fast_bf16(torch.device("cpu"))


def _nothing() -> object:
    from contextlib import nullcontext

    return nullcontext()


def test_in_bfloat16_the_layer_before_the_samples_stays_in_float32(pipeline: VocoderPipeline) -> None:
    decoder = Bfloat16Decoder(pipeline.generator)
    last = output_layer(decoder.network)
    assert last.weight.dtype == torch.float32
    assert torch.equal(last.weight, output_layer(folded(pipeline.generator)).weight)
    others = {
        value.dtype for value in decoder.network.parameters() if not any(value is own for own in last.parameters())
    }
    assert others == {torch.bfloat16}
    assert {value.dtype for value in pipeline.generator.parameters()} == {torch.float32}


def test_auto_takes_what_was_found_fastest_among_what_the_model_allows(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []

    def fastest(
        open_path: object, spec: object, format: object, device: object, allowed: object, notes: object
    ) -> object:
        asked.append(tuple(allowed))  # type: ignore[call-overload]
        return paths.Choice("float32", 33, {})

    monkeypatch.setattr(paths, "fastest", fastest)
    pipeline = load(model, "cpu").compute_in("auto")
    assert (pipeline.path, pipeline.chunk_frames) == ("float32", 33)
    stored = read_model(model)
    stored.config["paths"] = ["float32", "onnx"]
    VocoderPipeline.from_folder(stored, torch.device("cpu")).compute_in("auto")
    assert asked == [("float32", "bfloat16", "onnx"), ("float32", "onnx")]


def test_mistakes_are_explained(pipeline: VocoderPipeline) -> None:
    with pytest.raises(ToolkitError, match=r"no path 'float16'.*bfloat16"):
        pipeline.compute_in("float16")
    with pytest.raises(ToolkitError, match=r"\[20, frames\], not \[80, 4\]"):
        pipeline.vocode(torch.zeros(1, 80, 4))
    with pytest.raises(ToolkitError, match=r"not \[20, 0\]"):
        pipeline.vocode(torch.zeros(20, 0))
    with pytest.raises(DataError, match="at least one frame of 256"):
        pipeline.copy_synthesis(torch.zeros(255))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"audio": {**FORMAT.to_document(), "mels": 30}}, "mels 20, its audio format 30"),
        ({"audio": {**FORMAT.to_document(), "hop_length": 128}}, "hop_length 256, its audio format 128"),
        ({"audio": {**FORMAT.to_document(), "sample_rate": -1}}, "sample_rate"),
        ({"audio": {"rate": 1}}, "rate: no such field"),
    ],
)
def test_a_model_whose_parts_do_not_fit_is_refused(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    save_vocoder(tmp_path / "model")
    stored = read_model(tmp_path / "model")
    stored.config.update(changes)
    with pytest.raises((CheckpointError, ConfigError), match=words):
        VocoderPipeline.from_folder(stored, torch.device("cpu"))

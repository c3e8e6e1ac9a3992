"""Speaker conversion: a recording's timing and melody, another speaker's voice."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import toolkit
from tests.speech.vocoders import VOCOS, save_vocoder
from tests.speech.voice.small import network, save_voice, texts
from toolkit.cli import main
from toolkit.errors import DataError, ToolkitError
from toolkit.speech.files import write_audio
from toolkit.speech.voice.conversion import measure_recording, plan_conversion
from toolkit.speech.voice.pipeline import VoicePipeline
from toolkit.speech.voice.synthesis import decode_planned, units_batch

pytest.importorskip("librosa", reason="the package 'librosa' (extra 'speech') is not installed")
VARIANTS = ("m3", "f2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("voices")
    data = texts(variants=VARIANTS)
    save_vocoder(place / "vocoder", {**VOCOS, "mels": 20}, data.format)
    return save_voice(place / "voice", data, vocoder=str(place / "vocoder"))


@pytest.fixture
def voice(folder: Path) -> VoicePipeline:
    return toolkit.load(folder, device="cpu")


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A sentence of the data by its first speaker, as a file."""
    data = texts(variants=VARIANTS)
    entry = next(data.entry(place) for place in range(len(data)) if data.entry(place).speaker == "m3")
    file = tmp_path_factory.mktemp("recording") / "said.wav"
    write_audio(file, entry.audio / 32768, data.format.sample_rate)
    return file, entry.text


def test_the_timing_is_that_of_the_recording(voice: VoicePipeline, recording: tuple[Path, str]) -> None:
    file, text = recording
    mel, _ = measure_recording(file, voice.format)
    said = voice.convert(file, text, speaker="f2", recorded="m3")
    assert len(said.wave) == len(mel) * voice.format.hop_length
    spoken = next(voice.speak(text, speaker="f2"))
    assert len(spoken.wave) != len(said.wave), "left to itself the voice has another timing"
    assert said.phones[-1].end == pytest.approx(len(said.wave) / voice.format.sample_rate, abs=0.02)


def test_the_same_speaker_gives_what_the_model_was_taught(recording: tuple[Path, str]) -> None:
    data = texts(variants=VARIANTS)
    _, model = network(data)
    model.eval()
    place = next(place for place in range(len(data)) if data.entry(place).text == recording[1])
    item, own = data[place], data.speakers.index("m3")
    batch = units_batch(data.entry(place).units, data.inventory, own, torch.device("cpu"))
    mel, pitch = torch.from_numpy(item["mel"]), torch.from_numpy(item["pitch"])
    planned = {speaker: plan_conversion(model, batch, mel, pitch, speaker) for speaker in (own, 1 - own)}
    with torch.no_grad():
        rows = (batch.symbols, batch.stress, batch.initial, batch.speaker)
        taught = model(*rows, mel[None], pitch[None], torch.tensor([len(mel)]))
        same, other = (decode_planned(model, planned[speaker], 0, len(mel)) for speaker in (own, 1 - own))
    assert torch.allclose(same, taught.mel[0], atol=1e-4)
    assert torch.equal(planned[own].durations, planned[1 - own].durations)
    assert (same - other).abs().mean() > 1e-3


def test_what_cannot_be_converted_is_explained(
    voice: VoicePipeline, recording: tuple[Path, str], tmp_path: Path
) -> None:
    file, text = recording
    with pytest.raises(DataError, match="nothing to say"):
        voice.convert(file, "...")
    with pytest.raises(ToolkitError, match="no speaker 'anna'"):
        voice.convert(file, text, speaker="anna")
    with pytest.raises(DataError, match="do not belong together"):
        voice.convert(file, text * 40)
    write_audio(tmp_path / "silent.wav", np.zeros(16000), 16000)
    with pytest.raises(DataError, match="nothing in it is voiced"):
        voice.convert(tmp_path / "silent.wav", text)


def test_the_command(
    folder: Path, recording: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, text = recording
    given = ["generate", "speech", str(folder), "--text", text, "--speaker", "f2", "--out", str(tmp_path / "new.wav")]
    with pytest.raises(SystemExit) as ended:
        main([*given, "--convert", str(file), "--recorded", "m3", "--json"])
    assert ended.value.code == 0
    found = json.loads(capsys.readouterr().out)
    assert found["seconds_of_audio"] > 0.3
    assert len(found["phones"]) > 5
    with pytest.raises(SystemExit) as ended:
        main([*given, "--recorded", "m3"])
    assert ended.value.code == 2
    assert "--recorded" in capsys.readouterr().err

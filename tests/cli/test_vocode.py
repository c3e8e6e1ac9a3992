from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.speech.sounds import tone, write
from tests.speech.vocoders import FORMAT, mel, save_vocoder
from tests.tiny import refused, toolkit
from toolkit.engine.cache import CACHE_VARIABLE

SECONDS = 0.5


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_vocoder(tmp_path_factory.mktemp("vocoder") / "model")


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    return write(tmp_path / "in.wav", tone(SECONDS))


def test_a_recording_is_copied_and_timed(model: Path, wav: Path, tmp_path: Path) -> None:
    arguments = ("vocode", model, wav, "--out", tmp_path / "out.wav", "--path", "float32")
    told = toolkit(*arguments, "--json").json
    assert told["model"] == str(model)
    assert told["path"] == "float32"
    assert told["seconds_of_audio"] == pytest.approx(SECONDS)
    assert told["real_time_factor"] == pytest.approx(SECONDS / told["seconds_taken"])
    assert (told["failed"], told["notes"]) == ([], [])
    assert [entry["file"] for entry in told["files"]] == [str(tmp_path / "out.wav")]
    assert "seconds_until_first_audio" not in told
    info = soundfile.info(tmp_path / "out.wav")
    assert (info.samplerate, info.frames, info.subtype) == (22050, round(SECONDS * 22050), "PCM_16")
    outcome = toolkit(*arguments)
    assert outcome.out.startswith(f"{tmp_path / 'out.wav'}  0.50 s of audio in ")
    assert outcome.out.endswith("x real time\n")


def test_a_stream_tells_when_it_was_first_heard(model: Path, wav: Path, tmp_path: Path) -> None:
    arguments = ("vocode", model, wav, "--out", tmp_path / "out.wav", "--stream", "--precision", "float32")
    told = toolkit(*arguments, "--json").json
    assert 0 < told["seconds_until_first_audio"] <= told["seconds_taken"]
    assert soundfile.info(tmp_path / "out.wav").frames == round(SECONDS * 22050)
    assert "first audio after " in toolkit(*arguments).out


def test_the_path_is_measured_once_and_said(
    model: Path, wav: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    first = toolkit("vocode", model, wav, "--out", tmp_path / "out.wav", "--json").json
    assert first["path"] in ("float32", "bfloat16", "onnx")
    assert any("fastest" in note for note in first["notes"])
    again = toolkit("vocode", model, wav, "--out", tmp_path / "out.wav", "--json").json
    assert (again["path"], again["notes"]) == (first["path"], [])


def test_onnx_makes_the_same(model: Path, wav: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    for path in ("onnx", "float32"):
        toolkit("vocode", model, wav, "--out", tmp_path / f"{path}.wav", "--path", path)
    one, other = (soundfile.read(tmp_path / f"{path}.wav", dtype="int16")[0] for path in ("onnx", "float32"))
    assert np.abs(one.astype(int) - other).max() <= 1


def test_bad_files_are_told_the_others_done_and_the_status_is_1(model: Path, wav: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    write(folder / "good.flac", tone(SECONDS))
    (folder / "bad.wav").write_text("no audio")
    (folder / "bands.npy").write_bytes(b"no array")
    arguments = ("vocode", model, folder, wav, "--out", tmp_path / "out", "--path", "float32")
    outcome = toolkit(*arguments, "--json")
    assert outcome.code == 1
    assert outcome.err.count("error: ") == 2
    assert "Traceback" not in outcome.err
    told = outcome.json
    assert {Path(entry["input"]).name for entry in told["failed"]} == {"bad.wav", "bands.npy"}
    assert all(entry["error"] for entry in told["failed"])
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["good.wav", "in.wav"]
    assert "2 of 4 files written" in toolkit(*arguments).out


def test_mels_are_vocoded_if_they_are_of_the_models_format(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.npy"
    np.save(path, mel(20)[0].numpy())
    arguments = ("vocode", model, path, "--out", tmp_path / "out.wav", "--path", "float32", "--json")
    told = toolkit(*arguments).json
    assert told["seconds_of_audio"] == pytest.approx(20 * 256 / 22050)
    assert "could not be checked" in told["notes"][0]
    path.with_suffix(".json").write_text(json.dumps(FORMAT.to_document()))
    assert toolkit(*arguments).json["notes"] == []
    path.with_suffix(".json").write_text(json.dumps({**FORMAT.to_document(), "fmax": None, "sample_rate": 16000}))
    outcome = toolkit(*arguments)
    assert outcome.code == 1
    assert "sample_rate: 22050" in outcome.err
    assert "fmax: 8000.0" in outcome.err


def test_mistakes_are_explained_and_write_nothing(model: Path, wav: Path, tmp_path: Path, trained: Path) -> None:
    out = tmp_path / "out.wav"
    assert "nosuch" in refused("vocode", tmp_path / "nosuch", wav, "--out", out)
    assert "image, no vocoder" in refused("vocode", trained, wav, "--out", out)
    assert "would replace the input" in refused("vocode", model, wav, "--out", wav)
    assert "Missing option '--out'" in refused("vocode", model, wav)
    assert "Invalid value" in refused("vocode", model, wav, "--out", out, "--path", "int8")
    assert "unknown device" in refused("vocode", model, wav, "--out", out, "--device", "gpu")
    assert not out.exists()


def test_a_vocoder_is_exported_for_any_length(model: Path, tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    told = toolkit("export", model, "--to", "onnx", "--out", tmp_path / "out", "--json").json
    assert told["largest_difference"] < 1e-5
    session = runtime.InferenceSession(told["file"], providers=["CPUExecutionProvider"])
    for batch, frames in ((1, 3), (2, 150)):
        (wave,) = session.run(None, {"mel": mel(frames, batch).numpy()})
        assert wave.shape == (batch, 1, frames * 256)

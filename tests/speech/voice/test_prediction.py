"""What a voice predicts for recordings is what a vocoder can be fine-tuned on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import toolkit
from tests.speech.voice.small import save_voice, texts
from tests.speech.voice.test_recorded import collection
from toolkit.cli.predict import predict
from toolkit.errors import DataError, ToolkitError
from toolkit.speech.recordings import Recordings
from toolkit.speech.voice.prediction import predict_mels

pytest.importorskip("librosa", reason="the package 'librosa' (extra 'speech') is not installed")


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_voice(tmp_path_factory.mktemp("voice"), texts())


def test_a_vocoder_finds_a_spectrogram_beside_every_recording(voice: Path, tmp_path: Path) -> None:
    folder = collection(tmp_path / "data")
    done = CliRunner().invoke(
        predict, [str(voice), "--data", str(folder), "--out", str(tmp_path / "mels"), "--json"], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["recordings"] == 6
    assert told["mel_l1"] > 0
    learned = Recordings(str(folder), sample_rate=16000, level=None, mels=str(tmp_path / "mels"), cache=False)
    assert len(learned) == 6
    assert not learned.problems
    for place in range(6):
        item = learned[place]
        assert item["mel"].shape == (20, len(item["audio"]) // 256)
        assert np.isfinite(item["mel"]).all()


def test_mistakes_are_told(voice: Path, tmp_path: Path) -> None:
    pipeline = toolkit.load(voice)
    with pytest.raises(DataError):
        predict_mels(pipeline, tmp_path / "nowhere", tmp_path / "mels")
    with pytest.raises(ToolkitError, match="no speaker 'anna'"):
        predict_mels(pipeline, collection(tmp_path / "data"), tmp_path / "mels", speaker="anna")
    assert not (tmp_path / "mels").exists()

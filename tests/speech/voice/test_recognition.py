"""The recogniser of phonemes: it learns to hear tones, and judges voices with its own error as the ceiling."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import toolkit
from tests.speech.voice.small import save_voice, texts
from toolkit.adversarial.estimators import Draw
from toolkit.adversarial.terms import Offer
from toolkit.config import build
from toolkit.data.sequences import padded
from toolkit.data.source import Subset
from toolkit.engine.models import save_model
from toolkit.engine.randomness import Noise
from toolkit.errors import DataError
from toolkit.speech.voice.evaluation import evaluate_voice, warped
from toolkit.speech.voice.recognition_task import Ctc, RecognitionTask
from toolkit.speech.voice.recognizer import PhonemeRecognizer
from toolkit.speech.voice.recognizing import RecognizerPipeline

SPEC = {"name": "phoneme_recognizer", "width": 32, "blocks": 2, "dropout": 0.0}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recogniser that has learned twelve sentences by heart."""
    data = texts()
    task = RecognitionTask(bands=0, frames=0)
    context = task.open(data)
    torch.manual_seed(0)
    network: PhonemeRecognizer = build("generators", SPEC, **context)
    batch = padded([data[place] for place in range(12)], {})
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    draw = Draw(Noise(0, 0, torch.arange(12), "test"), None)
    for _ in range(90):
        loss = Ctc()(Offer(batch, task.generate(network, batch, draw), None)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    folder = tmp_path_factory.mktemp("ears") / "model"
    described = {"pipeline": "phoneme_recognizer", "generator": {**SPEC, **context}, **task.model_config(network)}
    save_model(folder, network.state_dict(), described, "# Card\n", task.files())
    return folder


def test_it_hears_what_it_has_learned_and_not_what_it_has_not(trained: Path):
    ears: RecognizerPipeline = toolkit.load(trained, device="cpu")
    data = texts()
    errors = [ears.error(data.wave(place), data.entry(place).units) for place in range(12)]
    assert np.mean(errors) < 0.3
    wrong = ears.error(data.wave(0), data.entry(1).units)
    assert wrong > 0.5


def test_a_voice_is_judged_beside_its_recordings(trained: Path, tmp_path: Path):
    data = texts()
    voice = toolkit.load(save_voice(tmp_path / "v", data, vocoder=None), device="cpu")
    found = evaluate_voice(voice, Subset(data, range(3)), None, 2, 0, recognizer=trained)
    assert found["samples"] == 2
    assert found["rows"]["recordings"]["phoneme_error"] < 0.3 < found["rows"]["voice"]["phoneme_error"]
    assert set(found["metrics"]) == {"phoneme_error", "duration_error", "mel_error", "f0_error"} - (
        set() if "f0_error" in found["metrics"] else {"f0_error"}
    )
    assert "recordings" in found["table"]
    without = evaluate_voice(voice, Subset(data, range(2)), ["duration_error"], None, 0)
    assert set(without["metrics"]) == {"duration_error"}
    with pytest.raises(DataError, match="no number 'pesq'"):
        evaluate_voice(voice, data, ["pesq"], None, 0)


def test_a_settings_of_translators_means_nothing_to_a_voice(tmp_path: Path):
    voice = toolkit.load(save_voice(tmp_path / "v", texts(), vocoder=None), device="cpu")
    with pytest.raises(DataError, match="--beam"):
        voice.evaluate(texts(), None, 1, 0, beam=3)


def test_time_warping_pairs_frames_of_equal_content():
    first = np.eye(4)[[0, 1, 2, 3]]
    second = np.eye(4)[[0, 0, 1, 2, 2, 3]]
    pairs = warped(first, second)
    assert all((first[a] == second[b]).all() for a, b in pairs)
    assert pairs[0].tolist() == [0, 0]
    assert pairs[-1].tolist() == [3, 5]


def test_blanking_out_leaves_the_data_as_it_was():
    data = texts()
    item = data[0]
    before = item["mel"].copy()
    transform = RecognitionTask(bands=5, frames=5).transform()
    assert transform is not None
    changed = transform(item, np.random.default_rng(1))
    assert np.array_equal(item["mel"], before)
    assert not np.array_equal(changed["mel"], before)
    assert changed["mel"].shape == before.shape

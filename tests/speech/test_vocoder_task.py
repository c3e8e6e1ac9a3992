"""Vocoding as a game: what the players are given, what is shown and measured, and a run from end to end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import toolkit
from tests.speech.sounds import tone
from toolkit.adversarial.estimators import Draw
from toolkit.config import build
from toolkit.data.digits import Digits
from toolkit.engine.randomness import Noise
from toolkit.errors import ConfigError, DataError, ToolkitError
from toolkit.speech.files import write_audio
from toolkit.speech.vocoder_task import VocoderTask
from toolkit.speech.vocos import VocosGenerator

HOP, SEGMENT, RATE = 64, 1024, 8000
FORMAT: dict[str, Any] = {"n_fft": 256, "hop_length": HOP, "win_length": 256, "mels": 20, "fmax": None}


class Tones:
    """Eight tones of half a second, of different lengths."""

    classes: tuple[str, ...] = ()
    sample_rate = RATE
    level = None

    def __init__(self) -> None:
        self.problems: list[Any] = []

    def __len__(self) -> int:
        return 8

    def key(self, index: int) -> str:
        return f"tone-{index}"

    def split_of(self, index: int) -> str | None:
        return None

    def __getitem__(self, index: int) -> dict[str, Any]:
        wave = 0.3 * np.sin(2 * np.pi * (200 + 100 * index) * np.arange(4000 + 10 * index) / RATE)
        return {"audio": (wave * 32768).astype(np.int16)}


def opened(**settings: Any) -> VocoderTask:
    task = VocoderTask(segment=SEGMENT, **{**FORMAT, "metrics": [build("paired_metrics", "mel_distance")], **settings})
    task.open(Tones())
    return task


def batch_of(count: int = 2) -> dict[str, torch.Tensor]:
    transform = opened().transform()
    assert transform is not None
    items = [transform(Tones()[place], np.random.default_rng(place)) for place in range(count)]
    return {"audio": torch.stack([torch.from_numpy(item["audio"]) for item in items])}


def draw(count: int = 2) -> Draw:
    return Draw(Noise(0, 0, torch.arange(count), "test"), None)


def small_generator() -> VocosGenerator:
    torch.manual_seed(0)
    return VocosGenerator(mels=20, hop_length=HOP, n_fft=256, channels=16, hidden=32, blocks=2)


def test_the_generator_hears_the_mel_of_the_very_stretch_it_is_compared_with() -> None:
    task, batch = opened(), batch_of()
    heard: list[torch.Tensor] = []
    generator = small_generator()
    generator.register_forward_pre_hook(lambda module, inputs: heard.append(inputs[0]))
    output = task.generate(generator, batch, draw())
    real = task.real(batch)
    assert output.data.shape == real.shape == (2, 1, SEGMENT)
    torch.testing.assert_close(heard[0], task.mel(real))


def test_a_predicted_mel_in_the_batch_is_taken_instead() -> None:
    task, batch = opened(), batch_of()
    heard: list[torch.Tensor] = []
    generator = small_generator()
    generator.register_forward_pre_hook(lambda module, inputs: heard.append(inputs[0]))
    predicted = torch.randn(2, 20, SEGMENT // HOP)
    task.generate(generator, {**batch, "mel": predicted}, draw())
    torch.testing.assert_close(heard[0], predicted)


def test_the_format_is_that_of_the_data_and_is_stored_in_the_model() -> None:
    task = opened()
    assert task.format.sample_rate == RATE
    assert task.model_config(torch.nn.Identity())["audio"]["mels"] == 20


def test_data_without_a_sample_rate_is_refused() -> None:
    with pytest.raises(DataError, match="recordings"):
        VocoderTask().open(Digits())


@pytest.mark.parametrize("settings", [{"segment": 1000}, {"segment": 256, "n_fft": 512}, {"gain": -1.0}])
def test_impossible_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"segment|gain"):
        build("tasks", {"name": "vocoder", "hop_length": 64, "n_fft": 256, "win_length": 256, **settings})


def test_the_preview_can_be_heard_and_seen(tmp_path: Path) -> None:
    opened().preview(
        small_generator().eval(), Tones(), tmp_path / "samples-1.png", count=2, seed=0, device=torch.device("cpu")
    )
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["real-1.wav", "real-2.wav", "samples-1-1.wav", "samples-1-2.wav", "samples-1.png"]


def test_measuring_prefers_the_recording_itself() -> None:
    task = opened()
    found = task.measure(
        small_generator().eval(),
        Tones(),
        None,
        extractor=build("extractors", "pixels"),
        metrics=[],
        samples=4,
        seed=0,
        device=torch.device("cpu"),
    )
    assert found["mel_distance"] > 0.5
    assert found["mel_distance_half_width"] > 0


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("voice")
    for place in range(24):
        write_audio(folder / f"clip-{place:02}.wav", tone(0.8, 16000, 220 + 20 * place), 16000)
    write_audio(folder / "silent.wav", np.zeros(16000, np.float32), 16000)
    (folder / "broken.flac").write_bytes(b"fLaC and no more")
    return folder


TINY = [
    "trainer.steps=6",
    "trainer.batch_size=2",
    "trainer.generator_warmup=4",
    "trainer.evaluate_every=null",
    "trainer.samples_every=null",
    "generator.channels=16",
    "generator.hidden=32",
    "generator.blocks=2",
    "discriminators.period.width=2",
    "discriminators.resolution.channels=2",
    "task.segment=4096",
    "report.trackers=[]",
    "report.evaluation_samples=2",
    "engine.device=cpu",
]


def test_a_folder_of_recordings_becomes_a_vocoder_in_one_call(voice: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    started = toolkit.start("vocoder", voice, tmp_path / "run", TINY, quiet=True, say=lines.append)
    words = "\n".join(lines)
    assert "24 recordings" in words
    assert "silent" in words
    assert "broken" in words
    assert "sample rate 16,000 Hz" in words
    assert started.result.step == 6
    assert len(started.result.skipped) == 2
    pipeline = toolkit.load(tmp_path / "run")
    assert pipeline.format.sample_rate == 16000
    copy = pipeline.copy_synthesis(torch.from_numpy(tone(0.5, 16000, 300)))
    assert copy.shape == (8000,)
    again = toolkit.start("vocoder", voice, tmp_path / "run", [], quiet=True, say=lines.append)
    assert again.state == "finished"


def test_a_vocoder_is_evaluated_beside_griffin_lim(voice: Path, tmp_path: Path) -> None:
    toolkit.start("vocoder", voice, tmp_path / "run", TINY, quiet=True, say=lambda text: None)
    found = toolkit.evaluate(tmp_path / "run", real=voice, metrics=["mel_distance"], samples=3)
    assert found["samples"] == 3
    assert found["metrics"]["mel_distance"] > found["rows"]["griffin-lim"]["scores"]["mel_distance"]["mean"]
    assert found["real_time_factor"] > 0
    assert "griffin-lim" in found["table"]
    with pytest.raises(ToolkitError, match="--features"):
        toolkit.evaluate(tmp_path / "run", real=voice, features="pixels")


def test_an_empty_folder_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no recordings"):
        toolkit.start("vocoder", tmp_path, tmp_path / "run", quiet=True, say=lambda text: None)
    assert not (tmp_path / "run").exists()

"""Text to wave in one game: stretches belong together, gradients reach the text, voices of two parts become one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import toolkit
from tests.recipes.smoke import SMALL_ACOUSTIC, SMOKE, TONES
from tests.speech.voice.small import NETWORK, network, save_voice, texts
from toolkit.adversarial.estimators import Draw
from toolkit.config import build
from toolkit.data.sequences import padded
from toolkit.engine.models import read_model, save_model
from toolkit.engine.randomness import Noise
from toolkit.errors import CheckpointError, ConfigError
from toolkit.speech.segments import FULL_SCALE
from toolkit.speech.voice.wave_task import RandomStretch, WaveTask, stretch_of

pytest.importorskip("librosa", reason="the package 'librosa' (extra 'speech') is not installed")

SOUND: dict[str, Any] = {
    "name": "vocos",
    "mels": 20,
    "hop_length": 256,
    "n_fft": 1024,
    "channels": 16,
    "hidden": 32,
    "blocks": 1,
}


def opened(segment: int = 2048) -> tuple[WaveTask, Any, Any]:
    data = texts()
    task = WaveTask(segment)
    context = task.open(data)
    torch.manual_seed(0)
    return task, build("generators", {**NETWORK, "sound": SOUND}, **context), data


def stretched(task: WaveTask, data: Any, places: list[int]) -> dict[str, torch.Tensor]:
    transform = task.transform()
    assert transform is not None
    return padded([transform(data[place], np.random.default_rng(place)) for place in places], {})


def generated(task: WaveTask, model: Any, batch: dict[str, torch.Tensor]) -> Any:
    return task.generate(model, batch, Draw(Noise(0, 0, torch.arange(len(batch["frames"])), "test"), None))


def vocoder(folder: Path, data: Any) -> Path:
    made = build("generators", SOUND)
    save_model(
        folder,
        made.state_dict(),
        {"pipeline": "vocoder", "audio": data.format.to_document(), "generator": SOUND},
        "# Card\n",
    )
    return folder


def test_the_stretch_of_the_wave_is_that_of_the_frames():
    data = texts()
    item = RandomStretch(data, 8)(data[3], np.random.default_rng(1))
    first, audio = item["stretch"], data.entry(3).audio
    assert np.allclose(item["audio"], audio[first * 256 : (first + 8) * 256] / FULL_SCALE)
    mel = torch.from_numpy(data[3]["mel"])[None]
    frames = torch.tensor([data[3]["frames"]])
    chosen = stretch_of(mel, torch.tensor([first]), frames, 8, data.format)
    assert torch.equal(chosen[0], mel[0, first : first + 8].T)


def test_behind_a_short_sentence_there_is_silence():
    data = texts()
    frames = data[0]["frames"]
    item = RandomStretch(data, frames + 5)(data[0], np.random.default_rng(0))
    assert item["stretch"] == 0
    assert not item["audio"][-5 * 256 :].any()
    mel = torch.from_numpy(data[0]["mel"])[None]
    chosen = stretch_of(mel, torch.tensor([0]), torch.tensor([frames]), frames + 5, data.format)
    assert torch.allclose(chosen[0, :, -5:], torch.tensor(data.format.floor).log())


def test_what_the_wave_sounds_like_reaches_the_text():
    task, model, data = opened()
    batch = stretched(task, data, [0, 1])
    output = generated(task, model, batch)
    real = task.real(batch)
    assert output.data.shape == real.shape == (2, 1, 2048)
    (output.data - real).square().sum().backward()
    assert model.symbol.weight.grad.abs().sum() > 0
    assert model.sound.head.weight.grad.abs().sum() > 0


def test_a_voice_of_two_parts_becomes_one_that_sounds_the_same(tmp_path: Path):
    task, model, data = opened()
    vocoder(tmp_path / "vocoder", data)
    voice = save_voice(tmp_path / "voice", data, vocoder=str(tmp_path / "vocoder"))
    model.load_state_dict(task.start_weights(read_model(voice)))
    config = {"pipeline": "voice", "generator": {**NETWORK, "sound": SOUND, **task.open(data)}}
    for name in ("sample_rate", "hop_length", "n_fft"):
        del config["generator"][name]
    save_model(tmp_path / "one", model.state_dict(), {**config, **task.model_config(model)}, "# Card\n", task.files())
    said = [
        torch.cat([one.wave for one in toolkit.load(tmp_path / name).speak("one two")]) for name in ("voice", "one")
    ]
    assert said[0].abs().sum() > 0
    assert torch.allclose(said[0], said[1], atol=1e-6)
    assert task.start_weights(read_model(tmp_path / "one")).keys() == model.state_dict().keys()


def test_a_start_that_does_not_fit_is_refused(tmp_path: Path):
    task, _, data = opened()
    with pytest.raises(CheckpointError, match="no voice"):
        task.start_weights(read_model(vocoder(tmp_path / "vocoder", data)))
    with pytest.raises(CheckpointError, match="names no vocoder"):
        task.start_weights(read_model(save_voice(tmp_path / "mute", data)))
    other = save_voice(tmp_path / "other", data)
    (other / "inventory.json").write_text("{}")
    with pytest.raises(CheckpointError, match="other units"):
        task.start_weights(read_model(other))


def test_settings_that_cannot_work_are_refused():
    with pytest.raises(ConfigError, match="multiple of the hop"):
        WaveTask(1000).open(texts())
    task, model = network(texts())
    wave = WaveTask(2048)
    wave.open(texts())
    with pytest.raises(ConfigError, match=r"generator\.sound"):
        generated(wave, model, stretched(wave, texts(), [0]))
    context = task.open(texts())
    with pytest.raises(ConfigError, match=r"sound\.mels"):
        build("generators", {**NETWORK, "sound": {**SOUND, "mels": 21}}, **context)


def test_a_run_trains_measures_and_speaks(tmp_path: Path):
    sound = ["generator.sound.channels=16", "generator.sound.hidden=32", "generator.sound.blocks=1"]
    light = ["discriminators.period.width=2", "discriminators.resolution.channels=2"]
    data = ["data={name: espeak_voice}", *TONES, "data.fmax=8000", "data.level=null"]
    small = [*SMOKE, *SMALL_ACOUSTIC, *sound, *light, *data, "start=null", "task.segment=2048", "split=null"]
    run = toolkit.train(
        "speech/end_to_end",
        tmp_path / "run",
        [*small, "trainer.steps=2", "trainer.evaluate_every=2", "report.evaluation_samples=2"],
        quiet=True,
    )
    assert run.step == 2
    voice = toolkit.load(tmp_path / "run")
    assert voice.sounder.name == "its own"
    spoken = list(voice.speak("one two"))
    assert len(spoken[0].wave) > 1000
    streamed = torch.cat(list(voice.stream("one two")))
    assert torch.allclose(streamed, torch.cat([one.wave for one in spoken]), atol=1e-4)

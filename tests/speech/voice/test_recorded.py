"""Folders of recordings with texts: what is good is used, what is not is named, and no cache is stale."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from toolkit.config import build, load_recipe
from toolkit.data.splits import split
from toolkit.engine.cache import CACHE_VARIABLE
from toolkit.errors import DataError, ToolkitError
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.voice.feature_cache import features_of
from toolkit.speech.voice.frames import FrameMeasurer, continuous
from toolkit.speech.voice.recorded import RecordedTexts
from toolkit.speech.voice.start import VoiceStarter
from toolkit.speech.voice.tones import speak_tones
from toolkit.speech.voice.units import units_of

pytest.importorskip("librosa", reason="the package 'librosa' (extra 'speech') is not installed")

SMALL = {"phonemizer": "characters", "sample_rate": 16000, "mels": 20, "fmax": None, "cache": False, "level": None}
WORDS = ["one good day", "two more days", "three of them", "four in a row", "five and six", "seven at once"]


def write(folder: Path, name: str, text: str, rate: int = 16000, channels: int = 1, subtype: str = "PCM_16") -> None:
    wave, _ = speak_tones(units_of(tuple(text.replace(" ", ""))), rate, np.random.default_rng(len(text)))
    (folder / "wavs").mkdir(parents=True, exist_ok=True)
    wave = 0.9 * wave / np.abs(wave).max()
    soundfile.write(folder / "wavs" / f"{name}.wav", np.stack([wave] * channels, 1), rate, subtype)


def collection(folder: Path, count: int = 6) -> Path:
    lines = []
    for number in range(count):
        text = WORDS[number % len(WORDS)]
        write(folder, f"r{number}", text)
        lines.append(f"r{number}|{text}.")
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n")
    return folder


def opened(folder: Path, **changes: object) -> RecordedTexts:
    made: RecordedTexts = build("datasets", {"name": "spoken_texts", "path": str(folder), **SMALL, **changes})
    return made


def test_recordings_come_with_their_texts_as_units_and_frames(tmp_path: Path):
    data = opened(collection(tmp_path))
    assert len(data) == 6
    item = data[0]
    assert data.inventory.decode(item["symbols"]) == ("^", *"onegoodday", ".")
    assert item["mel"].shape == (item["frames"], 20)
    assert item["pitch"].shape == (item["frames"],)
    assert np.exp(np.median(item["pitch"])) == pytest.approx(110, rel=0.03)
    assert data.lengths[0].tolist() == [12, item["frames"]]


def test_everything_that_is_wrong_is_left_out_and_named(tmp_path: Path):
    folder = collection(tmp_path)
    rate = 16000
    soundfile.write(folder / "wavs" / "three.wav", np.zeros(3), rate)
    soundfile.write(folder / "wavs" / "silent.wav", np.zeros(rate), rate)
    soundfile.write(folder / "wavs" / "clipped.wav", np.sign(np.sin(np.arange(rate) / 9)), rate)
    nan = np.sin(np.arange(rate) / 9).astype(np.float32)
    nan[50] = np.nan
    soundfile.write(folder / "wavs" / "nan.wav", nan, rate, "FLOAT")
    write(folder, "slow", "one day")
    write(folder, "emoji", "one day")
    write(folder, "none", "no text")
    broken = ["three", "silent", "clipped", "nan"]
    lines = [f"{name}|Something." for name in broken]
    lines += [
        f"slow|{'A good deal more of text than anybody says in so short a time. ' * 4}",
        "emoji|One 😀 day.",
        "ghost|Boo.",
    ]
    with (folder / "metadata.csv").open("a") as file:
        file.write("\n".join(lines) + "\n")
    data = opened(folder)
    assert len(data) == 6
    told = {problem.path: problem.reason for problem in data.problems}
    for name in broken:
        assert any(f"{name}.wav" in path for path in told), name
    assert "too long for its recording" in told["metadata.csv, line 11"]
    assert "😀" in told["metadata.csv, line 12"]
    assert told["metadata.csv, line 13"] == "there is no recording 'ghost'"
    assert "no text" in told["wavs/none"]


def test_a_text_that_belongs_to_another_recording_is_found_by_its_rate(tmp_path: Path):
    folder = collection(tmp_path)
    with (folder / "metadata.csv").open("a") as file:
        file.write("odd|No.\n")
    write(folder, "odd", "a long recording with hardly a word in its text")
    data = opened(folder)
    (problem,) = data.problems
    assert problem.path == "metadata.csv, line 7"
    assert "units a second" in problem.reason


def test_stereo_eight_bits_and_other_rates_are_brought_to_one_form(tmp_path: Path):
    folder = collection(tmp_path)
    write(folder, "r0", WORDS[0], channels=2)
    write(folder, "r1", WORDS[1], subtype="PCM_U8")
    write(folder, "r2", WORDS[2], rate=96000)
    data = opened(folder)
    assert len(data) == 6
    assert data.problems == []
    assert "resampled from 96000 Hz" in data.note


def test_speakers_are_folders(tmp_path: Path):
    for name in ("ann", "bob"):
        collection(tmp_path / name / "wavs", 3)
    lines = [f"{name}/wavs/wavs/r{number}|{WORDS[number]}." for name in ("ann", "bob") for number in range(3)]
    (tmp_path / "metadata.csv").write_text("\n".join(lines))
    data = opened(tmp_path, speakers="folders")
    assert data.speakers == ("ann", "bob")
    assert {data.entry(place).speaker for place in range(len(data))} == {"ann", "bob"}
    assert data[0]["speaker"] == 0


def test_features_are_measured_once_and_again_when_a_recording_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    calls: list[int] = []
    real = FrameMeasurer.mel
    monkeypatch.setattr(FrameMeasurer, "mel", lambda self, wave: calls.append(1) or real(self, wave))
    format = AudioFormat(sample_rate=16000, mels=20, fmax=None)
    recordings = [(np.sin(np.arange(9000 + n) / 20) * 9000).astype(np.int16) for n in range(2)]
    first = features_of(recordings, format)
    again = features_of(recordings, format)
    assert len(calls) == 2
    assert np.array_equal(first.mel, again.mel)
    recordings[1] = recordings[1].copy()
    recordings[1][7] += 1
    features_of(recordings, format)
    assert len(calls) == 4
    for file in (tmp_path / "cache").rglob("*.npz"):  # as an interruption could leave it
        file.write_bytes(file.read_bytes()[:100])
    assert np.array_equal(features_of(recordings, format).ends, first.ends)
    assert len(calls) == 6


def test_pitch_is_drawn_on_through_what_is_unvoiced():
    assert continuous(np.array([0, 4.0, 0, 6.0, 0], np.float32)).tolist() == [4, 4, 5, 6, 6]
    assert not continuous(np.zeros(3, np.float32)).any()


def test_a_folder_without_texts_is_refused(tmp_path: Path):
    write(tmp_path, "a", "hello")
    with pytest.raises(DataError, match="no texts"):
        opened(tmp_path)


def test_the_starter_writes_a_recipe_and_says_what_it_saw(tmp_path: Path):
    folder = collection(tmp_path / "my_voice")
    with (folder / "metadata.csv").open("a") as file:
        file.write("ghost|Boo.\n")
    asked = ["data.phonemizer=characters", "data.cache=false"]
    plan = VoiceStarter().plan(folder, asked, "cpu")
    recipe = load_recipe(plan.document, asked)
    assert recipe.data["path"] == str(folder)
    assert recipe.trainer.batch_tokens
    assert any("6 recordings with texts" in reason for reason in plan.reasons)
    assert any("ghost" in notice for notice in plan.notices)
    assert any("minutes of usable speech" in notice for notice in plan.notices)
    assert VoiceStarter().changes(folder, plan.seen) == []
    with (folder / "metadata.csv").open("a") as file:
        file.write("r0|Twice.\n")
    assert VoiceStarter().changes(folder, plan.seen)
    data = opened(folder)
    empty = len(split(data, recipe.split.model_dump())["validation"]) == 0
    assert (recipe.trainer.evaluate_every is None) == empty


def test_nothing_is_planned_for_a_folder_that_is_not_there(tmp_path: Path):
    with pytest.raises(ToolkitError, match="no folder"):
        VoiceStarter().plan(tmp_path / "nowhere", [], "cpu")

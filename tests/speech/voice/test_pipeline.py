"""Voices: from a folder to speech, in files, in pieces, in the words of the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import soundfile
import torch

import toolkit
from tests.speech.vocoders import VOCOS, save_vocoder
from tests.speech.voice.small import save_voice, texts
from toolkit.cli import main
from toolkit.engine.models import save_model
from toolkit.errors import CheckpointError, DataError, ToolkitError
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.voice.pipeline import VoicePipeline
from toolkit.speech.voice.speaking import write_speech

pytest.importorskip("librosa", reason="the package 'librosa' (extra 'speech') is not installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("voices")
    save_vocoder(place / "vocoder", {**VOCOS, "mels": 20}, texts().format)
    return save_voice(place / "voice", texts(), vocoder=str(place / "vocoder"))


@pytest.fixture
def voice(folder: Path) -> VoicePipeline:
    return toolkit.load(folder, device="cpu")


def test_a_text_is_spoken_sentence_by_sentence_with_times(voice: VoicePipeline):
    said = list(voice.speak("Hello you there. Go <break time='200ms'/> on!"))
    assert said[0].text.strip() == "Hello you there."
    assert len(said) == 3
    first = said[0]
    assert [word.word for word in first.words] == ["Hello", "you", "there"]
    assert "".join(phone.phone for phone in first.phones) == "helloyouthere."
    rate = voice.format.sample_rate
    assert len(first.wave) / rate == pytest.approx(first.phones[-1].end + 0.3, abs=0.01)  # and the pause of a sentence
    assert len(said[1].wave) / rate == pytest.approx(said[1].phones[-1].end + 0.2, abs=0.01)
    assert first.wave.abs().max() <= 1


def test_streamed_is_the_same_as_whole(voice: VoicePipeline):
    text = "Hello you there, go on and on. And again."
    whole = torch.cat([one.wave for one in voice.speak(text)])
    pieces = list(voice.stream(text))
    assert len(pieces) > 4
    assert torch.allclose(torch.cat(pieces), whole, atol=1e-4)


def test_what_cannot_be_said_is_named(voice: VoicePipeline):
    (said,) = voice.speak("Hällo 😀 you")
    assert any("'ä'" in note for note in said.notes)
    assert any("😀" in note for note in said.notes)


@pytest.mark.parametrize("text", ["", "   ", "😀", "..."])
def test_a_text_without_words_is_refused(voice: VoicePipeline, text: str):
    with pytest.raises(DataError, match="nothing to say"):
        list(voice.speak(text))


def test_twenty_thousand_characters_without_a_stop_are_spoken_in_parts(voice: VoicePipeline):
    parts = voice.speak("hello you " * 2000)
    assert max(len(next(parts).text) for _ in range(3)) <= 320


@pytest.mark.parametrize(
    ("options", "words"),
    [({"speed": 0.0}, "speed is 0"), ({"pitch": 50.0}, "pitch is 50"), ({"speaker": "Ann"}, "no speaker 'Ann'")],
)
def test_settings_out_of_range_are_refused(voice: VoicePipeline, options: dict[str, object], words: str):
    with pytest.raises(ToolkitError, match=words):
        list(voice.speak("Hello.", **options))


def test_speakers_sound_different(tmp_path: Path):
    several = toolkit.load(save_voice(tmp_path / "v", texts(variants=("m1", "m2")), vocoder=None), device="cpu")
    assert several.speakers == ("m1", "m2")
    first, second = (several.mels("Hello.", speaker=name)[0] for name in several.speakers)
    assert first.shape != second.shape or not torch.allclose(first, second, atol=1e-3)


def test_griffin_lim_is_never_silent(tmp_path: Path):
    voice = toolkit.load(save_voice(tmp_path / "v", texts(), vocoder="not-there"), device="cpu")
    assert voice.sounder.name == "griffin-lim"
    assert any("not-there" in note and "Griffin-Lim" in note for note in voice.notes)
    (said,) = voice.speak("Go.")
    assert said.wave.isfinite().all()


def test_a_vocoder_of_another_audio_format_is_refused(tmp_path: Path, folder: Path):
    save_vocoder(tmp_path / "other", {**VOCOS, "mels": 20}, AudioFormat(sample_rate=22050, mels=20))
    with pytest.raises(ToolkitError, match="different audio formats") as caught:
        toolkit.load(folder, device="cpu").use_vocoder(tmp_path / "other")
    assert "sample_rate: 16000" in caught.value.message


def test_a_folder_whose_network_is_no_acoustic_model_is_refused(folder: Path, tmp_path: Path):
    shutil.copytree(folder, tmp_path / "voice")
    config = json.loads((tmp_path / "voice/config.json").read_text())
    other = toolkit.load(folder.parent / "vocoder")
    config["generator"] = {**VOCOS, "mels": 20}
    save_model(tmp_path / "voice", other.generator.state_dict(), config, "# Card\n", _files(folder))
    with pytest.raises(CheckpointError, match="needs an acoustic model"):
        toolkit.load(tmp_path / "voice")


def _files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in ("front_end.json", "inventory.json")}


def test_a_folder_of_other_weights_is_refused(tmp_path: Path):
    place = save_voice(tmp_path / "v", texts(), vocoder=None)
    document = json.loads((place / "inventory.json").read_text())
    document["symbols"].pop("a")
    (place / "inventory.json").write_text(json.dumps(document))
    with pytest.raises(CheckpointError, match="symbols"):
        toolkit.load(place, device="cpu")


def test_a_file_gets_its_name_when_it_is_whole(voice: VoicePipeline, tmp_path: Path):
    done: list[int] = []
    told = write_speech(voice, "Hello you. Go on.", tmp_path / "a" / "hello.wav", progress=done.append)
    audio, rate = soundfile.read(told.file)
    assert rate == voice.format.sample_rate
    assert len(audio) / rate == pytest.approx(told.seconds_of_audio)
    assert told.words[2]["word"] == "Go"
    assert told.words[2]["start"] > told.words[1]["end"] + 0.29
    assert done == sorted(done)
    with pytest.raises(DataError):
        write_speech(voice, " ", tmp_path / "a" / "empty.wav")
    assert [file.name for file in (tmp_path / "a").iterdir()] == ["hello.wav"]


def test_the_command_tells_lengths_times_and_phones(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "hello.wav"
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["generate", "speech", str(folder), "--text", "Hello you.", "--out", str(out), "--json", "--speed", "1.1"])
    told = json.loads(capsys.readouterr().out)
    assert told["file"] == str(out)
    assert told["real_time_factor"] == pytest.approx(told["seconds_of_audio"] / told["seconds_taken"])
    assert [one["phone"] for one in told["phones"]] == [*"helloyou", "."]
    assert told["vocoder"] == "vocoder"


def test_the_command_reads_books_and_streams(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    book = tmp_path / "book.txt"
    book.write_text("Hello you.\n\nGo on and on.\n")
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["generate", "speech", str(folder), "--input", str(book), "--out", str(tmp_path / "b.flac"), "--stream"])
    assert "first audio after" in capsys.readouterr().out
    assert soundfile.info(str(tmp_path / "b.flac")).duration > 1


def test_a_stream_tells_what_the_whole_tells(voice: VoicePipeline, tmp_path: Path):
    text = "Hello 🎉 you. Go <break time='200ms'/> on!"
    whole = write_speech(voice, text, tmp_path / "a.wav")
    streamed = write_speech(voice, text, tmp_path / "b.wav", stream=True)
    assert streamed.notes == whole.notes
    assert any("🎉" in note for note in whole.notes)
    assert streamed.sentences == whole.sentences > 1
    assert streamed.words == whole.words
    assert streamed.phones == whole.phones


def test_one_bad_text_does_not_keep_the_others(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    texts = [part for text in ("Hello.", "<break time='abc'/> no", "Go on.") for part in ("--text", text)]
    with pytest.raises(SystemExit, match=r"^1$"):
        main(["generate", "speech", str(folder), *texts, "--out", str(tmp_path / "all"), "--json"])
    heard = capsys.readouterr()
    told = json.loads(heard.out)
    assert [Path(one["file"]).name for one in told["texts"]] == ["001.wav", "003.wav"]
    assert [(one["text"], Path(one["file"]).name) for one in told["failed"]] == [(2, "002.wav")]
    assert "text 2 (002.wav)" in heard.err
    assert sorted(file.name for file in (tmp_path / "all").iterdir()) == ["001.wav", "003.wav"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--text", "Go.", "--out", "x.mp4"], "choose .wav or .flac"),
        (["--input", "missing.txt"], "missing.txt"),
        (["--text", "<oops>Go.</oops>"], "<oops>"),
        (["--text", "Go.", "--vocoder", "nowhere"], "nowhere"),
    ],
)
def test_mistakes_end_with_one_message(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    words: str,
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(["generate", "speech", str(folder), *arguments])
    assert words in capsys.readouterr().err
    assert not list(tmp_path.glob("speech.wav"))


def test_the_acoustic_model_is_exported_to_onnx_and_says_the_same(tmp_path: Path):
    for package in ("onnx", "onnxruntime", "onnxscript"):
        pytest.importorskip(package, reason=f"the package '{package}' (extra 'export') is not installed")
    from toolkit.runs import export

    place = save_voice(tmp_path / "v", texts(), vocoder=None)
    result = export(place, tmp_path / "out", "onnx")
    assert result["largest_difference"] < 1e-3
    assert (tmp_path / "out" / "inventory.json").is_file()


def test_an_exported_voice_holds_its_vocoder_and_speaks_anywhere(folder: Path, tmp_path: Path):
    from toolkit.runs import export

    export(folder, tmp_path / "out", "safetensors", half=True)
    assert (tmp_path / "out" / "vocoder" / "model.safetensors").is_file()
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    config["vocoder"] = "nowhere"
    (tmp_path / "out" / "config.json").write_text(json.dumps(config))
    moved = toolkit.load((tmp_path / "out").rename(tmp_path / "elsewhere"), device="cpu")
    assert moved.notes == []
    assert moved.sounder.name != "griffin-lim"
    (said,) = moved.speak("Hello.")
    (before,) = toolkit.load(folder, device="cpu").speak("Hello.")
    assert torch.allclose(said.wave, before.wave, atol=2e-2)


def test_streaming_leaves_the_callers_gradients_alone(voice: VoicePipeline):
    pieces = voice.stream("Hello you there.")
    next(pieces)
    weight = torch.ones(1, requires_grad=True)
    (2 * weight).sum().backward()
    assert weight.grad is not None

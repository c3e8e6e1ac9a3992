from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from tests.speech.sounds import tone, write
from tests.speech.vocoders import FORMAT, MELS, mel, save_vocoder
from toolkit.data.source import SampleError
from toolkit.errors import DataError, ToolkitError
from toolkit.runs import load
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.vocoder_pipeline import VocoderPipeline
from toolkit.speech.vocoding import Job, plan, read_mel, vocode_file, vocode_files


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> VocoderPipeline:
    return load(save_vocoder(tmp_path_factory.mktemp("vocoder") / "model"), "cpu")


def recording(path: Path, seconds: float = 0.3, rate: int = 22050) -> Path:
    return write(path, tone(seconds, rate), rate)


# -- what goes where ----------------------------------------------------------------------------------------------


def names(jobs: list[Job], folder: Path) -> list[str]:
    return [job.target.relative_to(folder).as_posix() for job in jobs]


def test_one_file_becomes_a_file_or_goes_into_a_folder(tmp_path: Path) -> None:
    source = recording(tmp_path / "in.flac")
    assert plan([source], tmp_path / "new.wav")[0].target == tmp_path / "new.wav"
    assert plan([source], tmp_path / "folder")[0].target == tmp_path / "folder" / "in.wav"
    (tmp_path / "dotted.folder").mkdir()
    assert plan([source], tmp_path / "dotted.folder")[0].target == tmp_path / "dotted.folder" / "in.wav"


def test_folders_keep_their_names_below_the_output(tmp_path: Path) -> None:
    recording(tmp_path / "data" / "a" / "1.wav")
    recording(tmp_path / "data" / "2.flac")
    np.save(tmp_path / "data" / "a" / "m.npy", np.zeros((MELS, 3), np.float32))
    (tmp_path / "data" / "notes.txt").write_text("no audio")
    other = recording(tmp_path / "other.ogg")
    jobs = plan([tmp_path / "data", other], tmp_path / "out")
    assert names(jobs, tmp_path / "out") == ["2.wav", "a/1.wav", "a/m.wav", "other.wav"]


def test_plans_that_would_lose_something_are_refused(tmp_path: Path) -> None:
    first, second = recording(tmp_path / "a" / "x.wav"), recording(tmp_path / "b" / "x.wav")
    with pytest.raises(ToolkitError, match=r"a/x\.wav and .*b/x\.wav would both become"):
        plan([first, second], tmp_path / "out")
    with pytest.raises(ToolkitError, match="would replace the input"):
        plan([first], first)
    with pytest.raises(ToolkitError, match="would replace the input"):
        plan([tmp_path / "a"], tmp_path / "a")
    with pytest.raises(ToolkitError, match="must be a folder"):
        plan([first, recording(tmp_path / "y.wav")], tmp_path / "out.wav")
    with pytest.raises(ToolkitError, match="must be a folder"):
        plan([tmp_path / "b"], first)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no recordings and no mel"):
        plan([tmp_path / "empty"], tmp_path / "out")


# -- doing it -----------------------------------------------------------------------------------------------------


def test_a_recording_of_any_rate_and_width_is_copied_at_the_models_rate(
    pipeline: VocoderPipeline, tmp_path: Path
) -> None:
    wide = write(tmp_path / "in.wav", np.stack([tone(0.4, 48000)] * 2, 1), 48000, subtype="PCM_24")
    result = vocode_file(pipeline, Job(wide, tmp_path / "out.wav"))
    found, rate = soundfile.read(tmp_path / "out.wav")
    assert (rate, found.shape) == (22050, (round(0.4 * 22050),))
    assert np.abs(found).max() > 0
    assert result.seconds_of_audio == pytest.approx(0.4)
    assert result.real_time_factor == pytest.approx(0.4 / result.seconds_taken)


def test_a_stream_writes_what_is_written_at_once(pipeline: VocoderPipeline, tmp_path: Path) -> None:
    source = recording(tmp_path / "in.wav", 0.8)
    vocode_file(pipeline, Job(source, tmp_path / "whole.wav"))
    result = vocode_file(pipeline, Job(source, tmp_path / "streamed.wav"), stream=True)
    whole, streamed = (soundfile.read(tmp_path / name, dtype="int16")[0] for name in ("whole.wav", "streamed.wav"))
    assert np.abs(whole.astype(int) - streamed).max() <= 1
    assert len(whole) == len(streamed) == round(0.8 * 22050)
    assert 0 < result.seconds_until_first_audio <= result.seconds_taken


def test_pieces_reach_the_file_as_they_are_made(
    pipeline: VocoderPipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []

    def pieces(mel_MT: torch.Tensor) -> object:
        for _ in range(3):
            sizes.append(sum(file.stat().st_size for file in tmp_path.iterdir() if file.suffix == ".partial"))
            yield torch.zeros(4000)

    monkeypatch.setattr(pipeline, "stream", pieces)
    np.save(tmp_path / "m.npy", mel()[0].numpy())
    vocode_file(pipeline, Job(tmp_path / "m.npy", tmp_path / "out.wav"), stream=True)
    assert sizes[2] - sizes[1] == 8000
    assert soundfile.info(tmp_path / "out.wav").frames == 12000


@pytest.mark.parametrize("stream", [False, True])
def test_an_interruption_leaves_nothing_half_written(
    pipeline: VocoderPipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stream: bool
) -> None:
    source, out = recording(tmp_path / "in.wav"), tmp_path / "out"
    (out).mkdir()
    (out / "in.wav").write_bytes(b"earlier")

    def interrupted(*arguments: object, **keywords: object) -> object:
        raise KeyboardInterrupt

    def begun(*arguments: object) -> object:
        yield torch.zeros(100)
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "copy_synthesis", interrupted)
    monkeypatch.setattr(pipeline, "stream_copy", begun)
    with pytest.raises(KeyboardInterrupt):
        vocode_file(pipeline, Job(source, out / "in.wav"), stream=stream)
    assert [file.name for file in out.iterdir()] == ["in.wav"]
    assert (out / "in.wav").read_bytes() == b"earlier"


def test_bad_files_are_told_and_the_others_are_done(pipeline: VocoderPipeline, tmp_path: Path) -> None:
    data = tmp_path / "data"
    recording(data / "good.wav")
    write(data / "three.wav", tone()[:3])
    (data / "text.wav").write_text("no audio at all")
    (data / "none.wav").write_bytes(b"")
    write(data / "nan.wav", np.array([0.0, np.nan] * 400, np.float32), subtype="FLOAT")
    np.save(data / "bands.npy", np.zeros((80, 9), np.float32))
    told: dict[str, str] = {}
    results = vocode_files(
        pipeline,
        plan([data, tmp_path / "missing.wav"], tmp_path / "out"),
        failed=lambda source, error: told.update({source.name: str(error)}),
    )
    assert [Path(item.file).name for item in results] == ["good.wav"]
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["good.wav"]
    assert told.keys() == {"three.wav", "text.wav", "none.wav", "nan.wav", "bands.npy", "missing.wav"}
    assert all(name in words for name, words in told.items())
    assert "3 samples long" in told["three.wav"]
    assert "does not exist" in told["missing.wav"]


def test_streams_go_into_formats_that_can_grow(pipeline: VocoderPipeline, tmp_path: Path) -> None:
    with pytest.raises(ToolkitError, match=r"out\.mp3: cannot be written piece by piece"):
        vocode_file(pipeline, Job(recording(tmp_path / "in.wav"), tmp_path / "out.mp3"), stream=True)


# -- mel spectrograms of other programs -------------------------------------------------------------------------


def save_mel(path: Path, array: object, document: object = None) -> Path:
    np.save(path, array)
    if document is not None:
        path.with_suffix(".json").write_text(json.dumps(document))
    return path


def test_a_mel_of_the_models_format_is_vocoded(pipeline: VocoderPipeline, tmp_path: Path) -> None:
    path = save_mel(tmp_path / "m.npy", mel(25)[0].numpy(), {"audio": FORMAT.to_document()})
    result = vocode_file(pipeline, Job(path, tmp_path / "out.wav"))
    assert result.seconds_of_audio == 25 * 256 / 22050
    assert not any(str(path) in note for note in pipeline.notes)
    wanted = pipeline.vocode(mel(25))[0, 0].numpy()
    assert np.abs(soundfile.read(tmp_path / "out.wav")[0] - wanted).max() <= 1 / 32768


def test_a_mel_that_says_nothing_of_its_format_is_taken_with_a_note(tmp_path: Path) -> None:
    notes: list[str] = []
    found = read_mel(save_mel(tmp_path / "m.npy", mel(7).numpy().astype(np.float64)), FORMAT, notes)
    assert (found.shape, found.dtype) == ((MELS, 7), torch.float32)
    assert len(notes) == 1
    assert "m.npy: there is no m.json beside it" in notes[0]


def test_a_mel_of_another_format_is_refused_with_every_difference(tmp_path: Path) -> None:
    other = AudioFormat(sample_rate=24000, mels=MELS, fmax=None)
    path = save_mel(tmp_path / "m.npy", mel(7)[0].numpy(), other.to_document())
    with pytest.raises(ToolkitError) as caught:
        read_mel(path, FORMAT)
    for words in ("sample_rate: 22050", "24000", "fmax: 8000.0", "None", str(path)):
        assert words in str(caught.value)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((80, 5), np.float32), r"shape \[80, 5\], not \[20, frames\]"),
        (np.zeros((5, MELS), np.float32), "looks transposed"),
        (np.zeros((MELS, 0), np.float32), "shape"),
        (np.zeros((2, MELS, 5), np.float32), "shape"),
        (np.zeros((MELS, 5), np.int16), "no floating-point array"),
        (np.full((MELS, 5), np.nan, np.float32), "not finite"),
    ],
    ids=["bands", "transposed", "empty", "batch", "integers", "nan"],
)
def test_what_is_no_mel_is_explained(tmp_path: Path, array: np.ndarray, words: str) -> None:
    path = save_mel(tmp_path / "m.npy", array)
    with pytest.raises(SampleError, match=words) as caught:
        read_mel(path, FORMAT)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"text", b"\x93NUMPY\x01\x00"])
def test_a_damaged_array_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.npy").write_bytes(content)
    with pytest.raises(SampleError, match=r"m\.npy: is no readable"):
        read_mel(tmp_path / "m.npy", FORMAT)


@pytest.mark.parametrize("document", ["{", "[1]", '{"rate": 1}'])
def test_a_damaged_description_is_named(tmp_path: Path, document: str) -> None:
    path = save_mel(tmp_path / "m.npy", mel(7)[0].numpy())
    path.with_suffix(".json").write_text(document)
    with pytest.raises(ToolkitError, match=r"m\.json"):
        read_mel(path, FORMAT)

from __future__ import annotations

import os
import re
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.speech.sounds import decibels, noise, tone, write
from toolkit.errors import DataError
from toolkit.speech.files import AudioFileError, audio_files, audio_rate, read_audio, resample, write_audio


def _cut(path: Path, name: str, share: float = 0.5) -> Path:
    """The beginning of a file, under another name beside it."""
    content = path.read_bytes()
    target = path.with_name(name)
    target.write_bytes(content[: int(len(content) * share)])
    return target


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW"])
def test_every_depth_reads_as_floats(tmp_path: Path, subtype: str) -> None:
    wave = tone()
    read, rate = read_audio(write(tmp_path / "a.wav", wave, subtype=subtype))
    assert rate == 22050
    assert read.dtype == np.float32
    assert read.shape == wave.shape
    assert decibels(read - wave, wave) < -30


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.flac", {}),
        ("a.ogg", {}),
        ("a.mp3", {}),
        ("a.aiff", {}),
        ("a.opus", {"format": "OGG", "subtype": "OPUS"}),
    ],
)
def test_common_formats_are_read(tmp_path: Path, name: str, options: dict[str, str]) -> None:
    wave = tone(rate=24000)
    path = write(tmp_path / name, wave, 24000, **options)
    read, rate = read_audio(path)
    assert rate == audio_rate(path) == 24000
    assert read.shape == wave.shape
    inner = slice(1000, -1000)
    assert decibels((read - wave)[inner], wave[inner]) < -25


def test_channels_become_their_mean_also_across_blocks(tmp_path: Path) -> None:
    left, right = noise(300_000), noise(300_000, seed=1)
    read, _ = read_audio(write(tmp_path / "a.wav", np.stack([left, right], axis=1), subtype="FLOAT"))
    np.testing.assert_allclose(read, (left + right) / 2, atol=1e-7)


def test_three_samples_and_high_rates_are_read(tmp_path: Path) -> None:
    assert read_audio(write(tmp_path / "short.wav", tone()[:3]))[0].shape == (3,)
    assert read_audio(write(tmp_path / "short.wav", tone()[:3]), 16000)[0].shape == (3,)
    high, rate = read_audio(write(tmp_path / "high.wav", tone(rate=96000), 96000), 22050)
    assert (rate, high.shape) == (22050, (22050,))
    inner = slice(500, -500)
    assert decibels((high - tone())[inner], tone()[inner]) < -80


def test_silence_and_clipping_are_no_read_errors(tmp_path: Path) -> None:
    assert not read_audio(write(tmp_path / "silent.wav", np.zeros(100)))[0].any()
    loud, _ = read_audio(write(tmp_path / "loud.wav", 3 * tone(), subtype="FLOAT"))
    assert loud.max() == pytest.approx(1.5, abs=1e-3)


def test_the_content_decides_not_the_name(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp3", tone()).rename(tmp_path / "a.wav")
    assert read_audio(path)[0].shape == (22050,)


def test_a_wav_written_into_a_pipe_is_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", tone())
    content = path.read_bytes()
    path.write_bytes(content[:40] + struct.pack("<I", 0xFFFFFFFF) + content[44:])
    assert read_audio(path)[0].shape == (22050,)


@pytest.mark.parametrize("ending", ["wav", "aiff", "au", "flac", "ogg", "mp3", "caf"])
def test_half_a_file_is_an_error(tmp_path: Path, ending: str) -> None:
    whole = write(tmp_path / f"whole.{ending}", noise(60_000))
    with pytest.raises(AudioFileError, match="truncated") as caught:
        read_audio(_cut(whole, f"half.{ending}"))
    assert f"half.{ending}" in caught.value.message
    assert "again" in caught.value.way_out


def test_how_much_is_missing_is_said(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.wav", tone(2.0))
    with pytest.raises(AudioFileError, match=r"its header announces 2\.00 s, it holds 1\.00 s"):
        read_audio(_cut(whole, "half.wav"))
    with pytest.raises(AudioFileError, match="it ends after its header"):
        read_audio(_cut(whole, "header.wav", 44.5 / whole.stat().st_size))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_an_error_that_says_where(tmp_path: Path, value: float) -> None:
    wave = tone()
    wave[11025] = value
    expected = f"1 of 22050 samples are not finite; the first is {value} at 0.500 s"
    with pytest.raises(AudioFileError, match=re.escape(expected)):
        read_audio(write(tmp_path / "a.wav", wave, subtype="FLOAT"))


def test_what_is_no_audio_is_named_with_the_reason_and_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound " * 100)
    (tmp_path / "text.mp3").write_text("no sound " * 100)
    (tmp_path / "empty.wav").touch()
    write(tmp_path / "none.wav", np.zeros(0))
    os.mkfifo(tmp_path / "pipe.wav")
    reasons = {
        "text.wav": "is not audio that can be read",
        "text.mp3": "is not audio that can be read",
        "empty.wav": "the file is empty",
        "none.wav": "holds no samples",
        "pipe.wav": "is no regular file",
        "gone.wav": "does not exist",
        ".": "is a folder",
    }
    for name, reason in reasons.items():
        with pytest.raises(AudioFileError) as caught:
            read_audio(tmp_path / name)
        assert reason in caught.value.reason
        assert str(tmp_path / name) in caught.value.message
        assert caught.value.way_out
    with pytest.raises(AudioFileError, match="the third: is not audio"):
        read_audio(tmp_path / "text.wav", name="the third")
    with pytest.raises(AudioFileError, match="is not audio"):
        audio_rate(tmp_path / "text.wav")


@pytest.mark.parametrize(("rate", "new_rate"), [(48000, 22050), (22050, 24000), (44101, 22050)])
def test_resampling_keeps_what_fits_and_removes_what_does_not(rate: int, new_rate: int) -> None:
    lower = min(rate, new_rate) / 2
    kept = resample(tone(1.0, rate, 0.8 * lower), rate, new_rate)
    assert kept.shape == (new_rate,)
    inner = slice(1000, -1000)
    wanted = tone(1.0, new_rate, 0.8 * lower)
    assert decibels((kept - wanted)[inner], wanted[inner]) < -75
    if rate > new_rate:
        gone = resample(tone(1.0, rate, 1.1 * lower), rate, new_rate)
        assert decibels(gone[inner], wanted[inner]) < -90


def test_sixteen_bits_are_written_back_bit_for_bit(tmp_path: Path) -> None:
    samples = np.arange(-32768, 32768, dtype=np.int16)
    wave, _ = read_audio(write(tmp_path / "a.wav", samples))
    again, _ = read_audio(write_audio(tmp_path / "b.wav", torch.from_numpy(wave)[None], 22050))
    np.testing.assert_array_equal((again * 32768).astype(np.int64), samples)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.opus", "a.mp3", "a.aif"])
def test_the_ending_names_the_format_and_loud_waves_are_clamped(tmp_path: Path, name: str) -> None:
    wave = 1.5 * tone(rate=24000, amplitude=1.0)
    read, rate = read_audio(write_audio(tmp_path / "new" / name, wave, 24000))
    assert rate == 24000
    assert decibels(read - wave.clip(-1, 1), wave) < -20
    assert [path.name for path in (tmp_path / "new").iterdir()] == [name]


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match="not finite"):
        write_audio(tmp_path / "a.wav", [0.0, float("nan")], 22050)
    with pytest.raises(AudioFileError, match="the ending names no audio format"):
        write_audio(tmp_path / "a.txt", tone(), 22050)
    with pytest.raises(AudioFileError, match=r"MP3.*cannot hold 96000 Hz"):
        write_audio(tmp_path / "a.mp3", tone(), 96000)
    with pytest.raises(ValueError, match=r"\[2, 22050\]"):
        write_audio(tmp_path / "a.wav", np.stack([tone(), tone()]), 22050)
    assert not list(tmp_path.iterdir())


def test_a_folder_is_listed_by_keys_without_endings(tmp_path: Path) -> None:
    names = ("b/2.FLAC", "b/1.wav", "a.b.ogg", "c.wav", "c.flac", ".hidden.wav", "notes.txt", "__MACOSX/d.wav")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = audio_files(tmp_path)
    assert [key for key, _ in found] == ["a.b", "b/1", "b/2", "c.flac", "c.wav"]
    assert found[2][1] == tmp_path / "b" / "2.FLAC"
    with pytest.raises(DataError, match="does not exist") as caught:
        audio_files(tmp_path / "gone")
    assert "recordings" in caught.value.way_out

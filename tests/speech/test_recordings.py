"""Folders of recordings: what is read, what is left out, what is said about it, what the next start costs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.speech.folders import RATE, archive, bad_files, clip, clips
from tests.speech.sounds import decibels, noise, tone, write
from toolkit.data.loader import Loader
from toolkit.data.splits import split
from toolkit.engine.cache import CACHE_VARIABLE
from toolkit.errors import ConfigError, DataError
from toolkit.registry import REGISTRY
from toolkit.speech.level import loudness
from toolkit.speech.recordings import Recordings
from toolkit.speech.segments import FULL_SCALE, RandomSegment


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))


def opened(folder: Path, **settings: Any) -> Recordings:
    return Recordings(str(folder), **{"sample_rate": RATE, "level": None, "trim": False, **settings})


def audio(source: Recordings, key: str) -> np.ndarray:
    places = [place for place in range(len(source)) if source.key(place) == key]
    return source[places[0]]["audio"].astype(np.float64) / FULL_SCALE


def keys(source: Recordings) -> list[str]:
    return [source.key(place) for place in range(len(source))]


def test_a_folder_is_read_bit_for_bit_when_nothing_is_to_be_done(tmp_path: Path) -> None:
    clips(tmp_path / "data", ["x/b.wav", "a.flac", ".hidden.wav", "x/notes.txt.wav"])
    (tmp_path / "data" / "a.txt").write_text("what a says")
    source = opened(tmp_path / "data")
    assert keys(source) == ["a", "x/b", "x/notes.txt"]
    stored, _ = soundfile.read(tmp_path / "data" / "x" / "b.wav", dtype="int16")
    assert np.array_equal(source[1]["audio"], stored)
    assert source.classes == ()
    assert source.problems == []
    assert source.seconds.tolist() == [0.6] * 3


def test_what_is_bad_is_left_out_with_its_reason_and_the_rest_is_used(tmp_path: Path) -> None:
    source = opened(bad_files(clips(tmp_path / "data")))
    assert keys(source) == ["a", "b", "c", "d", "deep", "eight", "high", "misnamed", "stereo"]
    reasons = {problem.path: problem.reason for problem in source.problems}
    expected = {
        "tiny.wav": "too short",
        "silent.wav": "silent",
        "clipped.wav": "clipped",
        "nan.wav": "not finite",
        "cut.flac": "truncated",
        "empty.wav": "empty",
        "words.wav": "not audio",
    }
    assert reasons.keys() == expected.keys()
    for name, words in expected.items():
        assert words in reasons[name]
    assert "1 of 16 resampled from 96000 Hz" in source.note
    assert "1 of 16 resampled from 16000 Hz" in source.note
    batch = Loader(source, 9, seed=0, transform=RandomSegment(1024, 256)).batch(0)
    assert batch["audio"].shape == (9, 1024)


def test_any_depth_rate_and_number_of_channels_gives_the_same_sound(tmp_path: Path) -> None:
    source = opened(bad_files(tmp_path / "data"))
    assert decibels(audio(source, "deep") - clip(4), clip(4)) < -75
    assert decibels(audio(source, "eight") - clip(3), clip(3)) < -30
    assert decibels(audio(source, "stereo") - (clip(1) + clip(2)) / 2, clip(1)) < -75
    middle = slice(500, 4300)
    low = tone(0.6, RATE, 300, 0.3)
    assert decibels((audio(source, "high") - low)[middle], low[middle]) < -50


def test_recordings_are_trimmed_levelled_and_gated(tmp_path: Path) -> None:
    silence, hiss = np.zeros(RATE, dtype=np.float32), noise(5 * RATE, 0.001)
    wave = np.concatenate([silence, silence, clip(0, 1.0), silence, silence]) + hiss
    write(tmp_path / "data" / "a.wav", wave, RATE)
    plain, done = opened(tmp_path / "data"), opened(tmp_path / "data", level=-23.0, trim=True)
    assert plain.seconds.tolist() == [5.0]
    assert 1.0 <= done.seconds[0] < 1.4
    assert loudness(audio(done, "a").astype(np.float32), RATE) == pytest.approx(-23.0, abs=0.1)
    pytest.importorskip("noisereduce", reason="the package 'noisereduce' (extra 'denoise') is not installed")
    gated = opened(tmp_path / "data", gate=0.9)
    pause = slice(0, RATE)
    assert decibels(audio(gated, "a")[pause], audio(plain, "a")[pause]) < -10


def test_what_only_silence_made_long_enough_is_left_out(tmp_path: Path) -> None:
    clips(tmp_path / "data", ["a.wav"])
    blip = np.concatenate([np.zeros(RATE, np.float32), clip(0, 0.05), np.zeros(RATE, np.float32)])
    write(tmp_path / "data" / "blip.wav", blip, RATE)
    source = opened(tmp_path / "data", trim=True, minimum_seconds=0.5)
    assert [problem.path for problem in source.problems] == ["blip.wav"]
    assert "without its silence" in source.problems[0].reason


def test_long_recordings_are_cut_into_equal_pieces_that_keep_their_split(tmp_path: Path) -> None:
    write(tmp_path / "data" / "train" / "long.wav", clip(0, 2.5), RATE)
    write(tmp_path / "data" / "test" / "short.wav", clip(1, 0.9), RATE)
    source = opened(tmp_path / "data", maximum_seconds=1.0)
    assert keys(source) == ["test/short", "train/long/0001", "train/long/0002", "train/long/0003"]
    assert source.seconds.max() <= 1.0
    assert np.concatenate([source[place]["audio"] for place in (1, 2, 3)]).shape == (round(2.5 * RATE),)
    assert [source.split_of(place) for place in range(4)] == ["test", "train", "train", "train"]
    assert "1 of 2 cut into pieces" in source.note


def test_every_second_is_met_equally_often(tmp_path: Path) -> None:
    write(tmp_path / "data" / "a.wav", clip(0, 0.5), RATE)
    write(tmp_path / "data" / "b.wav", clip(1, 1.5), RATE)
    source = opened(tmp_path / "data")
    assert source.weights.tolist() == [0.5, 1.5]


def test_archives_are_read_as_if_they_were_unpacked(tmp_path: Path) -> None:
    plain = clips(tmp_path / "plain", ["wavs/a.wav", "wavs/b.flac", "wavs/._a.wav"])
    (tmp_path / "packed").mkdir()
    archive(tmp_path / "packed" / "all.tar", plain)
    write(tmp_path / "packed" / "wavs" / "c.wav", clip(9), RATE)
    write(tmp_path / "packed" / "wavs" / "a.wav", clip(8), RATE)
    source = opened(tmp_path / "packed")
    assert keys(source) == ["wavs/a", "wavs/b", "wavs/c"]
    assert np.array_equal(audio(source, "wavs/b"), audio(opened(plain), "wavs/b"))
    assert [(problem.path, problem.reason) for problem in source.problems] == [
        ("all.tar/wavs/a.wav", "is in the folder as well")
    ]


def test_a_truncated_archive_gives_what_comes_before_its_end(tmp_path: Path) -> None:
    file = archive(tmp_path / "x.tar", clips(tmp_path / "plain"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.tar").write_bytes(file.read_bytes()[:15_000])
    source = opened(tmp_path / "data")
    assert keys(source) == ["a"]
    assert any("truncated" in problem.reason for problem in source.problems)


def test_lists_of_held_out_recordings_are_respected(tmp_path: Path) -> None:
    clips(tmp_path / "data", [f"wavs/{number:02}.wav" for number in range(40)])
    (tmp_path / "data" / "val-ids.txt").write_text("03\n17\n")
    source = opened(tmp_path / "data")
    parts = split(source)
    assert [source.key(place) for place in parts["test"]] == ["wavs/03", "wavs/17"]
    assert len(parts["validation"]) > 0
    assert len(parts["train"]) + len(parts["validation"]) == 38


def test_several_folders_keep_their_names_in_the_keys_and_their_own_lists(tmp_path: Path) -> None:
    for name in ("one/wavs", "two/wavs"):
        clips(tmp_path / name, ["a.wav", "b.wav"])
    (tmp_path / "two/wavs" / "test.txt").write_text("b\n")
    source = Recordings([str(tmp_path / name) for name in ("one/wavs", "two/wavs")], sample_rate=RATE, trim=False)
    assert keys(source) == ["one/wavs/a", "one/wavs/b", "two/wavs/a", "two/wavs/b"]
    assert [source.split_of(place) for place in range(4)] == [None, None, "train", "test"]


def test_names_that_differ_only_in_their_ending_are_both_kept(tmp_path: Path) -> None:
    clips(tmp_path / "data", ["a.wav", "a.flac"])
    assert keys(opened(tmp_path / "data")) == ["a.flac", "a.wav"]


def test_nothing_usable_is_one_error_that_says_why(tmp_path: Path) -> None:
    for number in range(7):
        write(tmp_path / "data" / f"{number}.wav", np.zeros(6000, dtype=np.float32), RATE)
    with pytest.raises(DataError) as caught:
        opened(tmp_path / "data")
    assert str(tmp_path / "data") in caught.value.message
    assert "7 were left out" in caught.value.message
    assert "0.wav: silent" in caught.value.message
    assert "and 2 more" in caught.value.message
    assert caught.value.way_out


def test_folders_without_recordings_are_errors_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "text.txt").write_text("nothing to hear")
    with pytest.raises(DataError, match="empty holds no recordings"):
        opened(tmp_path / "empty")
    with pytest.raises(DataError, match="there is no folder"):
        opened(tmp_path / "absent")
    with pytest.raises(DataError, match="toolkit prepare"):
        Recordings("no-such-voice")
    with pytest.raises(DataError, match="is a file, not a folder"):
        opened(clips(tmp_path / "data") / "a.wav")
    with pytest.raises(DataError, match="given twice"):
        Recordings([str(tmp_path / "data"), str(tmp_path / "data" / "." / "")])


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"sample_rate": 100}, "sample_rate"),
        ({"level": 3.0}, "level"),
        ({"gate": 1.5}, "gate"),
        ({"minimum_seconds": 0.0}, "minimum_seconds"),
        ({"maximum_seconds": 0.4}, "maximum_seconds"),
        ({"hop_length": 0}, "hop_length"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_settings_out_of_range_are_named(settings: dict[str, Any], field: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=field):
        opened(tmp_path, **settings)


def test_a_data_set_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_DATA", str(tmp_path))
    clips(tmp_path / "my-voice")
    assert len(Recordings("my-voice", sample_rate=RATE)) == 4


# -- the second start ---------------------------------------------------------------------------------------------


class Decoder:
    """Counts what is decoded."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from toolkit.speech import recordings

        self.count, decode = 0, recordings.decode

        def counted(*arguments: Any) -> Any:
            self.count += 1
            return decode(*arguments)

        monkeypatch.setattr(recordings, "decode", counted)


@pytest.fixture
def decoder(monkeypatch: pytest.MonkeyPatch) -> Decoder:
    return Decoder(monkeypatch)


def same(one: Recordings, other: Recordings) -> bool:
    alike = keys(one) == keys(other) and one.problems == other.problems and one.note == other.note
    splits = [one.split_of(place) == other.split_of(place) for place in range(len(one))]
    return alike and all(splits) and all(np.array_equal(one[n]["audio"], other[n]["audio"]) for n in range(len(one)))


def test_the_second_start_decodes_nothing_and_is_the_same(tmp_path: Path, decoder: Decoder) -> None:
    folder = bad_files(clips(tmp_path / "data"))
    (folder / "test.txt").write_text("b\n")
    first = opened(folder)
    assert decoder.count == 16
    again = opened(folder)
    assert decoder.count == 16
    assert same(first, again)
    assert not again[0]["audio"].flags.writeable


@pytest.mark.parametrize("change", ["content", "time", "name", "new", "list", "rate", "level", "trim"])
def test_any_change_of_a_file_or_a_setting_decodes_anew(change: str, tmp_path: Path, decoder: Decoder) -> None:
    folder = clips(tmp_path / "data")
    opened(folder)
    decoder.count, settings = 0, {}
    if change == "content":
        write(folder / "a.wav", clip(7, 0.7), RATE)
    elif change == "time":
        os.utime(folder / "a.wav", ns=(1, 1))
    elif change == "name":
        (folder / "a.wav").rename(folder / "z.wav")
    elif change == "new":
        write(folder / "e.wav", clip(7), RATE)
    elif change == "list":
        (folder / "test.txt").write_text("a\n")
    else:
        settings = {"rate": {"sample_rate": 16000}, "level": {"level": -20.0}, "trim": {"trim": True}}[change]
    opened(folder, **settings)
    assert decoder.count >= 4


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied", "foreign"])
def test_a_damaged_cache_is_not_believed(damage: str, tmp_path: Path, decoder: Decoder) -> None:
    folder = clips(tmp_path / "data")
    first = opened(folder)
    (file,) = (tmp_path / "cache").rglob("*.npz")
    content = file.read_bytes()
    if damage == "foreign":
        np.savez(file, about=np.array(json.dumps({"keys": ["a"]})))
    else:
        flipped = bytearray(content)
        flipped[len(flipped) // 2] ^= 1
        file.write_bytes({"cut": content[: len(content) // 2], "flipped": bytes(flipped), "emptied": b""}[damage])
    assert same(first, opened(folder))
    assert decoder.count == 8
    opened(folder)
    assert decoder.count == 8  # it was written anew


def test_an_interrupted_start_leaves_no_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decoder: Decoder
) -> None:
    from toolkit.speech import recording_cache

    def interrupted(stream: Any, **arrays: Any) -> None:
        stream.write(b"half of it")
        raise KeyboardInterrupt

    folder = clips(tmp_path / "data")
    with monkeypatch.context() as patch:
        patch.setattr(recording_cache.np, "savez", interrupted)
        with pytest.raises(KeyboardInterrupt):
            opened(folder)
    assert list((tmp_path / "cache").rglob("*.*")) == []
    assert len(opened(folder)) == 4


def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path: Path, decoder: Decoder) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    folder = clips(tmp_path / "data")
    assert same(opened(folder), opened(folder))
    assert decoder.count == 8


def test_no_cache_is_written_or_read_when_it_is_not_wanted(tmp_path: Path, decoder: Decoder) -> None:
    folder = clips(tmp_path / "data")
    opened(folder, cache=False)
    assert not (tmp_path / "cache").exists()
    opened(folder)
    opened(folder, cache=False)
    assert decoder.count == 12


# -- predicted mels -----------------------------------------------------------------------------------------------


def mels(folder: Path, **shapes: tuple[int, int]) -> str:
    for name, shape in shapes.items():
        file = folder / f"{name}.npy"
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, np.arange(shape[1], dtype=np.float32)[None].repeat(shape[0], axis=0))
    return str(folder)


def test_mels_lie_beside_their_recordings_frame_for_frame(tmp_path: Path) -> None:
    folder = clips(tmp_path / "data")  # 4800 samples: 18 frames of 256 and a rest
    source = opened(folder, mels=mels(tmp_path / "mels", a=(5, 17), b=(5, 18), c=(5, 19), d=(5, 18)))
    assert [(len(item["audio"]), item["mel"].shape) for item in (source[place] for place in range(4))] == [
        (17 * 256, (5, 17)),
        (18 * 256, (5, 18)),
        (18 * 256, (5, 18)),
        (18 * 256, (5, 18)),
    ]
    batch = Loader(source, 4, seed=0, transform=RandomSegment(1024, 256)).batch(0)
    assert batch["mel"].shape == (4, 5, 4)
    assert (batch["mel"].diff(dim=2) == 1).all()


def test_recordings_without_a_fitting_mel_are_left_out(tmp_path: Path) -> None:
    folder = clips(tmp_path / "data", [f"{name}.wav" for name in "abcdefgh"])
    where = mels(tmp_path / "mels", a=(5, 18), b=(5, 18), c=(6, 18), d=(5, 22), e=(5, 18), f=(5, 18))
    np.save(tmp_path / "mels" / "e.npy", np.full((5, 18), np.nan, dtype=np.float32))
    np.save(tmp_path / "mels" / "f.npy", np.zeros(18, dtype=np.float32))
    (tmp_path / "mels" / "g.npy").write_bytes(b"no array")
    source = opened(folder, mels=where)
    assert keys(source) == ["a", "b"]
    assert source.weights.tolist() == [1.0, 1.0]
    reasons = {problem.path: problem.reason for problem in source.problems}
    assert reasons.keys() == set("cdefgh")
    assert "6 bands, but most have 5" in reasons["c"]
    assert "22 frames; the recording has 18" in reasons["d"]
    assert "not finite" in reasons["e"]
    assert "expected float32 [bands, frames]" in reasons["f"]
    assert "cannot be read" in reasons["g"]
    assert "is missing" in reasons["h"]


def test_mels_that_fit_nothing_are_an_error_with_the_way_out(tmp_path: Path) -> None:
    folder = clips(tmp_path / "data")
    (tmp_path / "mels").mkdir()
    with pytest.raises(DataError, match=r"none of the 4 recordings has a usable mel.*\n.*hop_length=128"):
        opened(folder, mels=str(tmp_path / "mels"), hop_length=128)
    with pytest.raises(DataError, match="no folder"):
        opened(folder, mels=str(tmp_path / "absent"))


def test_it_is_registered() -> None:
    assert REGISTRY.load("datasets", "recordings") is Recordings

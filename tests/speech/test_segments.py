"""Pieces of fixed length: where they start, what belongs to them, what short recordings become."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from toolkit.errors import ConfigError
from toolkit.speech.segments import RandomSegment, to_samples, to_wave


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def ramp(samples: int) -> np.ndarray:
    return np.arange(samples, dtype=np.int16)


def test_pieces_are_stretches_of_the_recording_and_every_start_occurs() -> None:
    segment, starts = RandomSegment(4, 2), set()
    for seed in range(200):
        piece = segment({"audio": ramp(10)}, random(seed))["audio"]
        assert piece.tolist() == list(range(piece[0], piece[0] + 4))
        starts.add(int(piece[0]))
    assert starts == set(range(7))


def test_the_same_generator_gives_the_same_piece() -> None:
    segment = RandomSegment(256, 256, gain=6.0)
    item = {"audio": ramp(20_000)}
    assert np.array_equal(segment(item, random(7))["audio"], segment(item, random(7))["audio"])


def test_with_a_mel_pieces_start_where_a_frame_begins_and_take_its_frames() -> None:
    mel = np.arange(6, dtype=np.float32)[None].repeat(3, axis=0)
    starts = set()
    for seed in range(100):
        piece = RandomSegment(8, 4)({"audio": ramp(24), "mel": mel, "more": "kept"}, random(seed))
        start = int(piece["audio"][0])
        assert start % 4 == 0
        assert piece["mel"].tolist() == [[start / 4, start / 4 + 1]] * 3
        assert piece["more"] == "kept"
        starts.add(start)
    assert starts == {0, 4, 8, 12, 16}


def test_what_is_too_short_is_followed_by_silence() -> None:
    mel = np.array([[1.0, -2.0]], dtype=np.float32)
    piece = RandomSegment(12, 4)({"audio": ramp(8) + 1, "mel": mel}, random())
    assert piece["audio"].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0]
    assert piece["mel"].tolist() == [[1.0, -2.0, -2.0]]
    assert piece["audio"].dtype == np.int16
    assert piece["mel"].dtype == np.float32


def test_gain_makes_pieces_quieter_by_at_most_its_decibels_and_leaves_the_data_alone() -> None:
    audio = np.full(256, 20_000, dtype=np.int16)
    levels = [RandomSegment(256, 256, gain=6.0)({"audio": audio}, random(seed))["audio"][0] for seed in range(300)]
    decibels = 20 * np.log10(np.array(levels) / 20_000)
    assert -6.001 <= decibels.min() < -5.8
    assert -0.2 < decibels.max() <= 0
    assert (audio == 20_000).all()


def test_gain_does_not_touch_what_a_mel_belongs_to() -> None:
    item = {"audio": ramp(256), "mel": np.zeros((2, 1), dtype=np.float32)}
    assert np.array_equal(RandomSegment(256, 256, gain=6.0)(item, random())["audio"], ramp(256))


@pytest.mark.parametrize(
    ("settings", "field"), [((100, 256), "length"), ((0, 4), "length"), ((4, 0), "hop_length"), ((4, 4, -1.0), "gain")]
)
def test_settings_that_make_no_sense_are_named(settings: tuple[int, ...], field: str) -> None:
    with pytest.raises(ConfigError, match=field):
        RandomSegment(*settings)


def test_samples_become_waves_and_waves_the_same_samples() -> None:
    samples = np.arange(-32768, 32768, dtype=np.int16)
    wave = to_wave(torch.from_numpy(samples))
    assert wave.dtype == torch.float32
    assert float(wave.abs().max()) == 1.0
    assert np.array_equal(to_samples(wave.numpy()), samples)
    assert to_wave(torch.ones(2), torch.float64).tolist() == [1.0, 1.0]
    assert to_samples(np.array([-3.0, 3.0])).tolist() == [-32768, 32767]

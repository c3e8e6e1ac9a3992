from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tests.speech.sounds import decibels, noise, tone
from toolkit.engine.torchaudio_part import torchaudio_functional
from toolkit.errors import DataError
from toolkit.speech.level import gate_noise, loudness, to_level, trim_silence


@pytest.mark.parametrize("rate", [16000, 22050, 48000])
def test_a_full_scale_sine_has_the_loudness_of_the_standard(rate: int) -> None:
    # BS.1770-4: 0 dBFS at 997 Hz is -3.01 LKFS.
    assert loudness(tone(3.0, rate, 997.0, 1.0), rate) == pytest.approx(-3.01, abs=0.05)
    assert loudness(torch.from_numpy(tone(3.0, rate, 997.0, 0.1)), rate) == pytest.approx(-23.01, abs=0.05)


def test_pauses_do_not_count() -> None:
    spoken = tone(3.0)
    paused = np.concatenate([spoken, noise(5 * 22050, 1e-3), np.zeros(22050, np.float32)])
    assert loudness(paused, 22050) == pytest.approx(loudness(spoken, 22050), abs=0.5)


def test_it_agrees_with_torchaudio() -> None:
    wave = noise(12000)
    theirs = float(torchaudio_functional().loudness(torch.from_numpy(wave)[None], 22050))
    assert loudness(wave, 22050) == pytest.approx(theirs, abs=0.2)  # it draws the shelf a little differently


def test_short_and_silent_waves_have_a_loudness() -> None:
    assert loudness(tone(0.1, frequency=997.0, amplitude=1.0), 22050) == pytest.approx(-3.0, abs=0.3)
    assert loudness(np.zeros(22050, np.float32), 22050) == -math.inf
    assert loudness(np.zeros(0, np.float32), 22050) == -math.inf
    with pytest.raises(DataError, match="2000 samples per second"):
        loudness(tone(), 2000)
    with pytest.raises(ValueError, match=r"got \[1, 22050\]"):
        loudness(tone()[None], 22050)


def test_a_wave_comes_to_the_level_asked_for_but_never_clips() -> None:
    quiet = 0.01 * tone(2.0)
    assert loudness(to_level(quiet, 22050, -23.0), 22050) == pytest.approx(-23.0, abs=0.01)
    assert np.abs(to_level(quiet, 22050, 0.0)).max() == pytest.approx(0.99)
    silent = np.zeros(22050, np.float32)
    assert to_level(silent, 22050, -23.0) is silent
    assert to_level(quiet, 22050, -23.0).dtype == np.float32


def test_silence_at_the_ends_goes_and_a_margin_stays() -> None:
    pause = noise(22050, 1e-4)
    wave = np.concatenate([pause, tone(0.5), pause, tone(0.5), pause])
    trimmed = trim_silence(wave, 22050, 40.0, 0.1)
    assert len(trimmed) / 22050 == pytest.approx(2.2, abs=0.06)
    assert len(trim_silence(wave, 22050, 40.0, 0.0)) < len(trimmed)
    assert len(trim_silence(wave, 22050, 120.0)) == len(wave)


@pytest.mark.parametrize("samples", [0, 3, 1000])
def test_trimming_leaves_silent_and_tiny_waves_alone(samples: int) -> None:
    assert trim_silence(np.zeros(samples, np.float32), 22050).shape == (samples,)
    assert trim_silence(noise(samples), 22050).shape == (samples,)


def test_the_gate_takes_hiss_away_and_leaves_the_voice() -> None:
    harmonics = sum(tone(4.0, frequency=120.0 * k, amplitude=0.3 / k) for k in range(1, 20))
    bursts = harmonics * (np.arange(4 * 22050) // 22050 % 2)
    hissy = (bursts + noise(len(bursts), 0.01)).astype(np.float32)
    gated = gate_noise(hissy, 22050, 0.8)
    assert gated.dtype == np.float32
    assert gated.shape == hissy.shape
    pause = slice(2000, 20000)
    assert decibels(gated[pause], hissy[pause]) < -8
    voice = slice(24000, 42000)
    assert decibels((gated - bursts)[voice], bursts[voice]) < -25


def test_the_noise_is_learned_from_a_pause_that_is_not_digital_silence() -> None:
    pause, speech = noise(22050, 0.01), noise(22050, 0.01) + tone()
    padded = np.concatenate([np.zeros(22050, np.float32), pause, speech])
    assert decibels(gate_noise(padded, 22050, 0.8)[24000:42000], pause) < -8
    assert gate_noise(speech, 22050, 0.8) is speech  # no pause: the speech itself would be the noise

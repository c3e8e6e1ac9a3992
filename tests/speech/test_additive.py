"""Nonsense that sounds a little like speech: harmonics at the pitch, noise, pauses, nothing beyond the band."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit.speech.additive import _harmonics, _overlapped, _spectra, speech_like


def random(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


@pytest.mark.parametrize("rate", [8000, 22050, 48000])
def test_it_has_the_length_and_level_asked_for_at_any_rate(rate: int) -> None:
    wave = speech_like(random(), rate, 1.5)
    assert wave.dtype == np.float32
    assert wave.shape == (round(1.5 * rate),)
    assert np.abs(wave).max() == pytest.approx(0.5, abs=1e-3)


def test_the_same_state_says_the_same_and_another_one_something_else() -> None:
    assert np.array_equal(speech_like(random(), 8000), speech_like(random(), 8000))
    assert not np.array_equal(speech_like(random(), 8000), speech_like(random(1), 8000))


def test_harmonics_are_the_sum_of_cosines_below_half_the_rate() -> None:
    frequency = np.linspace(110.0, 123.0, 4000)
    count = int(0.49 * 8000 / 123.0)
    phase = 2 * np.pi * np.cumsum(frequency) / 8000
    sum_of_cosines = np.cos(np.arange(1, count + 1)[:, None] * phase).sum(axis=0)
    assert np.allclose(_harmonics(frequency, 8000) * np.sqrt(count), sum_of_cosines, atol=1e-8)


def test_frames_add_up_to_the_wave_they_were_cut_from() -> None:
    wave = random().standard_normal(4096)
    again = _overlapped(_spectra(wave, 64), 64)
    assert np.allclose(again[192:-192], wave[192 : len(again) - 192])


def test_it_has_voiced_and_noisy_and_quiet_stretches() -> None:
    rate = 22050
    wave = speech_like(random(3), rate, 6.0)
    frames = wave[: len(wave) // 1024 * 1024].reshape(-1, 1024) * np.hanning(1024)
    power = np.abs(np.fft.rfft(frames)) ** 2
    total = power.sum(axis=1)
    loud = total > 1e-2 * total.max()
    high = power[:, np.fft.rfftfreq(1024, 1 / rate) > 3000].sum(axis=1) / (total + 1e-12)
    assert (total < 1e-3 * total.max()).mean() > 0.05
    assert (high[loud] < 0.05).mean() > 0.4
    assert (high[total > 1e-4 * total.max()] > 0.6).mean() > 0.03


def test_a_higher_voice_has_a_higher_pitch() -> None:
    def period(pitch: float) -> float:
        wave = speech_like(random(5), 8000, 2.0, pitch).astype(np.float64)
        correlation = np.fft.irfft(np.abs(np.fft.rfft(wave, 32768)) ** 2)[: 8000 // 60]
        return 8000 / (30 + int(correlation[30:].argmax()))

    assert period(100.0) == pytest.approx(100.0, rel=0.2)
    assert period(200.0) == pytest.approx(200.0, rel=0.2)

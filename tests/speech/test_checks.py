from __future__ import annotations

import math

import numpy as np
import pytest

from tests.speech.sounds import noise, tone
from toolkit.speech.checks import inspect_audio, reasons_to_leave_out


def test_a_good_wave_has_no_reasons() -> None:
    checks = inspect_audio(tone(2.0), 22050)
    assert checks.seconds == 2.0
    assert checks.peak == pytest.approx(0.5, abs=1e-3)
    assert checks.rms_db == pytest.approx(-9.03, abs=0.01)
    assert (checks.silent_share, checks.clipped_share, checks.finite) == (0.0, 0.0, True)
    assert reasons_to_leave_out(checks) == []


def test_lengths() -> None:
    checks = inspect_audio(tone(0.25), 22050)
    assert reasons_to_leave_out(checks) == ["too short: 0.25 s, the minimum is 0.3 s"]
    assert reasons_to_leave_out(checks, 0.1, 0.2) == ["too long: 0.25 s, the maximum is 0.2 s"]
    assert reasons_to_leave_out(inspect_audio(np.zeros(0, np.float32), 22050))[0].startswith("too short: 0.00 s")


def test_silence() -> None:
    zeros = inspect_audio(np.zeros(22050, np.float32), 22050)
    assert (zeros.rms_db, zeros.silent_share) == (-math.inf, 1.0)
    assert reasons_to_leave_out(zeros) == ["silent: digital silence"]
    assert reasons_to_leave_out(inspect_audio(noise(22050, 1e-4), 22050)) == ["silent: -80 dBFS on average"]
    half = inspect_audio(np.concatenate([tone(), np.zeros(22050, np.float32)]), 22050)
    assert half.silent_share == pytest.approx(0.5, abs=0.02)
    assert reasons_to_leave_out(half) == []


def test_values_that_are_not_finite() -> None:
    wave = tone()
    wave[5], wave[6] = np.nan, np.inf
    checks = inspect_audio(wave, 22050)
    assert not checks.finite
    assert checks.peak == pytest.approx(0.5, abs=1e-3)
    assert reasons_to_leave_out(checks) == ["holds samples that are not finite (NaN or infinite)"]


@pytest.mark.parametrize("after", [1.0, 0.3])
def test_clipping_is_seen_also_after_the_wave_was_made_quieter(after: float) -> None:
    clipped = (2 * tone(amplitude=1.0)).clip(-1, 1) * np.float32(after)
    checks = inspect_audio(clipped, 22050)
    assert checks.clipped_share == pytest.approx(2 / 3, abs=0.03)  # |2 sin| > 1 on two thirds of the circle
    [reason] = reasons_to_leave_out(checks)
    assert reason == f"clipped: {checks.clipped_share:.1%} of the samples are cut off, the limit is 1.0%"
    assert reasons_to_leave_out(checks, clipped=0.9) == []


def test_a_wave_that_only_touches_full_scale_is_not_clipped() -> None:
    wave = noise(22050)
    assert inspect_audio(wave / np.abs(wave).max(), 22050).clipped_share == 0.0
    steps = (noise(22050, 3e-5) * 32768).round() / 32768  # a hiss of a few steps of 16 bits repeats its highest value
    assert inspect_audio(steps.astype(np.float32), 22050).clipped_share == 0.0

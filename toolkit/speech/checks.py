"""Looking at a wave before anything learns from it: silence and clipping are no read errors, but spoil a voice."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from toolkit.speech.files import Wave

_FULL_SCALE = 0.999
_LOUD = 0.1  # below it, equal neighbours are the steps of 16 bits
_RUN = 3  # a clean recording can touch full scale in one sample, a clipped one stays there
_FRAME_SECONDS = 0.02
_QUIET_DB = -60.0
_SILENT_DB = -65.0


@dataclass(frozen=True, slots=True)
class AudioChecks:
    """What a wave looks like.

    Attributes:
        seconds: its length.
        peak: the highest magnitude of its finite samples; 1 is full scale.
        rms_db: its power relative to a full-scale square wave, in dBFS; minus infinity for zeros.
        silent_share: share of the frames of 20 ms whose power is below -60 dBFS, from 0 to 1.
        clipped_share: share of the samples that lie in runs of three or more at full scale or at the wave's own flat
            top, from 0 to 1.
        finite: whether no sample is NaN or infinite.
    """

    seconds: float
    peak: float
    rms_db: float
    silent_share: float
    clipped_share: float
    finite: bool


def inspect_audio(wave: Wave, rate: int) -> AudioChecks:
    """Measure a wave.

    Args:
        wave: float32 `[T]`, possibly empty or not finite.
        rate: samples per second.
    """
    kept = np.isfinite(wave)
    finite = bool(kept.all())
    samples = wave if finite else np.where(kept, wave, np.float32(0))
    magnitude = np.abs(samples)
    peak = float(magnitude.max(initial=0))
    return AudioChecks(
        seconds=len(wave) / rate,
        peak=peak,
        rms_db=_decibels(float(np.mean(samples**2, dtype=np.float64)) if len(samples) else 0.0),
        silent_share=_silent_share(samples, rate),
        clipped_share=_clipped_share(samples, magnitude, peak),
        finite=finite,
    )


def reasons_to_leave_out(
    checks: AudioChecks,
    minimum_seconds: float = 0.3,
    maximum_seconds: float | None = None,
    clipped: float = 0.01,
) -> list[str]:
    """Why a recording should not be learned from, in words that follow its name; empty for a good one.

    Args:
        checks: what was measured.
        minimum_seconds: shorter ones are left out.
        maximum_seconds: longer ones are left out; `None` sets no limit.
        clipped: the highest share of clipped samples that is accepted.
    """
    reasons = []
    if checks.seconds < minimum_seconds:
        reasons.append(f"too short: {checks.seconds:.2f} s, the minimum is {minimum_seconds:g} s")
    if maximum_seconds is not None and checks.seconds > maximum_seconds:
        reasons.append(f"too long: {checks.seconds:.2f} s, the maximum is {maximum_seconds:g} s")
    if not checks.finite:
        reasons.append("holds samples that are not finite (NaN or infinite)")
    elif checks.rms_db < _SILENT_DB:
        level = "digital silence" if checks.rms_db == -math.inf else f"{checks.rms_db:.0f} dBFS on average"
        reasons.append(f"silent: {level}")
    if checks.clipped_share > clipped:
        reasons.append(f"clipped: {checks.clipped_share:.1%} of the samples are cut off, the limit is {clipped:.1%}")
    return reasons


def _decibels(power: float) -> float:
    return 10 * math.log10(power) if power > 0 else -math.inf


def _silent_share(samples: Wave, rate: int) -> float:
    length = max(1, round(_FRAME_SECONDS * rate))
    if not len(samples):
        return 1.0
    starts = np.arange(0, len(samples), length)
    power = np.add.reduceat(samples**2, starts, dtype=np.float64) / np.diff(np.append(starts, len(samples)))
    return float(np.mean(power < 10 ** (_QUIET_DB / 10)))


def _clipped_share(samples: Wave, magnitude: Wave, peak: float) -> float:
    """Runs of equal samples at the top: also in a recording that was made quieter after it was clipped."""
    same_side = (samples[1:] > 0) == (samples[:-1] > 0)
    if peak >= _FULL_SCALE:
        top = magnitude >= _FULL_SCALE
        joined = top[1:] & top[:-1] & same_side
    elif peak >= _LOUD:
        top = magnitude >= peak * _FULL_SCALE
        joined = top[1:] & top[:-1] & (np.diff(samples) == 0)  # the top of a clean low tone is round
    else:
        return 0.0
    edges = np.flatnonzero(np.diff(np.concatenate([[False], joined, [False]]).astype(np.int8)))
    lengths = edges[1::2] - edges[::2] + 1  # a run of n pairs has n + 1 samples
    return float(lengths[lengths >= _RUN].sum() / len(samples))

"""Loudness, silence at the ends and steady noise: what is put right in recordings before a model learns from them.

Loudness is that of ITU-R BS.1770-4: power after a filter that imitates the head and the ear, averaged over the blocks
that are not pauses. torchaudio has it too, but filters sample by sample in Python where its extension does not load.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.signal import sosfilt
from torch import Tensor

from toolkit.errors import DataError, require
from toolkit.speech.files import Wave

SILENT = -70.0
"""Blocks that are less loud do not count, in LUFS: the absolute gate of BS.1770."""

_OFFSET = -0.691  # cancels the filter's gain at 997 Hz: a sine of amplitude 1 has -3.01 LUFS
_BLOCK_SECONDS, _BLOCKS_OVERLAP = 0.4, 4
_FRAMES = 10  # of 10 ms
_PAUSES = 5  # tenths of a second at most that the noise is learned from
_ALIKE = 10**0.3  # those within 3 dB of the quietest
_QUIET = 10**-1.5  # a pause is 15 dB quieter than the recording
_ZEROS = 0.5  # share of zeros at which a frame is taken for padding; a hiss rounded to 16 bits has some of them
_NARROW_MASK = {
    "freq_mask_smooth_hz": 100,
    "time_mask_smooth_ms": 30,
}  # noisereduce's own is wider and blurs harmonics: 22 dB, not 31
_RELATIVE_GATE = -10.0
_LOWEST_RATE = 4000


def loudness(wave: Wave | Tensor, rate: int) -> float:
    """Integrated loudness of a mono wave, ITU-R BS.1770-4.

    Args:
        wave: `[T]`. One shorter than a block of 0.4 s counts as one block.
        rate: samples per second.

    Returns:
        LUFS; minus infinity where nothing is as loud as `SILENT`.

    Raises:
        DataError: the sample rate is below 4000 Hz, where the filter is not defined.
    """
    if rate < _LOWEST_RATE:
        raise DataError(f"loudness is not defined at {rate} samples per second", "resample to 8000 or more")
    samples = _samples(wave).astype(np.float64)
    if not len(samples):
        return -math.inf
    heard = sosfilt(_k_weighting(rate), samples)
    length = min(round(_BLOCK_SECONDS * rate), len(heard))
    energy = np.concatenate([[0.0], np.cumsum(heard**2)])
    starts = np.arange(0, len(heard) - length + 1, max(1, length // _BLOCKS_OVERLAP))
    power = (energy[starts + length] - energy[starts]).clip(min=0) / length
    power = power[_lufs(power) > SILENT]
    if len(power):
        power = power[_lufs(power) > _lufs(power.mean()) + _RELATIVE_GATE]
    return float(_lufs(power.mean())) if len(power) else -math.inf


def to_level(wave: Wave, rate: int, target: float, peak: float = 0.99) -> Wave:
    """A wave at another loudness, by one factor.

    Args:
        wave: float32 `[T]`.
        rate: samples per second.
        target: loudness in LUFS. A silent wave stays as it is.
        peak: highest magnitude of the result; where it is reached the wave stays quieter than `target`.
    """
    found = loudness(wave, rate)
    if found == -math.inf:
        return wave
    factor = min(10 ** ((target - found) / 20), peak / float(np.abs(wave).max()))
    return wave * np.float32(factor)


def trim_silence(wave: Wave, rate: int, threshold_db: float = 40.0, keep_seconds: float = 0.1) -> Wave:
    """A wave without the silence at its ends.

    Args:
        wave: float32 `[T]`.
        rate: samples per second.
        threshold_db: windows of about 25 ms that are so much quieter than the loudest one are silence.
        keep_seconds: silence that stays at each end.

    Returns:
        A part of the wave; the whole of it where everything is silent.

    Raises:
        MissingExtraError: librosa is not installed.
    """
    if not len(wave) or not np.abs(wave).max() > 0:
        return wave
    effects: Any = require("librosa", "speech", "Trimming silence").effects
    hop = max(1, round(0.00625 * rate))
    _, (start, end) = effects.trim(wave, top_db=threshold_db, frame_length=4 * hop, hop_length=hop)
    kept = round(keep_seconds * rate)
    return wave[max(0, int(start) - kept) : int(end) + kept]


def gate_noise(wave: Wave, rate: int, strength: float) -> Wave:
    """A wave with less steady noise (hiss, hum): spectral gating with one threshold per frequency.

    The thresholds come from the quietest tenths of a second. A recording without a pause, however short, stays as it
    is, because speech would be taken for noise. Package noisereduce (Sainburg 2020).

    Args:
        wave: float32 `[T]`.
        rate: samples per second.
        strength: from 0 (nothing happens) to 1 (everything below its threshold goes, which sounds watery); 0.5 to 0.8
            are sensible.

    Raises:
        DataError: the strength lies outside 0 to 1.
        MissingExtraError: noisereduce is not installed.
    """
    if not 0 <= strength <= 1:
        raise DataError(f"the strength of the noise gate is {strength:g}", "choose a number from 0 (off) to 1")
    if strength == 0 or not len(wave) or not np.abs(wave).max() > 0:
        return wave
    library: Any = require("noisereduce", "denoise", "Noise gating")
    pause = _pauses(wave, rate)
    if not len(pause):
        return wave
    n_fft = 2 ** round(math.log2(0.046 * rate))  # 1024 at 22,050 Hz; as long in seconds elsewhere, or the mask fails
    gated = library.reduce_noise(
        y=wave, sr=rate, y_noise=pause, stationary=True, prop_decrease=strength, n_fft=n_fft, **_NARROW_MASK
    )
    result: Wave = gated.astype(np.float32)
    return result


def _pauses(wave: Wave, rate: int) -> Wave:
    """What the recording sounds like when nobody speaks: its quietest tenths of a second, one after the other.

    A tenth fits between two words and into a plosive. Empty where even the quietest is loud, so part of the speech.
    Thresholds from the whole wave, noisereduce's own choice, take speech for noise: LJ Speech with hiss at 29 dB came
    out at 5 dB, and at 31 dB with thresholds from here (strength 0.8, mean of 10 sentences).
    """
    frame = round(rate / 100)
    count = len(wave) // frame
    if count < _FRAMES:
        return wave[:0]
    frames = wave[: count * frame].reshape(count, frame)
    power = np.square(frames, dtype=np.float64).mean(1)
    power[(frames == 0).mean(1) > _ZEROS] = np.inf  # zeros that somebody put there say nothing about the noise
    stretch = np.lib.stride_tricks.sliding_window_view(power, _FRAMES).mean(1)
    highest = min(_ALIKE * stretch.min(), _QUIET * float(np.mean(np.square(wave, dtype=np.float64))))
    chosen: list[int] = []
    for start in np.argsort(stretch, kind="stable"):
        if stretch[start] > highest or len(chosen) == _PAUSES:
            break
        if all(abs(start - other) >= _FRAMES for other in chosen):
            chosen.append(int(start))
    return np.concatenate([wave[:0], *(wave[start * frame : (start + _FRAMES) * frame] for start in sorted(chosen))])


def _samples(wave: Wave | Tensor) -> npt.NDArray[Any]:
    samples = wave.detach().float().cpu().numpy() if isinstance(wave, Tensor) else np.asarray(wave)
    if samples.ndim != 1:
        raise ValueError(f"expected one wave of shape [T], got {list(samples.shape)}")
    return samples


def _lufs(power: Any) -> Any:
    return _OFFSET + 10 * np.log10(np.maximum(power, 1e-30))


@lru_cache(maxsize=32)
def _k_weighting(rate: int) -> npt.NDArray[np.float64]:
    """Both filters of BS.1770 as second-order sections, at any rate.

    The standard gives coefficients for 48 kHz only. They are those of the bilinear transform of a high shelf and of a
    high pass with the parameters below (De Man 2014, "Evaluation of implementations of the EBU R128 loudness
    measurement"), which holds for other rates.
    """
    k, q, high, band = (
        math.tan(math.pi * 1681.974450955533 / rate),
        0.7071752369554196,
        1.584864701130855,
        1.258720930232562,
    )
    a0 = 1 + k / q + k * k
    shelf = [
        (high + band * k / q + k * k) / a0,
        2 * (k * k - high) / a0,
        (high - band * k / q + k * k) / a0,
        1.0,
        2 * (k * k - 1) / a0,
        (1 - k / q + k * k) / a0,
    ]
    k, q = math.tan(math.pi * 38.13547087602444 / rate), 0.5003270373238773
    a0 = 1 + k / q + k * k
    high_pass = [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]
    return np.array([shelf, high_pass])

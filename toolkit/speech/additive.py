"""A small synthesiser of speech-like sounds in numpy: nonsense syllables with pitch, formants, hiss and bursts.

It is no speaker, but has what a vocoder must learn: harmonics whose frequencies glide, formants that move, noise of
several colours, bursts, pauses. Source and filter follow Fant 1960, "Acoustic Theory of Speech Production".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.data.source import Array

# First three formants in Hz of men's vowels: Peterson & Barney 1952, "Control methods used in a study of the vowels",
# table II.
_VOWELS = (
    (270, 2290, 3010),
    (390, 1990, 2550),
    (530, 1840, 2480),
    (660, 1720, 2410),
    (730, 1090, 2440),
    (570, 840, 2410),
    (440, 1020, 2240),
    (300, 870, 2240),
    (640, 1190, 2390),
    (490, 1350, 1690),
)
# Glides, liquids and nasals, near the values of Klatt 1980, "Software for a cascade/parallel formant synthesizer".
_SONORANTS = (
    (290, 610, 2150),
    (260, 2070, 3020),
    (310, 1060, 1380),
    (310, 1050, 2880),
    (480, 1270, 2130),
    (480, 1340, 2470),
)
_FRICATIVES = ((6500.0, 1800.0, 0.5), (3300.0, 1100.0, 0.5), (7500.0, 4000.0, 0.15), (5500.0, 4500.0, 0.1))
"""Middle and width in Hz and strength of the noise of s, sh, f and th."""
_BURSTS = ((900.0, 900.0, 0.4), (4200.0, 1600.0, 0.6), (2000.0, 900.0, 0.5))
"""The same for the bursts of p, t and k."""

_HIGHER = (3500.0, 1000.0)  # the fourth formant, and how far the further ones are apart
_WIDTHS = (60.0, 0.025)  # bandwidth of a formant in Hz, and how it grows with its frequency
_TILT = 250.0  # Hz; beyond it the voice falls by 6 dB an octave
_WINDOW_SECONDS = 0.023
_PEAK = 0.5
_ROOM = 1e-4  # noise that is always there: no recording has pauses of zeros


@dataclass(slots=True)
class _Score:
    """What sounds in each frame.

    Attributes:
        formants: the first three, in Hz [F, 3].
        voice: strength of the harmonics [F].
        breath: strength of noise that goes through the formants [F].
        noise: middle in Hz, width in Hz and strength of noise that does not [F, 3].
    """

    formants: Array
    voice: Array
    breath: Array
    noise: Array


def speech_like(random: np.random.Generator, rate: int, seconds: float = 3.0, pitch: float = 120.0) -> Array:
    """A few seconds of nonsense.

    Args:
        random: decides what is said; the same state gives the same samples.
        rate: samples per second.
        seconds: its length.
        pitch: mean fundamental frequency in Hz; higher voices also get a shorter vocal tract.

    Returns:
        float32 [seconds * rate], with a peak of about 0.5.
    """
    samples = round(seconds * rate)
    hop = max(1, 2 ** round(np.log2(_WINDOW_SECONDS * rate)) // 4)
    score = _compose(random, samples // hop + 4, hop / rate)
    stretch = (pitch / 120.0) ** 0.2  # 15 % for a voice that is an octave higher
    frames = len(score.voice)
    length = (frames + 3) * hop
    frequencies = np.fft.rfftfreq(4 * hop, 1 / rate)
    envelope = _envelope(score.formants * stretch, frequencies, stretch)
    noise = score.noise
    colour = noise[:, 2:] * np.exp(-0.5 * ((frequencies - noise[:, :1]) / noise[:, 1:2]) ** 2)
    harmonics = _spectra(_harmonics(_melody(random, length, rate, pitch), rate), hop)
    hiss = _spectra(random.standard_normal(length), hop)
    tilted = envelope / np.hypot(1, frequencies / _TILT)
    spectra = harmonics * tilted * score.voice[:, None] + hiss * (0.1 * envelope * score.breath[:, None] + colour)
    wave = _overlapped(spectra, hop)[2 * hop : 2 * hop + samples]
    wave = wave * (_PEAK / max(float(np.abs(wave).max()), 1e-9)) + _ROOM * random.standard_normal(samples)
    return wave.astype(np.float32)


def _compose(random: np.random.Generator, frames: int, frame_seconds: float) -> _Score:
    """Syllables one after the other, with a pause now and then, until the time is full."""
    score = _Score(np.full((frames, 3), 500.0), np.zeros(frames), np.zeros(frames), np.zeros((frames, 3)))
    score.noise[:, :2] = 4000.0
    place = 0

    def sound(seconds: float, formants: tuple[float, ...], voice: float, breath: float, *noise: float) -> None:
        nonlocal place
        here = slice(place, place + max(1, round(seconds / frame_seconds)))
        score.formants[here], score.voice[here], score.breath[here] = formants, voice, breath
        if noise:
            score.noise[here] = noise
        place = here.stop

    while place < frames:
        vowel = _VOWELS[random.integers(len(_VOWELS))]
        kind = random.integers(5)
        if kind == 0:
            sound(random.uniform(0.05, 0.09), _SONORANTS[random.integers(len(_SONORANTS))], 0.6, 0.0)
        elif kind == 1:  # half of the hisses are voiced
            voiced = float(random.integers(2))
            colour = _FRICATIVES[random.integers(len(_FRICATIVES))]
            sound(random.uniform(0.06, 0.13), vowel, 0.25 * voiced, 0.0, *colour)
        elif kind == 2:
            colour = _BURSTS[random.integers(len(_BURSTS))]
            sound(random.uniform(0.04, 0.07), vowel, 0.0, 0.0)
            sound(0.012, vowel, 0.0, 0.0, *colour)
            sound(random.uniform(0.01, 0.05), vowel, 0.0, 1.5)
        elif kind == 3:
            sound(random.uniform(0.04, 0.08), vowel, 0.0, 1.0)
        sound(random.uniform(0.08, 0.2), vowel, random.uniform(0.7, 1.0), 0.05)
        if random.random() < 0.12:
            sound(random.uniform(0.1, 0.25), vowel, 0.0, 0.0)
    score.formants = np.stack([_smooth(score.formants[:, k], 7) for k in range(3)], axis=1)
    score.voice, score.breath = _smooth(score.voice, 3), _smooth(score.breath, 3)
    return score


def _smooth(values: Array, width: int) -> Array:
    """A moving average [F] under a Hann window: sounds glide into each other."""
    window = np.hanning(width + 2)[1:-1]
    return np.convolve(np.pad(values, width // 2, mode="edge"), window / window.sum(), mode="valid")


def _melody(random: np.random.Generator, length: int, rate: int, pitch: float) -> Array:
    """Fundamental frequency in Hz [length]: falls over the whole, rises on some syllables, is never quite steady."""
    points = max(4, round(length / rate / 0.15))
    accents = random.uniform(0.9, 1.15, points)
    curve = np.interp(np.linspace(0, points - 1, length), np.arange(points), accents)
    unsteady = np.interp(
        np.linspace(0, 8 * points - 1, length), np.arange(8 * points), random.normal(0, 0.006, 8 * points)
    )
    return pitch * curve * np.linspace(1.12, 0.88, length) * (1 + unsteady)


def _harmonics(frequency: Array, rate: int) -> Array:
    """Equally strong cosines of the first N multiples, by the closed form of their sum (Moorer 1976).

    N is the same all along, so that nothing clicks, and keeps the highest one below half the sample rate.
    """
    count = max(1, int(0.49 * rate / frequency.max()))
    half = np.pi * np.cumsum(frequency) / rate  # half of the phase
    divisor = np.sin(half)
    safe = np.where(np.abs(divisor) < 1e-6, 1.0, divisor)
    total = np.where(np.abs(divisor) < 1e-6, 2.0 * count + 1, np.sin((2 * count + 1) * half) / safe)
    cosines: Array = (total - 1) / 2 / np.sqrt(count)
    return cosines


def _envelope(formants: Array, frequencies: Array, stretch: float) -> Array:
    """Gain of the vocal tract [F, bins]: a resonance of two poles for each formant, to beyond the highest frequency."""
    first, apart = _HIGHER
    higher = stretch * np.arange(first, frequencies[-1] + apart, apart)
    steady = np.prod([_resonance(np.array([centre]), frequencies) for centre in higher], axis=0)
    moving = np.prod([_resonance(formants[:, k], frequencies) for k in range(formants.shape[1])], axis=0)
    gain: Array = moving * steady
    return gain


def _resonance(centre: Array, frequencies: Array) -> Array:
    """Magnitude [F, bins] of a formant at these centres, 1 at 0 Hz."""
    centre = centre[:, None]
    width = _WIDTHS[0] + _WIDTHS[1] * centre
    gain: Array = centre**2 / np.sqrt((centre**2 - frequencies**2) ** 2 + (width * frequencies) ** 2)
    return gain


def _spectra(wave: Array, hop: int) -> Array:
    """Short-time spectra [F, bins] of frames of four hops."""
    frames = np.lib.stride_tricks.sliding_window_view(wave, 4 * hop)[::hop]
    return np.fft.rfft(frames * _window(hop))


def _overlapped(spectra: Array, hop: int) -> Array:
    """Frames added up again; with `_window` on both sides the whole is the identity."""
    frames = np.fft.irfft(spectra, 4 * hop) * _window(hop) / 2
    wave = np.zeros((len(frames) + 3) * hop)
    for quarter in range(4):
        part = frames[:, quarter * hop : (quarter + 1) * hop].reshape(-1)
        wave[quarter * hop : quarter * hop + len(part)] += part
    return wave


def _window(hop: int) -> Array:
    """The square root of a periodic Hann window of four hops."""
    return np.sin(np.pi * np.arange(4 * hop) / (4 * hop))

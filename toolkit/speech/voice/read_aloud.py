"""Texts read aloud by a machine: a voice to learn from that needs no recordings, with the true time of every phone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np

from toolkit.data.order import sample_generator, sample_seed
from toolkit.errors import ConfigError, Problem
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.espeak import SENTENCES, read_texts
from toolkit.speech.espeak_library import Espeak
from toolkit.speech.files import resample
from toolkit.speech.level import to_level
from toolkit.speech.segments import FULL_SCALE, to_samples
from toolkit.speech.text.front_end import FrontEnd
from toolkit.speech.voice.spoken import Entry, SpokenTexts, read_units
from toolkit.speech.voice.tones import speak_tones
from toolkit.speech.voice.true_times import true_starts

_VALIDATION, _TEST = 3, 7  # sentences with these remainders modulo 12 are held out


class EspeakVoice(SpokenTexts):
    """Sentences that espeak-ng reads aloud (extra `espeak`), as data for a voice.

    The texts are our sixty sentences, one in twelve of them for validation and one for testing, and beside them rows of
    words that are drawn from the training sentences only: more contexts for every sound, and no word of a held-out
    sentence that training does not have by chance. Samples are the same at every opening.

    Args:
        rows: rows of four to nine drawn words.
        language: of the front end.
        voice: of espeak-ng; its own choice for the language when left out.
        variants: variants of the voice; each is a speaker.
        texts: a text file with one sentence a line instead of our own.
        synthesiser: `espeak`, or `tones`: two tones for each letter, for trying things out without espeak-ng.
        bootstrap: another voice of espeak-ng, whose readings say where units should begin (see `spoken_texts`).
        sample_rate: in Hz.
        level: loudness in LUFS; `null` leaves it.
        n_fft: length of the Fourier transform of the mel spectrogram, in samples.
        hop_length: samples between frames.
        win_length: samples of the Hann window.
        mels: number of mel bands.
        fmin: lowest frequency of the bands in Hz.
        fmax: highest frequency in Hz; `null` for half the sample rate.
        seed: decides the words and the speaking rates.
        cache: keep mel spectrograms and pitch on disk.

    Raises:
        ConfigError: there is no such voice, or a number is out of range.
        MissingExtraError: espeak-ng is not installed.
    """

    def __init__(
        self,
        rows: int = 440,
        language: str = "en",
        voice: str = "en-us",
        variants: tuple[str, ...] = ("m3",),
        texts: str | None = None,
        synthesiser: Literal["espeak", "tones"] = "espeak",
        bootstrap: str | None = None,
        sample_rate: int = 22050,
        level: float | None = -23.0,
        n_fft: int = 1024,
        hop_length: int = 256,
        win_length: int = 1024,
        mels: int = 80,
        fmin: float = 0.0,
        fmax: float | None = 8000.0,
        seed: int = 0,
        cache: bool = True,
    ) -> None:
        if rows < 0 or not variants:
            raise ConfigError([Problem("rows", f"is {rows}; it must be at least 0, and variants must not be empty")])
        front_end = FrontEnd(language, "espeak" if synthesiser == "espeak" else "characters", markup=False)
        sentences = read_texts(SENTENCES if texts is None else Path(texts).expanduser())
        lines = [(text, _split(place), f"sentence-{place:04}") for place, text in enumerate(sentences)]
        words = _words(text for text, split, _ in lines if split == "train")
        for number in range(rows):
            lines.append((_row(words, seed, number), "train", f"row-{number:05}"))
        espeak = Espeak() if synthesiser == "espeak" else None
        entries = []
        for number, (text, split, name) in enumerate(lines):
            variant = variants[number % len(variants)]
            units, _ = read_units(front_end, text)
            random = sample_generator(sample_seed(seed, 1, number))
            if espeak is None:
                wave, starts = speak_tones(units, sample_rate, random, variants.index(variant))
            else:
                spoken = f"{voice}+{variant}" if variant else voice
                samples, phones = espeak.speak_timed(text, spoken, int(random.integers(155, 176)))
                starts = true_starts(units, phones, len(samples)) * (sample_rate / espeak.sample_rate)
                wave = resample(samples.astype(np.float32) / np.float32(FULL_SCALE), espeak.sample_rate, sample_rate)
            wave = wave if level is None else to_level(wave, sample_rate, level)
            speaker = variant if len(variants) > 1 else ""
            entries.append(Entry(name, text, units, to_samples(wave), speaker, split, name, starts=starts))
        if espeak is not None:
            espeak.close()
        format = AudioFormat(
            sample_rate=sample_rate,
            n_fft=n_fft,
            hop_length=hop_length,
            win_length=win_length,
            mels=mels,
            fmin=fmin,
            fmax=fmax,
            level=level,
        )
        super().__init__(entries, format, front_end, cache=cache, bootstrap=bootstrap)


def _split(place: int) -> str:
    return {_VALIDATION: "validation", _TEST: "test"}.get(place % 12, "train")


def _words(texts: Iterable[str]) -> list[str]:
    found = sorted({word.lower() for text in texts for word in re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", text)})
    return [word for word in found if len(word) > 1]


def _row(words: list[str], seed: int, number: int) -> str:
    random = sample_generator(sample_seed(seed, 0, number))
    drawn = [words[int(random.integers(len(words)))] for _ in range(int(random.integers(4, 10)))]
    if len(drawn) > 5 and random.random() < 0.4:
        drawn[len(drawn) // 2] += ","
    row = " ".join(drawn)
    return row[:1].upper() + row[1:] + ("?" if random.random() < 0.12 else ".")

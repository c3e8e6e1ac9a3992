"""Speech made on the spot: a data set that needs no download."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Literal

import numpy as np

from toolkit.data.order import sample_generator, sample_seed
from toolkit.data.source import Array, Skipped
from toolkit.errors import ConfigError, DataError, MissingExtraError, PluginError, Problem
from toolkit.speech.additive import speech_like
from toolkit.speech.espeak_library import Espeak
from toolkit.speech.files import Wave, resample
from toolkit.speech.level import to_level
from toolkit.speech.segments import FULL_SCALE, to_samples

_log = logging.getLogger(__name__)

SENTENCES = Path(__file__).with_name("sentences.txt")
"""Sixty sentences of ours with all sounds of English."""


class EspeakSpeech:
    """Sentences spoken by espeak-ng in several voices, rates and pitches; needs no files and a second.

    With the package `espeakng-loader` (extra `espeak`) it is espeak-ng 1.52 or later (Duddington, Dunn and others;
    formant synthesis). Without it, a small synthesiser of ours says nonsense syllables (`toolkit.speech.additive`); the
    attributes `origin` and `note` say so. Samples are the same at every opening. Renderings of one sentence belong to
    one `group` and split, so that no sentence of the test split has been heard in training.

    A sample is `audio`, int16 [T], where 32768 stands for 1.0.

    Args:
        sample_rate: in Hz; espeak's 22,050 are resampled where it is another.
        sentences: how many utterances are made; when there are no more sentences they begin again in another voice.
        voice: a voice of espeak-ng: `en-us`, `en-gb`, `de`, ...
        variants: variants of the voice, in turn: `m1` to `m8`, `f1` to `f5`, ...
        texts: a text file with one sentence a line instead of our own.
        level: loudness in LUFS (ITU-R BS.1770-4) to which each utterance is brought; `null` leaves it.
        synthesiser: `auto` takes espeak-ng where it is installed; with the others nothing depends on that.
        seed: decides rates and pitches.

    Attributes:
        classes: none.
        problems: none.
        origin: what made the speech.
        note: why it is not espeak-ng, where it is not.
        seconds: length of each utterance.
        weights: length of each utterance over the mean length: training meets every second equally often.

    Raises:
        ConfigError: there is no such voice or variant, or a number is out of range.
        DataError: the file of texts cannot be read.
        MissingExtraError: espeak-ng is asked for and not installed.
    """

    classes: tuple[str, ...] = ()

    def __init__(
        self,
        sample_rate: int = 22050,
        sentences: int = 200,
        voice: str = "en-us",
        variants: tuple[str, ...] = ("m3", "f2"),
        texts: str | None = None,
        level: float | None = -23.0,
        synthesiser: Literal["auto", "espeak", "additive"] = "auto",
        seed: int = 0,
    ) -> None:
        _check(sample_rate, sentences, level)
        self.sample_rate = sample_rate
        self.level = level
        self.problems: list[Skipped] = []
        self.note = ""
        self._voice, self._variants, self._seed = voice, list(variants) or [""], seed
        self._texts = read_texts(SENTENCES if texts is None else Path(texts).expanduser())
        espeak = self._start(synthesiser)
        self.origin = "the toolkit's additive synthesiser" if espeak is None else f"espeak-ng {espeak.version}"
        self._family = "additive" if espeak is None else "espeak"
        self._audio: list[Array] = []
        for number in range(sentences):
            wave = self._nonsense(number) if espeak is None else self._sentence(espeak, number)
            wave = wave if level is None else to_level(wave, sample_rate, level)
            audio_T = to_samples(wave)
            audio_T.flags.writeable = False
            self._audio.append(audio_T)
        if espeak is not None:
            espeak.close()
        self.seconds: Array = np.array([len(audio) for audio in self._audio]) / sample_rate
        self.weights: Array = self.seconds / self.seconds.mean()

    def __len__(self) -> int:
        return len(self._audio)

    def key(self, index: int) -> str:
        """What made it, and its number."""
        return f"{self._family}/{index:04}"

    def split_of(self, index: int) -> str | None:
        """One sentence in twelve is for validation, one for testing."""
        return {3: "validation", 7: "test"}.get(index % len(self._texts) % 12, "train")

    def group(self, index: int) -> str:
        """The sentence that is spoken."""
        return f"sentence-{index % len(self._texts)}"

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"audio": self._audio[index]}

    def _start(self, synthesiser: str) -> Espeak | None:
        if synthesiser == "additive":
            return None
        try:
            return Espeak()
        except (MissingExtraError, PluginError) as error:
            if synthesiser == "espeak":
                raise
            self.note = f"nonsense syllables instead of sentences: {error.message} {error.way_out}"
            _log.warning("%s", self.note)
            return None

    def _sentence(self, espeak: Espeak, number: int) -> Array:
        random = sample_generator(sample_seed(self._seed, 0, number))
        turn, place = divmod(number, len(self._texts))
        variant = self._variants[(place + turn) % len(self._variants)]
        voice = f"{self._voice}+{variant}" if variant else self._voice
        rate, pitch, liveliness = (int(random.integers(low, high)) for low, high in ((140, 201), (30, 71), (35, 76)))
        samples = espeak.speak(self._texts[place], voice, rate, pitch, liveliness)
        wave: Wave = samples.astype(np.float32) / np.float32(FULL_SCALE)
        return resample(wave, espeak.sample_rate, self.sample_rate)

    def _nonsense(self, number: int) -> Array:
        random = sample_generator(sample_seed(self._seed, 0, number))
        seconds, pitch = random.uniform(2.0, 4.0), 120.0 * 2.0 ** random.uniform(-0.4, 1.0)
        return speech_like(random, self.sample_rate, seconds, pitch)


def read_texts(file: Path) -> list[str]:
    """The lines of a file, each once, without those that are empty.

    Raises:
        DataError: it cannot be read, is not UTF-8, or holds nothing.
    """
    try:
        lines = [line.strip() for line in file.read_text("utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        reason = "is not text in UTF-8" if isinstance(error, UnicodeDecodeError) else f"cannot be read: {error}"
        raise DataError(f"{file} {reason}", "give a text file in UTF-8 with one sentence a line") from error
    texts = list(dict.fromkeys(line for line in lines if line))
    if not texts:
        raise DataError(f"{file} holds no sentence", "give a text file in UTF-8 with one sentence a line")
    return texts


def _check(sample_rate: int, sentences: int, level: float | None) -> None:
    problems = []
    if not 8000 <= sample_rate <= 96_000:
        problems.append(Problem("sample_rate", f"is {sample_rate}; it must lie between 8000 and 96000 Hz"))
    if sentences < 2:
        problems.append(Problem("sentences", f"is {sentences}; it must be at least 2"))
    if level is not None and not -70 < level <= -5:
        problems.append(Problem("level", f"is {level}; it must lie between -70 and -5 LUFS, or be null"))
    if problems:
        raise ConfigError(problems)

"""Judging voices: what they say of held-out texts, beside the recordings of these texts."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from toolkit.data.source import Array, Source, Subset
from toolkit.engine.models import locate_model, read_model
from toolkit.engine.randomness import fold
from toolkit.errors import DataError, require
from toolkit.metrics.paired import mean_with_interval
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.text.front_end import FrontEnd
from toolkit.speech.voice.frames import FrameMeasurer
from toolkit.speech.voice.recorded import RecordedTexts
from toolkit.speech.voice.spoken import SpokenTexts, texts_behind
from toolkit.speech.voice.words import WordRecognizer, word_error, words_of

if TYPE_CHECKING:
    from toolkit.speech.voice.pipeline import VoicePipeline
    from toolkit.speech.voice.recognizing import RecognizerPipeline

_UNITS = {
    "phoneme_error": "share of phonemes",
    "duration_error": "share of the recording's length",
    "f0_error": "cents",
    "mel_error": "nepers",
    "word_error": "share of words",
}
_ASKED_FOR = ("word_error",)  # takes half as long as the speech lasts


def open_recordings(format: AudioFormat, front_end: FrontEnd, path: Path) -> RecordedTexts:
    """Somebody's recordings with texts in a voice's form; none is left out because its text fits it badly.

    Raises:
        DataError: there are no usable recordings with texts.
    """
    fields = {
        name: value
        for name, value in format.to_document().items()
        if name not in ("floor", "mel_scale", "mel_norm", "padding")
    }
    name = front_end.phonemizer.name
    return RecordedTexts(str(path), front_end.language, name, mismatch=None, **fields)  # type: ignore[arg-type]


def open_spoken(format: AudioFormat, front_end: FrontEnd, path: Path, split: str) -> tuple[Source, str]:
    """Such recordings, and which part of them: a split, or `all`.

    Raises:
        DataError: there are no usable recordings with texts, or none in that split.
    """
    source = open_recordings(format, front_end, path)
    splits = [source.split_of(place) for place in range(len(source))]
    if not any(splits):
        return source, "all"
    places = np.flatnonzero([name == split for name in splits])
    if not len(places):
        raise DataError(f"{path} names splits, but no recording belongs to '{split}'", "choose another with --split")
    return Subset(source, places), split


def evaluate_voice(
    voice: VoicePipeline,
    source: Source,
    metrics: Sequence[Any] | None,
    samples: int | None,
    seed: int,
    recognizer: str | Path | None = None,
) -> dict[str, Any]:
    """A voice on texts whose recordings are there.

    * `phoneme_error`: edit distance of the phonemes that a recogniser hears to those of the text, over their number.
      Its error on the recordings themselves is the row `recordings`: the ceiling. Only with a recogniser.
    * `word_error`: likewise of the words that PocketSphinx hears, in English; only where it is asked for, since it
      takes about half as long as the speech lasts.
    * `duration_error`: difference of the lengths of speech and recording over the recording's.
    * `f0_error`: root mean square difference of the pitch in cents, and `mel_error`, mean absolute difference of
      log-mels, both after the two were brought to one timing by dynamic time warping.

    Args:
        voice: the voice.
        source: texts with recordings.
        metrics: names of the numbers that are wanted; all but `word_error` when left out.
        samples: most to use, chosen at random.
        seed: of that choice.
        recognizer: a trained phoneme recogniser.

    Raises:
        DataError: these are no texts with recordings, or there is no such number.
    """
    usual = [name for name in _UNITS if name not in _ASKED_FOR]
    wanted = usual if metrics is None else [str(name) for name in metrics]
    unknown = [name for name in wanted if name not in _UNITS]
    if unknown:
        raise DataError(f"voices have no number '{unknown[0]}'", f"choose from {', '.join(_UNITS)}")
    texts, places = texts_behind(source)
    if samples is not None and samples < len(places):
        random = np.random.default_rng(fold(seed, "evaluated-texts") % 2**63)
        places = sorted(random.choice(places, samples, replace=False).tolist())
    ears = _recognizer(recognizer, voice)
    listener = WordRecognizer(texts.front_end.language) if "word_error" in wanted else None
    judge = _Judge(voice, texts, ears, wanted, listener)
    for place in places:
        judge.hear(place)
    return judge.result(str(recognizer or voice.config.get("recognizer") or ""))


def _recognizer(path: str | Path | None, voice: VoicePipeline) -> RecognizerPipeline | None:
    if path is None:
        return None
    from toolkit.speech.voice.recognizing import RecognizerPipeline

    ears = RecognizerPipeline.from_folder(read_model(locate_model(path)), voice.device)
    voice.format.require_same(ears.format, "the voice", f"the recogniser {path}")
    return ears


class _Judge:
    """Numbers of every sentence, as they are found."""

    def __init__(
        self,
        voice: VoicePipeline,
        texts: SpokenTexts,
        ears: RecognizerPipeline | None,
        wanted: Sequence[str],
        listener: WordRecognizer | None = None,
    ) -> None:
        self.voice, self.texts, self.ears, self.wanted, self.listener = voice, texts, ears, wanted, listener
        self.measurer = FrameMeasurer(texts.format)
        self.spoken: dict[str, list[float]] = {name: [] for name in wanted}
        self.recorded: dict[str, list[float]] = {}
        self.seconds, self.taken, self.count = 0.0, 0.0, 0
        self.notes: list[str] = []

    def hear(self, place: int) -> None:
        """Say one text, and compare."""
        entry = self.texts.entry(place)
        speaker = entry.speaker if entry.speaker in self.voice.speakers else None
        number = self.voice.speakers.index(speaker) if speaker is not None else 0
        units, notes = self.voice.fit(entry.units)
        self.notes += [note for note in notes if note not in self.notes]
        started = time.perf_counter()
        mel_TM, _ = self.voice.say_units(units, number)
        with torch.inference_mode():
            wave = self.voice.sounder.whole(mel_TM).float().cpu().numpy()
        self.taken += time.perf_counter() - started
        self.seconds += len(wave) / self.texts.format.sample_rate
        self.count += 1
        real = self.texts.wave(place)
        self._compare(wave, real)
        if self.ears is not None and "phoneme_error" in self.wanted:
            self.spoken["phoneme_error"].append(self.ears.error(wave, entry.units))
            self.recorded.setdefault("phoneme_error", []).append(self.ears.error(real, entry.units))

        if self.listener is not None:
            words, rate = words_of(self.texts.front_end, entry.text), self.texts.format.sample_rate
            for found, one in ((self.spoken, wave), (self.recorded, real)):
                found.setdefault("word_error", []).append(word_error(self.listener.hear(one, rate), words))

    def _compare(self, wave: Array, real: Array) -> None:
        if "duration_error" in self.wanted:
            self.spoken["duration_error"].append(abs(len(wave) - len(real)) / len(real))
        if not {"f0_error", "mel_error"} & set(self.wanted):
            return
        mels = [self.measurer.mel(one) for one in (wave, real)]
        path = warped(mels[0], mels[1])
        if "mel_error" in self.wanted:
            self.spoken["mel_error"].append(float(np.abs(mels[0][path[:, 0]] - mels[1][path[:, 1]]).mean()))
        if "f0_error" in self.wanted:
            pitch = [self.measurer.pitch(one, len(mel)) for one, mel in zip((wave, real), mels, strict=True)]
            both = (pitch[0][path[:, 0]] > 0) & (pitch[1][path[:, 1]] > 0)
            if both.any():
                difference = (pitch[0][path[:, 0]] - pitch[1][path[:, 1]])[both]
                cents = 1200 / np.log(2) * difference
                self.spoken["f0_error"].append(float(np.sqrt(np.mean(cents**2))))

    def result(self, recognizer: str) -> dict[str, Any]:
        """Means, intervals, the ceiling."""
        means = {name: mean_with_interval(values) for name, values in self.spoken.items() if values}
        rows: dict[str, Mapping[str, float]] = {"voice": {name: mean.value for name, mean in means.items()}}
        if self.recorded:
            rows["recordings"] = {name: float(np.mean(values)) for name, values in self.recorded.items()}
        skipped = {}
        if "phoneme_error" in self.wanted and self.ears is None:
            skipped["phoneme_error"] = "needs a recogniser: --recognizer RUN (docs/voices.md, Intelligibility)"
        factor = self.seconds / max(self.taken, 1e-9)
        return {
            "samples": self.count,
            "seconds_of_audio": round(self.seconds, 2),
            "real_time_factor": factor,
            "vocoder": self.voice.sounder.name,
            "recognizer": recognizer,
            "metrics": dict(rows["voice"]),
            "intervals": {n: mean.half_width for n, mean in means.items() if mean.half_width is not None},
            "rows": {name: dict(row) for name, row in rows.items()},
            "units": {name: _UNITS[name] for name in self.wanted},
            "skipped": skipped,
            "notes": [*self.voice.notes, *self.notes],
            "table": _table(rows, self.wanted, factor),
        }


def warped(first_TM: Array, second_TM: Array) -> Array:
    """Pairs of frames that belong together, int [P, 2], by dynamic time warping of log-mels (Sakoe & Chiba 1978).

    Raises:
        MissingExtraError: librosa is not installed.
    """
    librosa: Any = require("librosa", "speech", "Dynamic time warping")
    require("librosa.sequence", "speech", "Dynamic time warping")
    _, path = librosa.sequence.dtw(first_TM.T.astype(np.float64), second_TM.T.astype(np.float64), metric="euclidean")
    pairs: Array = np.asarray(path)[::-1]
    return pairs


def _table(rows: Mapping[str, Mapping[str, float]], wanted: Sequence[str], factor: float) -> str:
    names = [name for name in wanted if any(name in row for row in rows.values())]
    head = ["", *names, "x real time"]
    lines = [
        [name, *(f"{row[number]:.3f}" if number in row else "-" for number in names), "-"] for name, row in rows.items()
    ]
    lines[0][-1] = f"{factor:.1f}"
    widths = [max(len(line[place]) for line in (head, *lines)) for place in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) if not place else cell.rjust(width) for place, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(line, widths, strict=True)) for line in (head, *lines))
    )

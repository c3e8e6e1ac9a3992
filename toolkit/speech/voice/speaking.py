"""Texts to audio files: whole or piece by piece, with progress, and what is heard when."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from toolkit.engine.files import atomic_file
from toolkit.errors import DataError, require
from toolkit.speech.files import AudioFileError, write_audio
from toolkit.speech.vocoding import STREAMED
from toolkit.speech.voice.pipeline import Spoken, VoicePipeline

_ENDING_NOTES = 40  # notes of a text that are kept; a book in another language would have one for every word


@dataclass(slots=True)
class Told:
    """What became of a text.

    Attributes:
        file: the audio.
        seconds_of_audio: its length.
        seconds_taken: for everything from text to wave; reading the model does not count.
        seconds_until_first_audio: until the first piece was there.
        sentences: how many were spoken.
        phones: each with its times in the file.
        words: likewise.
        notes: what could not be said as it was written.
    """

    file: str
    seconds_of_audio: float = 0.0
    seconds_taken: float = 0.0
    seconds_until_first_audio: float = 0.0
    sentences: int = 0
    phones: list[dict[str, Any]] = field(default_factory=list)
    words: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def real_time_factor(self) -> float:
        """Seconds of audio made per second: more is faster."""
        return self.seconds_of_audio / max(self.seconds_taken, 1e-9)

    def to_document(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {**asdict(self), "real_time_factor": self.real_time_factor}


def read_text(file: str | Path) -> str:
    """A text file.

    Raises:
        DataError: it is not there, not UTF-8, or empty.
    """
    path = Path(file)
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = "is not text in UTF-8" if isinstance(error, UnicodeDecodeError) else f"cannot be read: {error}"
        raise DataError(f"{path} {reason}", "give a text file in UTF-8") from error
    if not text.strip():
        raise DataError(f"{path} is empty", "give a text file with something to say")
    return text


def write_speech(
    pipeline: VoicePipeline,
    text: str,
    out: str | Path,
    *,
    stream: bool = False,
    progress: Callable[[int], None] = lambda characters: None,
    **options: Any,
) -> Told:
    """Speak a text into a file, sentence by sentence; it gets its name when it is whole.

    Args:
        pipeline: the voice.
        text: of any length.
        out: `.wav` or `.flac`.
        stream: decode piece by piece as well, so that the first audio is there earlier.
        progress: is called with the characters that are done.
        options: of `VoicePipeline.speak`.

    Raises:
        DataError: there is nothing to say.
        AudioFileError: the ending names no format that can be written while it is made.
        TrainingError: the disk is full.
    """
    target = Path(out)
    soundfile = require("soundfile", "speech", "Writing audio files")
    format = STREAMED.get(target.suffix.lower())
    if format is None:
        raise AudioFileError(str(target), "is no file that speech is written to", "choose .wav or .flac")
    told = Told(str(target))
    rate = pipeline.format.sample_rate
    first: float | None = None
    samples = 0
    started = time.perf_counter()
    with atomic_file(target) as temporary:
        with soundfile.SoundFile(str(temporary), "w", rate, 1, "PCM_16", format=format) as file:
            for piece in _pieces(pipeline, text, stream, told, progress, options):
                file.write((piece.cpu().numpy() * 32768).round().clip(-32768, 32767).astype(np.int16))
                file.flush()
                samples += len(piece)
                first = time.perf_counter() - started if first is None else first
        told.seconds_taken = time.perf_counter() - started
    told.seconds_of_audio = samples / rate
    told.seconds_until_first_audio = told.seconds_taken if first is None else first
    return told


def write_conversion(
    pipeline: VoicePipeline,
    recording: str | Path,
    text: str,
    out: str | Path,
    *,
    speaker: str | None = None,
    recorded: str | None = None,
) -> Told:
    """A recording's words by another speaker, as a file; see `VoicePipeline.convert`."""
    started = time.perf_counter()
    said = pipeline.convert(recording, text, speaker=speaker, recorded=recorded)
    taken = time.perf_counter() - started
    write_audio(out, said.wave, pipeline.format.sample_rate)
    seconds = len(said.wave) / pipeline.format.sample_rate
    phones = [asdict(phone) for phone in said.phones]
    return Told(str(out), seconds, taken, taken, 1, phones, [], list(said.notes))


def _pieces(
    pipeline: VoicePipeline,
    text: str,
    stream: bool,
    told: Told,
    progress: Callable[[int], None],
    options: Mapping[str, Any],
) -> Iterator[Tensor]:
    rate = pipeline.format.sample_rate
    if stream:
        made = [0]
        for piece in pipeline.stream(text, begun=lambda spoken: _note(told, spoken, made[0] / rate), **options):
            made[0] += len(piece)
            yield piece
        return
    begin, characters = 0.0, 0
    for spoken in pipeline.speak(text, **options):
        yield spoken.wave
        _note(told, spoken, begin)
        begin += len(spoken.wave) / rate
        characters += len(spoken.text)
        progress(characters)


def _note(told: Told, spoken: Spoken, begin: float) -> None:
    """The times of a sentence, in the file rather than in the sentence."""
    told.sentences += 1
    for phone in spoken.phones:
        told.phones.append({"phone": phone.phone, "start": _at(begin, phone.start), "end": _at(begin, phone.end)})
    for word in spoken.words:
        told.words.append({"word": word.word, "start": _at(begin, word.start), "end": _at(begin, word.end)})
    if len(told.notes) < _ENDING_NOTES:
        told.notes += [note for note in spoken.notes if note not in told.notes]


def _at(begin: float, seconds: float) -> float:
    return round(begin + seconds, 4)

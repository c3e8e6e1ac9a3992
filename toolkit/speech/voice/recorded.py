"""Folders of recordings with their texts as data for a voice."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from toolkit.data.prepare import Progress
from toolkit.data.source import Skipped
from toolkit.errors import ConfigError, DataError, Problem
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.collection import find_folder
from toolkit.speech.recordings import Recordings
from toolkit.speech.text.choosing import PhonemizerName
from toolkit.speech.text.front_end import FrontEnd
from toolkit.speech.voice.spoken import Entry, SpokenTexts, read_units
from toolkit.speech.voice.texts import Text, read_texts_of


class RecordedTexts(SpokenTexts):
    """Recordings of any common format with their texts, in one or several folders.

    Recordings are found, checked and brought to one form as those of `recordings` are; their texts stand in a table
    `metadata.csv` (NAME|TEXT|TEXT AS IT IS READ, as LJ Speech has it) or beside each recording (`a.wav`, `a.txt`). What
    cannot be used is left out and listed in `problems` with file and line: recordings that are damaged, silent,
    clipped, too short or too long; lines without a recording; texts in which there is nothing to say; recordings whose
    speaking rate is far from the speaker's usual one or whose text fits them badly, which mostly means that text and
    recording do not belong together.

    Splits are those of the folder, as for `recordings`.

    Args:
        path: the folder, or several, or names of data sets that were prepared.
        language: of the texts.
        phonemizer: `auto`, `gruut`, `pinyin`, `espeak` or `characters`.
        lexicon: a file of the user's own pronunciations.
        speakers: `one`, or `folders`: the folder that a recording lies in names its speaker.
        longest_seconds: longer recordings are left out.
        mismatch: robust standard deviations by which a text may fit its recording worse than usual, from fifty
            recordings on; `null` keeps all. 4 finds most texts that were mixed up, and takes one good one in a hundred.
        bootstrap: a voice of espeak-ng (extra `espeak`), such as `en-us` or `de`, whose readings of the texts say where
            units should begin, for an aligner with few recordings; `null` begins from the diagonal.
        sample_rate: in Hz; recordings of another rate are resampled.
        level: loudness in LUFS to which each recording is brought; `null` leaves it.
        trim: cut silence off both ends.
        gate: strength of the spectral gate against steady noise, 0 (none) to 1.
        n_fft: length of the Fourier transform of the mel spectrogram, in samples.
        hop_length: samples between frames.
        win_length: samples of the Hann window.
        mels: number of mel bands.
        fmin: lowest frequency of the bands in Hz.
        fmax: highest frequency in Hz; `null` for half the sample rate.
        cache: keep decoded recordings, mel spectrograms and pitch on disk.

    Raises:
        ConfigError: a number is out of range, or a language or phonemizer is unknown.
        DataError: there is no such folder, no usable recording, or no text.
        MissingExtraError: the phonemizer is not installed.
    """

    def __init__(
        self,
        path: str | list[str],
        language: str = "en",
        phonemizer: PhonemizerName = "auto",
        lexicon: str | None = None,
        speakers: Literal["one", "folders"] = "one",
        longest_seconds: float = 15.0,
        mismatch: float | None = 4.0,
        bootstrap: str | None = None,
        sample_rate: int = 22050,
        level: float | None = -23.0,
        trim: bool = True,
        gate: float = 0.0,
        n_fft: int = 1024,
        hop_length: int = 256,
        win_length: int = 1024,
        mels: int = 80,
        fmin: float = 0.0,
        fmax: float | None = 8000.0,
        cache: bool = True,
    ) -> None:
        if not longest_seconds > 0:
            raise ConfigError([Problem("longest_seconds", f"is {longest_seconds}; it must be above 0")])
        if mismatch is not None and not mismatch > 0:
            raise ConfigError([Problem("mismatch", f"is {mismatch}; it must be above 0, or null to keep all texts")])
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
        front_end = FrontEnd(language, phonemizer, lexicon, markup=False)
        recordings = Recordings(path, sample_rate, level, trim, gate, cache=cache)
        problems = list(recordings.problems)
        texts = _texts(path, recordings, problems)
        entries = []
        for index in range(len(recordings)):
            key = recordings.key(index)
            if key not in texts:
                continue
            audio = recordings[index]["audio"]
            seconds = len(audio) / sample_rate
            if seconds > longest_seconds:
                problems.append(Skipped(key, f"lasts {seconds:.1f} s; the longest are {longest_seconds:g} s"))
                continue
            text = texts[key]
            try:
                units, unread = read_units(front_end, text.text)
            except DataError as error:
                problems.append(Skipped(text.place, error.message))
                continue
            if unread:
                problems.append(Skipped(text.place, f"left out, as not all of it can be read: {'; '.join(unread)}"))
                continue
            speaker = _folder(key) if speakers == "folders" else ""
            entries.append(Entry(key, text.text, units, audio, speaker, recordings.split_of(index), place=text.place))
        super().__init__(entries, format, front_end, problems, cache, mismatch, bootstrap)
        self.note = recordings.note

    @classmethod
    def prepare(
        cls,
        source: Path | None = None,
        destination: Path | None = None,
        progress: Progress | None = None,
        path: str | list[str] | None = None,
    ) -> Path:
        """Put recordings and texts to where a recipe looks for them."""
        return Recordings.prepare(source, destination, progress, path)


def _texts(path: str | list[str], recordings: Recordings, problems: list[Skipped]) -> dict[str, Text]:
    """Texts by the keys of the data set; what is wrong with them goes to the problems."""
    paths = [path] if isinstance(path, str) else list(path)
    keys = [recordings.key(index) for index in range(len(recordings))]
    unusable = {problem.path.rpartition(".")[0] or problem.path for problem in recordings.problems}
    found: dict[str, Text] = {}
    prefixes = _prefixes(paths, keys)
    for name, prefix in zip(paths, prefixes, strict=True):
        mine = [key.removeprefix(prefix) for key in keys if key.startswith(prefix)]
        gone = [key.removeprefix(prefix) for key in unusable if key.startswith(prefix)]
        texts = read_texts_of(find_folder(name), [*mine, *gone])
        problems += texts.problems
        found |= {f"{prefix}{key}": text for key, text in texts.by_name.items()}
    return found


def _prefixes(paths: list[str], keys: list[str]) -> list[str]:
    """What stands before the keys of each folder; nothing where there is one folder."""
    if len(paths) == 1:
        return [""]
    found = []
    for path in paths:
        parts = find_folder(path).resolve().parts
        tails = ["/".join(parts[-depth:]) + "/" for depth in range(1, len(parts) + 1)]
        found.append(next((tail for tail in tails if any(key.startswith(tail) for key in keys)), tails[0]))
    return found


def _folder(key: str) -> str:
    """The name of a speaker: the first folder that is not merely where recordings lie."""
    names = [name for name in key.split("/")[:-1] if name.lower() not in {"wavs", "wav", "audio", "clips", "flac"}]
    return names[0] if names else ""

"""Texts with their recordings, as a source of sequences: what every data set of voices shares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit.data.source import Array, Skipped, Source, Subset
from toolkit.errors import DataError
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.segments import FULL_SCALE
from toolkit.speech.text.characters import MARKS
from toolkit.speech.text.front_end import FrontEnd
from toolkit.speech.text.phonemizer import WORD_BOUNDARY
from toolkit.speech.text.utterances import Utterance
from toolkit.speech.voice.acoustic import Scales
from toolkit.speech.voice.bootstrap import Bootstrap
from toolkit.speech.voice.feature_cache import Features, features_of
from toolkit.speech.voice.frames import continuous, energy_of
from toolkit.speech.voice.mismatch import FEWEST, misfits
from toolkit.speech.voice.phoneme_error import spoken_phones
from toolkit.speech.voice.units import END, Units, unit_inventory, units_of

_RATE_RATIO = 1.9  # of the usual speaking rate, above and below which text and recording cannot belong together
_SPEAKERS_RATE = 20  # recordings of a speaker from which on its own usual rate counts


@dataclass(frozen=True, slots=True)
class Entry:
    """A recording with its text.

    Attributes:
        key: its stable name.
        text: as it was written.
        units: what the front end made of it.
        audio: int16 [T].
        speaker: name of the speaker; empty where there is one.
        split: where the data fixes it.
        group: samples of one group are in one split; the key where there are no groups.
        place: file and line of the text, for messages.
        starts: true first sample of each unit, NaN where it is not known; `None` for recordings.
    """

    key: str
    text: str
    units: Units
    audio: Array
    speaker: str = ""
    split: str | None = None
    group: str = ""
    place: str = ""
    starts: Array | None = None


class SpokenTexts:
    """Recordings with texts, in units and frames.

    A sample is `symbols`, `stress`, `initial` int64 [N] (see `Units`), `heard`, the phones among the symbols, `mel`
    float32 [T, M], `pitch` float32 [T] (log-Hz, drawn on through unvoiced frames), `speaker` and `frames`, whole
    numbers; `place` [1] is its number here, whatever part of the data a batch comes from.

    Args:
        entries: at least two.
        format: the audio format, with the padding `same`.
        front_end: what read the texts.
        problems: what was left out before.
        cache: keep mel spectrograms and pitch on disk.
        mismatch: texts that fit their recordings worse than usual by more than so many robust standard deviations are
            left out (`toolkit.speech.voice.mismatch`); `None` keeps them all.
        bootstrap: voice of espeak-ng whose readings say where units should begin; samples then have `expected`, float32
            [N], frames (`toolkit.speech.voice.bootstrap`).

    Attributes:
        lengths: int64 [N, 2], units and frames.
        inventory: of the units.
        speakers: names, in the order of their numbers; one empty name where nobody is named.
        scales: means and standard deviations over all samples.
        note: what was done to the recordings; empty where nothing is worth saying.

    Raises:
        DataError: nothing usable is left.
    """

    classes: tuple[str, ...] = ()

    def __init__(
        self,
        entries: Iterable[Entry],
        format: AudioFormat,
        front_end: FrontEnd,
        problems: Sequence[Skipped] = (),
        cache: bool = True,
        mismatch: float | None = None,
        bootstrap: str | None = None,
    ) -> None:
        self.problems: list[Skipped] = list(problems)
        self.note = ""
        self.format = format
        self.front_end = front_end
        kept = self._fitting(list(entries))
        if len(kept) < 2:
            shown = "".join(f"\n  {problem.path}: {problem.reason}" for problem in self.problems[:5])
            raise DataError(
                f"{len(kept)} recordings with texts are usable; a voice needs at least 2{shown}",
                "see the reasons, and the section on recordings in docs/voices.md",
            )
        features = features_of([entry.audio for entry in kept], format, cache)
        if mismatch is not None:
            fit = self._belonging(kept, features, mismatch)
            kept, features = [kept[place] for place in fit], features.chosen(fit)
        self._entries, self._features = kept, features
        self._expected = None if bootstrap is None else self._rehearsed(bootstrap, cache)
        self.sample_rate = format.sample_rate
        self.level = format.level
        self.inventory = unit_inventory(entry.units for entry in kept)
        self.speakers: tuple[str, ...] = tuple(sorted({entry.speaker for entry in kept}))
        self.seconds: Array = np.array([len(entry.audio) for entry in kept]) / format.sample_rate
        frames = np.diff(self._features.ends, prepend=0)
        self.lengths: Array = np.stack([[len(entry.units) for entry in kept], frames], 1).astype(np.int64)
        self.padding = {"symbols": 0}
        self.scales = _scales(self._features)

    def __len__(self) -> int:
        return len(self._entries)

    def key(self, index: int) -> str:
        """Name of the recording."""
        return self._entries[index].key

    def split_of(self, index: int) -> str | None:
        """The split that the data fixes."""
        return self._entries[index].split

    def group(self, index: int) -> str:
        """What is in one split with it."""
        return self._entries[index].group or self._entries[index].key

    def __getitem__(self, index: int) -> dict[str, Any]:
        entry = self._entries[index]
        mel_TM, pitch_T = self._features.of(index)
        expected = {} if self._expected is None else {"expected": self._expected[index].astype(np.float32)}
        return {
            **expected,
            "symbols": np.array(self.inventory.encode(entry.units.symbols), dtype=np.int64),
            "stress": np.array(entry.units.stress, dtype=np.int64),
            "initial": np.array(entry.units.initial, dtype=np.int64),
            "heard": np.array(self.inventory.encode(spoken_phones(entry.units.symbols)), dtype=np.int64),
            "mel": mel_TM.astype(np.float32),
            "pitch": continuous(pitch_T),
            "speaker": self.speakers.index(entry.speaker),
            "frames": len(mel_TM),
            "place": np.array([index], dtype=np.int64),
        }

    def entry(self, index: int) -> Entry:
        """Text and recording of a sample."""
        return self._entries[index]

    def wave(self, index: int) -> Array:
        """The recording, float32 [T] in [-1, 1)."""
        return (self._entries[index].audio / np.float32(FULL_SCALE)).astype(np.float32)

    def _fitting(self, entries: list[Entry]) -> list[Entry]:
        """What can be aligned, at a speaking rate that the speaker has elsewhere too."""
        rates = np.array([self._rate(entry) for entry in entries])
        names = np.array([entry.speaker for entry in entries])
        usual = {name: float(np.median(rates[names == name])) for name in set(names.tolist())}
        common = float(np.median(rates)) if len(rates) else 0.0
        kept = []
        for entry, rate in zip(entries, rates.tolist(), strict=True):
            enough = int((names == entry.speaker).sum()) >= _SPEAKERS_RATE
            expected = usual[entry.speaker] if enough else common
            where = entry.place or entry.key
            if len(entry.audio) < len(entry.units) * self.format.hop_length:
                reason = f"{len(entry.units)} units of speech in {len(entry.audio) / self.format.sample_rate:.2f} s"
                self.problems.append(Skipped(where, f"the text is too long for its recording: {reason}"))
            elif not expected / _RATE_RATIO <= rate <= expected * _RATE_RATIO:
                reason = f"{rate:.1f} units a second, the others {expected:.1f}: do text and recording belong together?"
                self.problems.append(Skipped(where, reason))
            else:
                kept.append(entry)
        return kept

    def _belonging(self, entries: list[Entry], features: Features, most: float) -> list[int]:
        """Places of the entries whose text fits the recording; too few to judge by all do."""
        if len(entries) < FEWEST:
            return list(range(len(entries)))
        inventory = unit_inventory(entry.units for entry in entries)
        symbols = [np.array(inventory.encode(entry.units.symbols)) for entry in entries]
        mels = [features.of(place)[0] for place in range(len(entries))]
        fit = []
        for place, misfit in enumerate(misfits(symbols, mels, len(inventory) + 1).tolist()):
            if misfit <= most:
                fit.append(place)
                continue
            reason = f"the text fits the recording badly: {misfit:.1f} deviations from the usual, the limit is {most:g}"
            self.problems.append(Skipped(entries[place].place or entries[place].key, reason))
        return fit

    def _rehearsed(self, voice: str, cache: bool) -> list[Array]:
        texts, units = [entry.text for entry in self._entries], [entry.units for entry in self._entries]
        mels = [self._features.of(place)[0] for place in range(len(texts))]
        return Bootstrap(voice, self.format, cache).starts(texts, units, mels)

    def _rate(self, entry: Entry) -> float:
        return len(entry.units) * self.format.sample_rate / max(len(entry.audio), 1)


def read_units(front_end: FrontEnd, text: str) -> tuple[Units, tuple[str, ...]]:
    """The units of a recording's whole text, which may be several sentences, and what could not be read in it.

    Raises:
        DataError: there is nothing to say.
    """
    reading = front_end.read(text)
    if not reading.utterances:
        raise DataError(f"there is nothing to say in {text[:40]!r}")
    return units_of(joined(reading.utterances)), tuple(str(problem) for problem in reading.problems)


def joined(utterances: Sequence[Utterance]) -> tuple[str, ...]:
    """The symbols of several sentences in a row."""
    found: list[str] = []
    for utterance in utterances:
        if found and found[-1] not in MARKS:
            found.append(END)
        found += utterance.symbols
    return tuple(found[1:] if found and found[0] == WORD_BOUNDARY else found)


def texts_behind(source: Source) -> tuple[SpokenTexts, list[int]]:
    """The data set of a source or of a part of it, and the places of its samples there.

    Raises:
        DataError: these are no texts with recordings.
    """
    places = list(range(len(source)))
    while isinstance(source, Subset):
        places = [int(source.indices[place]) for place in places]
        source = source.source
    if not isinstance(source, SpokenTexts):
        raise DataError(
            "a voice learns from recordings with texts, and this data has none",
            "use data.name=spoken_texts data.path=FOLDER, or data.name=espeak_voice",
        )
    return source, places


def _scales(features: Features) -> Scales:
    import torch  # its logarithm of sums is what the network uses too

    mel = features.mel.astype(np.float32)
    voiced = features.pitch[features.pitch > 0]
    energy = energy_of(torch.from_numpy(mel)).numpy()
    return Scales(_scale(mel), _scale(voiced) if len(voiced) > 1 else (5.0, 0.25), _scale(energy))


def _scale(values: Array) -> tuple[float, float]:
    """Mean and standard deviation to two decimals: another recording shall not change them in a recipe."""
    return round(float(values.mean(dtype=np.float64)), 2), max(round(float(values.std(dtype=np.float64)), 2), 0.01)

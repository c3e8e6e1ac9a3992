"""Trained voices, ready to use: load a folder, give it a text, get speech."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from toolkit.config import build
from toolkit.data.source import Source
from toolkit.engine.models import ModelFolder, load_weights, locate_model
from toolkit.errors import CheckpointError, DataError, ToolkitError, nearest
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.text.front_end import FrontEnd
from toolkit.speech.text.inventory import Inventory
from toolkit.speech.text.utterances import Utterance
from toolkit.speech.voice.acoustic import AcousticModel
from toolkit.speech.voice.conversion import measure_recording, plan_conversion
from toolkit.speech.voice.export import ExportedVoice, example_units
from toolkit.speech.voice.fitting import fitted
from toolkit.speech.voice.signal import GRIFFIN_LIM, VOCODER, Sounder, find_vocoder, open_sounder, own_sounder
from toolkit.speech.voice.spoken import read_units
from toolkit.speech.voice.synthesis import (
    FRONT_END,
    INVENTORY,
    Planned,
    Prosody,
    decode_planned,
    plan_speech,
    stretches,
    units_batch,
)
from toolkit.speech.voice.timing import TimedPhone, TimedWord, phone_times, word_times
from toolkit.speech.voice.units import Units, units_of

_FIRST_SECONDS = 0.25  # of mel frames before the first piece of a stream can be made
_LONGEST_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence, spoken.

    Attributes:
        text: as it was written.
        wave: [samples] float32 in [-1, 1], with the pause that follows.
        phones: each phone with its time in the sentence.
        words: each word with its time in the sentence.
        notes: what could not be said as it was written.
    """

    text: str
    wave: Tensor
    phones: tuple[TimedPhone, ...]
    words: tuple[TimedWord, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Prepared:
    """An utterance on its way."""

    utterance: Utterance
    units: Units
    planned: Planned
    notes: list[str] = field(default_factory=list)


class VoicePipeline:
    """A voice: front end, inventory, acoustic model and vocoder; made by `toolkit.load`.

    Args:
        generator: the acoustic model, in evaluation mode; it is not changed.
        format: the audio format.
        front_end: reads texts.
        inventory: the units that the model knows, in the order of its embedding.
        sounder: makes waves of mel spectrograms.
        speakers: names of the voices in it.
        config: the model's `config.json`.
        folder: the model folder.

    Attributes:
        notes: sentences for the user, e.g. that there is no vocoder.

    Raises:
        CheckpointError: inventory or format do not fit the model.
    """

    modality = "voice"
    any_size: ClassVar[Mapping[str, tuple[int, ...]]] = {"units": (0, 2), "frames": (0, 1)}
    """Dimensions of the inputs of an export that may be of any size."""

    def __init__(
        self,
        generator: nn.Module,
        format: AudioFormat,
        front_end: FrontEnd,
        inventory: Inventory,
        sounder: Sounder,
        speakers: Sequence[str] = ("",),
        config: dict[str, Any] | None = None,
        folder: Path | None = None,
    ) -> None:
        if not isinstance(generator, AcousticModel):
            raise CheckpointError(f"a voice needs an acoustic model, not {type(generator).__name__}")
        sizes = {
            "symbols": (generator.symbol.num_embeddings, len(inventory)),
            "speakers": (generator.speaker.num_embeddings, len(speakers)),
            "mels": (generator.mels, format.mels),
        }
        for name, (has, wanted) in sizes.items():
            if has != wanted:
                raise CheckpointError(
                    f"{folder or 'the voice'}: the acoustic model has {has} {name}, its folder says {wanted}",
                    "the folder was changed, or belongs to other weights: copy it again",
                )
        self.generator = generator.eval().requires_grad_(False)
        self.format = format
        self.front_end = front_end
        self.inventory = inventory
        self.sounder = sounder
        self.speakers = tuple(speakers)
        self.config = config or {}
        self.folder = folder
        self.notes: list[str] = [front_end.note] if front_end.note else []

    @classmethod
    def from_folder(cls, model: ModelFolder, device: torch.device, vocoder: str | Path | None = None) -> VoicePipeline:
        """Build what a folder describes.

        Args:
            model: the folder.
            device: where to compute.
            vocoder: another vocoder than the voice's own.

        Raises:
            CheckpointError: a file or a weight is missing, damaged, or of another shape.
            ToolkitError: the vocoder has another audio format.
            MissingExtraError: the phonemizer is not installed.
        """
        words = f"{model.path}/config.json"
        format = AudioFormat.from_document(model.config["audio"], f"{words}:audio")
        generator = build("generators", model.config["generator"], f"{words}:generator")
        load_weights(generator, model.weights, model.path)
        front_end = FrontEnd.from_document(_document(model, FRONT_END))
        front_end.markup = True
        inventory = Inventory.from_document(_document(model, INVENTORY))
        inside = getattr(generator, "sound", None)  # what is no acoustic model is refused below
        if vocoder is None and inside is not None:
            sounder, note = own_sounder(inside.to(device), model.config, format), ""
        else:
            folder, note = find_vocoder(model, vocoder)
            sounder = open_sounder(folder, format, device, str(model.path))
        speakers = model.config.get("speakers") or [""]
        made = cls(generator.to(device), format, front_end, inventory, sounder, speakers, model.config, model.path)
        made.notes += [note] if note else []
        return made

    @property
    def device(self) -> torch.device:
        """Where the acoustic model is."""
        return next(self.generator.parameters()).device

    def use_vocoder(self, vocoder: str | Path) -> VoicePipeline:
        """Speak with another vocoder. Returns the pipeline.

        Raises:
            CheckpointError: it is not there.
            ToolkitError: it is no vocoder, or one of another audio format.
        """
        self.sounder = open_sounder(locate_model(vocoder), self.format, self.device, str(self.folder or ""))
        self.notes = [note for note in self.notes if "Griffin-Lim" not in note]
        return self

    def warm_up(self) -> VoicePipeline:
        """Say a word, so that what is set up at the first time is not met by the next sentence."""
        planned = self._plan(self.fit(units_of(self.inventory.symbols[-1:]))[0], 0, Prosody())
        if self.sounder.name != GRIFFIN_LIM:
            list(self.sounder.pieces(self._mels(planned)))
        return self

    # -- speaking -------------------------------------------------------------------------------------------------

    def speak(
        self,
        text: str,
        *,
        speaker: str | None = None,
        speed: float = 1.0,
        pitch: float = 0.0,
        range: float = 1.0,
    ) -> Iterator[Spoken]:
        """The sentences of a text, one after the other, each made when it is asked for.

        Args:
            text: of any length; with tags such as `<break time="500ms"/>` (`docs/voices.md`).
            speaker: name of one of `speakers`; the first when left out.
            speed: 0.25 to 4.
            pitch: semitones up or down, -24 to 24.
            range: how lively the melody is, 0 (monotone) to 3.

        Yields:
            Sentences; joined, their waves are the whole text.

        Raises:
            DataError: there is nothing to say in the text.
            ToolkitError: a number is out of range, or there is no such speaker.
        """
        for prepared in self._prepared(text, speaker, _prosody(speed, pitch, range)):
            mel = decode_planned(self.generator, prepared.planned, 0, prepared.planned.frames.shape[1])
            with torch.inference_mode():
                wave = self.sounder.whole(mel).float()
            yield self._spoken(prepared, torch.cat([wave, self._silence(prepared.utterance)]))

    def stream(
        self,
        text: str,
        *,
        speaker: str | None = None,
        speed: float = 1.0,
        pitch: float = 0.0,
        range: float = 1.0,
        begun: Callable[[Spoken], None] = lambda spoken: None,
    ) -> Iterator[Tensor]:
        """The wave of a text in pieces `[samples]`, each as early as it can be had; see `speak` for the arguments.

        Joined, the pieces are the waves of `speak`, up to rounding. `begun` is called with each sentence before its
        first piece; its wave is empty then.
        """
        for prepared in self._prepared(text, speaker, _prosody(speed, pitch, range)):
            begun(self._spoken(prepared, torch.zeros(0)))
            yield from self.sounder.pieces(self._mels(prepared.planned))
            silence = self._silence(prepared.utterance)
            if len(silence):
                yield silence

    def convert(
        self, recording: str | Path, text: str, *, speaker: str | None = None, recorded: str | None = None
    ) -> Spoken:
        """What is said in a recording, in its timing and melody, by a speaker of this voice.

        Args:
            recording: an audio file of one sentence or a few.
            text: the words that are said in it.
            speaker: who shall say them; the first speaker when left out.
            recorded: the speaker of this voice that the recording is of, or that is most like it; the first when left
                out. The recording is only listened to for its timing, pitch and loudness.

        Raises:
            AudioFileError: the recording cannot be read.
            DataError: there is nothing to say in the text, or the recording is too short for it.
            ToolkitError: there is no such speaker.
        """
        number, heard = self.speaker_number(speaker), self.speaker_number(recorded)
        said, unread = read_units(self.front_end, text)
        units, notes = self.fit(said)
        mel, pitch = (torch.from_numpy(part).to(self.device) for part in measure_recording(recording, self.format))
        batch = units_batch(units, self.inventory, heard, self.device)
        planned = plan_conversion(self.generator, batch, mel, pitch, number)
        frames = decode_planned(self.generator, planned, 0, planned.frames.shape[1])
        with torch.inference_mode():
            wave = self.sounder.whole(frames).float()
        seconds = planned.durations.cpu().numpy() * self.format.hop_length / self.format.sample_rate
        return Spoken(text, wave.cpu(), phone_times(units, seconds), (), (*unread, *notes))

    def mels(self, text: str, *, speaker: str | None = None, speed: float = 1.0) -> list[Tensor]:
        """Log-mel spectrograms [T, M] of the sentences of a text, without a vocoder."""
        return [
            decode_planned(self.generator, prepared.planned, 0, prepared.planned.frames.shape[1])
            for prepared in self._prepared(text, speaker, _prosody(speed, 0.0, 1.0))
        ]

    def say_units(self, units: Units, speaker: int = 0) -> tuple[Tensor, Tensor]:
        """The mel spectrogram [T, M] and the durations [N] of units as they are."""
        planned = self._plan(units, speaker, Prosody())
        return decode_planned(self.generator, planned, 0, planned.frames.shape[1]), planned.durations

    def fit(self, units: Units) -> tuple[Units, list[str]]:
        """Units that the voice knows, and a sentence for each that it does not."""
        return fitted(units, self.inventory)

    def _prepared(self, text: str, speaker: str | None, prosody: Prosody) -> Iterator[_Prepared]:
        number = self.speaker_number(speaker)
        reading = self.front_end.read(text)
        if not reading.utterances:
            unread = ", ".join(str(problem) for problem in reading.problems[:5])
            raise DataError(f"there is nothing to say in {text[:40]!r}{f' ({unread})' if unread else ''}", "give words")
        for utterance in reading.utterances:
            units, notes = self.fit(units_of(utterance.symbols))
            notes = [*(str(problem) for problem in utterance.problems), *notes]
            yield _Prepared(utterance, units, self._plan(units, number, prosody), notes)

    @torch.inference_mode()
    def _plan(self, units: Units, speaker: int, prosody: Prosody) -> Planned:
        return plan_speech(self.generator, units_batch(units, self.inventory, speaker, self.device), prosody)

    def _mels(self, planned: Planned) -> Iterator[Tensor]:
        rate = self.format.frame_rate
        return stretches(self.generator, planned, round(_FIRST_SECONDS * rate), round(_LONGEST_SECONDS * rate))

    def _silence(self, utterance: Utterance) -> Tensor:
        return torch.zeros(round(utterance.pause_after * self.format.sample_rate))

    def _spoken(self, prepared: _Prepared, wave: Tensor) -> Spoken:
        seconds = prepared.planned.durations.cpu().numpy() * self.format.hop_length / self.format.sample_rate
        phones = phone_times(prepared.units, seconds)
        words = word_times(prepared.units, seconds, prepared.utterance.words)
        return Spoken(prepared.utterance.text, wave.cpu(), phones, words, tuple(prepared.notes))

    def speaker_number(self, name: str | None) -> int:
        """The number of a speaker; of the first when left out.

        Raises:
            ToolkitError: there is no such speaker.
        """
        if name is None:
            return 0
        if name not in self.speakers:
            known = [speaker for speaker in self.speakers if speaker]
            hint = nearest(name, known) if known else "this voice has one speaker without a name"
            raise ToolkitError(f"there is no speaker '{name}'; {hint}", "leave --speaker out for the first one")
        return self.speakers.index(name)

    # -- measuring ------------------------------------------------------------------------------------------------

    def open_data(self, path: Path, split: str) -> tuple[Source, str]:
        """A folder of recordings with texts in the voice's form; see `toolkit.runs.paired.JudgesPairs`."""
        from toolkit.speech.voice.evaluation import open_spoken

        return open_spoken(self.format, self.front_end, path, split)

    def evaluate(
        self, source: Source, metrics: Sequence[Any] | None, samples: int | None, seed: int, **settings: Any
    ) -> dict[str, Any]:
        """What is said of the texts, beside their recordings; see `toolkit.runs.paired.JudgesPairs`."""
        from toolkit.speech.voice.evaluation import evaluate_voice

        foreign = sorted(set(settings) - {"recognizer"})
        if foreign:
            raise DataError(
                f"{', '.join(f'--{name}' for name in foreign)}: a voice knows no such thing", "leave it out"
            )
        return evaluate_voice(self, source, metrics, samples, seed, **settings)

    # -- for exports ----------------------------------------------------------------------------------------------

    @property
    def companions(self) -> dict[str, Path]:
        """Folders of other models that the voice needs, by the names that they have in its own folder."""
        folder = getattr(self.sounder, "folder", None)
        return {} if folder is None else {VOCODER: folder}

    @property
    def module(self) -> nn.Module:
        """The network that an export describes: units to frames, in the timing that it predicts."""
        return ExportedVoice.of(self.generator)

    def example_inputs(self) -> dict[str, Tensor]:
        """Inputs to trace the network with."""
        return example_units(len(self.inventory), len(self.speakers))


def _document(model: ModelFolder, name: str) -> dict[str, Any]:
    file = model.file(name)
    try:
        document = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{file} is damaged: {error}", "copy the folder again from where it came from") from error
    if not isinstance(document, dict):
        raise CheckpointError(f"{file} is damaged: it holds no fields by name", "copy the folder again")
    return document


def _prosody(speed: float, pitch: float, range: float) -> Prosody:
    for name, value, least, most in (("speed", speed, 0.25, 4), ("pitch", pitch, -24, 24), ("range", range, 0, 3)):
        if not least <= value <= most:
            raise ToolkitError(f"{name} is {value:g}; it must lie between {least:g} and {most:g}")
    return Prosody(speed, pitch, range)

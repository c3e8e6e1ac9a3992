"""What a voice predicts for recordings, in their own timing: what its vocoder is fine-tuned on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from toolkit.data.prepare import written
from toolkit.data.sequences import padded
from toolkit.data.source import Array, Skipped
from toolkit.errors import DataError
from toolkit.speech.voice.evaluation import open_recordings
from toolkit.speech.voice.spoken import SpokenTexts
from toolkit.speech.voice.units import Units

if TYPE_CHECKING:
    from toolkit.speech.voice.pipeline import VoicePipeline

_BATCH = 16


@dataclass(frozen=True, slots=True)
class Predicted:
    """What was written.

    Attributes:
        folder: where `<key>.npy` lie, float32 [bands, frames].
        recordings: how many.
        seconds: of recordings.
        distance: mean absolute difference to the recordings' own log-mels, in nepers.
        problems: recordings and texts that were left out.
    """

    folder: Path
    recordings: int
    seconds: float
    distance: float
    problems: tuple[Skipped, ...]


@torch.no_grad()
def predict_mels(voice: VoicePipeline, data: str | Path, out: str | Path, *, speaker: str | None = None) -> Predicted:
    """Write the mel spectrograms that a voice predicts for the texts of recordings, frame by frame beside them.

    The voice is told when each phone begins, how high and how loud it is; its aligner finds that in the recording. So
    only the spectra are its own, and a vocoder that goes on training with them (`data.mels`) learns to make speech of
    what it will be given (Kong et al. 2020, "HiFi-GAN", section 4.4).

    Args:
        voice: the voice.
        data: recordings with texts, as a voice is trained on.
        out: folder for the files, named as the data set `recordings` names them.
        speaker: whose they are; the voice's first speaker when left out.

    Raises:
        DataError: there are no usable recordings with texts, or a file cannot be written.
        ToolkitError: there is no such speaker.
    """
    source = open_recordings(voice.format, voice.front_end, Path(data))
    number = voice.speaker_number(speaker)
    folder, distances, problems = Path(out), [], list(source.problems)
    items: list[tuple[str, dict[str, Any]]] = []
    for place in range(len(source)):
        fitting, notes = voice.fit(source.entry(place).units)
        if notes:
            problems.append(Skipped(source.key(place), "; ".join(notes)))
            continue
        items.append((source.key(place), _item(voice, source, place, fitting, number)))
    if not items:
        raise DataError(f"{data}: the voice can say none of the {len(source)} texts", "see the reasons above")
    for first in range(0, len(items), _BATCH):
        names, chosen = zip(*items[first : first + _BATCH], strict=True)
        for name, mel_TM, real_TM in zip(names, _predict(voice, list(chosen)), chosen, strict=True):
            distances.append(np.abs(mel_TM - real_TM["mel"]).mean())
            file = folder / f"{name}.npy"
            file.parent.mkdir(parents=True, exist_ok=True)
            with written(file) as stream:
                np.save(stream, np.ascontiguousarray(mel_TM.T))
    return Predicted(folder, len(items), float(source.seconds.sum()), float(np.mean(distances)), tuple(problems))


def _item(voice: VoicePipeline, source: SpokenTexts, place: int, units: Units, speaker: int) -> dict[str, Any]:
    """The sample in the voice's own inventory."""
    item = source[place]
    return {
        "symbols": np.array(voice.inventory.encode(units.symbols), dtype=np.int64),
        "stress": np.array(units.stress, dtype=np.int64),
        "initial": np.array(units.initial, dtype=np.int64),
        "mel": item["mel"],
        "pitch": item["pitch"],
        "speaker": speaker,
        "frames": item["frames"],
    }


def _predict(voice: VoicePipeline, items: list[dict[str, Any]]) -> list[Array]:
    """float32 [T, M] each."""
    batch = {name: value.to(voice.device) for name, value in padded(items, {"symbols": 0}).items()}
    names = ("symbols", "stress", "initial", "speaker", "mel", "pitch", "frames")
    said = voice.generator(*(batch[name] for name in names))
    mel_BTM: Array = said.mel.float().cpu().numpy()
    return [mel_TM[: item["frames"]] for mel_TM, item in zip(mel_BTM, items, strict=True)]

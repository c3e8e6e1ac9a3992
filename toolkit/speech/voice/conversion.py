"""Speaker conversion: what somebody says in a recording, in the timing and melody of it, by another speaker."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from toolkit.data.source import Array
from toolkit.errors import DataError
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.files import read_audio
from toolkit.speech.level import to_level
from toolkit.speech.text.inventory import PADDING
from toolkit.speech.voice.acoustic import AcousticModel
from toolkit.speech.voice.alignment import path_of
from toolkit.speech.voice.frames import FrameMeasurer, continuous
from toolkit.speech.voice.synthesis import Planned, UnitsBatch


def measure_recording(file: str | Path, format: AudioFormat) -> tuple[Array, Array]:
    """Mel spectrogram float32 [T, M] and pitch float32 [T] (log-Hz, drawn on) of a recording of any rate.

    Raises:
        AudioFileError: it cannot be read.
        DataError: nothing in it is voiced, so it is no speech.
    """
    wave, _ = read_audio(file, format.sample_rate)
    if format.level is not None:
        wave = to_level(wave, format.sample_rate, format.level)
    measurer = FrameMeasurer(format)
    mel = measurer.mel(wave)
    pitch = measurer.pitch(wave, len(mel))
    if not np.any(pitch):
        raise DataError(f"{file}: nothing in it is voiced", "give a recording of somebody who speaks")
    return mel, continuous(pitch)


@torch.inference_mode()
def plan_conversion(model: AcousticModel, batch: UnitsBatch, mel_TM: Tensor, pitch_T: Tensor, speaker: int) -> Planned:
    """A recording's sentence as another speaker would say it: its lengths and its melody, moved to the other's height.

    The model's own aligner finds which frames belong to which unit. The melody is moved by the difference between the
    mean pitches that the model gives the two speakers for this sentence; loudness stays as it is.

    Args:
        model: of several speakers.
        batch: the units of the sentence; its speaker is that of the recording.
        mel_TM: log-mels of the recording, in the model's audio format.
        pitch_T: its log fundamental frequency.
        speaker: number of the one who shall say it.

    Raises:
        DataError: the recording has fewer frames than the sentence has units.
    """
    units = batch.symbols.shape[1]
    if len(mel_TM) < units:
        raise DataError(
            f"the recording has {len(mel_TM)} frames and its text {units} phones: they do not belong together",
            "give the words that are said in the recording",
        )
    frames_B = torch.tensor([len(mel_TM)], device=mel_TM.device)
    told = model(batch.symbols, batch.stress, batch.initial, batch.speaker, mel_TM[None], pitch_T[None], frames_B)
    mask_BN = batch.symbols != PADDING
    other = replace(batch, speaker=torch.full_like(batch.speaker, speaker))
    hidden = model.encoder(model.embed(other.symbols, other.stress, other.initial, other.speaker), mask_BN)
    _, theirs, _ = model.predict(hidden, mask_BN)
    pitch = told.real_pitch + (theirs - told.pitch).mean()
    coloured = model.colour(hidden, pitch.to(hidden.dtype), told.real_energy.to(hidden.dtype), mask_BN)
    return Planned(model.spread(coloured, told.durations, path_of(told.durations)), told.durations[0])

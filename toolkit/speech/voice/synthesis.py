"""From units to a mel spectrogram: how long, how high, how fast, and what is heard when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from toolkit.speech.text.inventory import PADDING, Inventory
from toolkit.speech.voice.acoustic import AcousticModel
from toolkit.speech.voice.alignment import path_of
from toolkit.speech.voice.units import Units

FRONT_END, INVENTORY = "front_end.json", "inventory.json"
"""Files of a voice: how texts are read, and which units it knows."""

_CENTS = 1200.0


@dataclass(frozen=True, slots=True)
class UnitsBatch:
    """One text as tensors, [1, N] each; `speaker` is [1]."""

    symbols: Tensor
    stress: Tensor
    initial: Tensor
    speaker: Tensor


@dataclass(frozen=True, slots=True)
class Prosody:
    """How something shall be said.

    Attributes:
        speed: 1 as the voice speaks by itself, 2 twice as fast.
        pitch: semitones up or down.
        range: 1 as lively as the voice is, 0 monotone.
        energy: decibels louder or quieter, as the voice would speak so.
    """

    speed: float = 1.0
    pitch: float = 0.0
    range: float = 1.0
    energy: float = 0.0


@dataclass(frozen=True, slots=True)
class Speech:
    """Something said.

    Attributes:
        mel: [T, M] log-mels.
        durations: int64 [N], frames of each unit.
    """

    mel: Tensor
    durations: Tensor


@dataclass(frozen=True, slots=True)
class Planned:
    """What will be said, before its frames are made.

    Attributes:
        frames: [1, T, C], what the decoder of frames begins with.
        durations: int64 [N], frames of each unit.
    """

    frames: Tensor
    durations: Tensor


def units_batch(units: Units, inventory: Inventory, speaker: int, device: torch.device) -> UnitsBatch:
    """A text as the network takes it.

    Raises:
        DataError: the inventory lacks a unit.
    """
    rows = (inventory.encode(units.symbols), units.stress, units.initial)
    symbols, stress, initial = (torch.tensor([list(row)], dtype=torch.int64, device=device) for row in rows)
    return UnitsBatch(symbols, stress, initial, torch.tensor([speaker], device=device))


def plan_speech(model: AcousticModel, batch: UnitsBatch, prosody: Prosody | None = None) -> Planned:
    """Timing, pitch and energy of a text: all that is computed of it at once.

    Lengths are rounded where units end, so that rounding never adds up; each unit has one frame at least.
    """
    wanted = prosody or Prosody()
    mask_BN = batch.symbols != PADDING
    hidden = model.encoder(model.embed(batch.symbols, batch.stress, batch.initial, batch.speaker), mask_BN)
    log_durations, pitch, energy = model.predict(hidden, mask_BN)
    durations = whole_frames(log_durations.float().exp() / wanted.speed)
    semitone = torch.tensor(2.0).log() / 12
    pitch = pitch * wanted.range + wanted.pitch * float(semitone) / model.scales.pitch[1]
    decibel = torch.tensor(10.0).log() / 20
    energy = energy + wanted.energy * float(decibel) / model.scales.energy[1]
    coloured = model.colour(hidden, pitch.to(hidden.dtype), energy.to(hidden.dtype), mask_BN)
    path = path_of(durations)
    return Planned(model.spread(coloured, durations, path), durations[0])


def whole_frames(lengths_BN: Tensor) -> Tensor:
    """Whole numbers of frames, at least 1 each, whose ends are as near to the wanted ends as they can be."""
    ends = lengths_BN.clamp(min=1).cumsum(1).round().long()
    return (ends - torch.nn.functional.pad(ends, (1, 0))[:, :-1]).clamp(min=1)


def speak(model: AcousticModel, batch: UnitsBatch, prosody: Prosody | None = None) -> Speech:
    """The mel spectrogram of a text, all at once."""
    planned = plan_speech(model, batch, prosody)
    return Speech(decode_planned(model, planned, 0, planned.frames.shape[1]), planned.durations)


def decode_planned(model: AcousticModel, planned: Planned, begin: int, end: int) -> Tensor:
    """Log-mels [end - begin, M] of a stretch, the same as in the whole."""
    first, last = max(0, begin - model.context_frames), min(end + model.context_frames, planned.frames.shape[1])
    frames = planned.frames[:, first:last]
    inside = torch.ones(frames.shape[:2], dtype=torch.bool, device=frames.device)
    return model.decode_frames(frames, inside)[0, begin - first : end - first]


def stretches(model: AcousticModel, planned: Planned, first: int, longest: int) -> Iterator[Tensor]:
    """Log-mels [T, M] in stretches that grow from `first` frames to `longest`: each as early as it can be had."""
    begin, length = 0, max(first, 1)
    total = planned.frames.shape[1]
    while begin < total:
        end = min(begin + length, total)
        if total - end < model.context_frames:  # a short rest would cost its whole surroundings again
            end = total
        yield decode_planned(model, planned, begin, end)
        begin, length = end, min(2 * length, longest)

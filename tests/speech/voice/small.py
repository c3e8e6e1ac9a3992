"""Small voices for tests: tones instead of speech, letters instead of phonemes, networks of a few thousand weights."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import torch

from toolkit.config import build
from toolkit.engine.models import save_model
from toolkit.speech.voice.acoustic import AcousticModel
from toolkit.speech.voice.read_aloud import EspeakVoice
from toolkit.speech.voice.task import AcousticTask

DATA: dict[str, Any] = {
    "name": "espeak_voice",
    "rows": 8,
    "synthesiser": "tones",
    "sample_rate": 16000,
    "mels": 20,
    "fmax": None,
    "level": None,
    "cache": False,
}
NETWORK: dict[str, Any] = {"name": "acoustic", "width": 16, "encoder_blocks": 1, "decoder_blocks": 2, "dropout": 0.0}


@cache
def texts(**changes: Any) -> EspeakVoice:
    """Sixty-eight sentences in tones; made once for each set of changes."""
    made: EspeakVoice = build("datasets", {**DATA, **changes})
    return made


def network(data: EspeakVoice, seed: int = 0) -> tuple[AcousticTask, AcousticModel]:
    """A task whose data is open, and a network for it."""
    task = AcousticTask(vocoder=None)
    context = task.open(data)
    torch.manual_seed(seed)
    return task, build("generators", NETWORK, **context)


def save_voice(folder: Path, data: EspeakVoice, **config: Any) -> Path:
    """A model folder of an untrained voice."""
    task, generator = network(data)
    context = task.open(data)
    described = {"pipeline": "voice", "generator": {**NETWORK, **context}, **task.model_config(generator), **config}
    save_model(folder, generator.state_dict(), described, "# Card\n", task.files())
    return folder

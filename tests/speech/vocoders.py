"""Small vocoders with random weights, for the tests of this folder and of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from toolkit.config import build
from toolkit.engine.models import save_model
from toolkit.speech.audio_format import AudioFormat

MELS = 20
FORMAT = AudioFormat(mels=MELS)
VOCOS: dict[str, Any] = {
    "name": "vocos",
    "mels": MELS,
    "hop_length": 256,
    "n_fft": 1024,
    "channels": 16,
    "hidden": 32,
    "blocks": 2,
}
HIFIGAN: dict[str, Any] = {"name": "hifigan", "mels": MELS, "hop_length": 256, "shape": "v3", "channels": 16}


def mel(frames: int = 60, batch: int = 1, seed: int = 0) -> Tensor:
    """`mel_BMT` of noise, in the range of speech."""
    return torch.randn(batch, MELS, frames, generator=torch.Generator().manual_seed(seed)) * 2 - 5


def save_vocoder(folder: Path, spec: dict[str, Any] | None = None, format: AudioFormat = FORMAT, **config: Any) -> Path:
    """A model folder of a vocoder, loud enough to be heard."""
    spec = spec or VOCOS
    torch.manual_seed(0)
    network = build("generators", spec)
    with torch.no_grad():
        for weight in network.parameters():
            if spec["name"] == "vocos" and weight.dim() > 1:
                weight.mul_(3)
    config = {"pipeline": "vocoder", "generator": spec, "audio": format.to_document(), **config}
    save_model(folder, network.state_dict(), config, "# Card\n")
    return folder

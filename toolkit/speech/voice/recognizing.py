"""Trained phoneme recognisers, ready to use: a wave in, phonemes out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from toolkit.config import build
from toolkit.data.source import Array
from toolkit.engine.models import ModelFolder, load_weights
from toolkit.errors import CheckpointError
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.level import to_level
from toolkit.speech.text.inventory import Inventory
from toolkit.speech.voice.fitting import fitted
from toolkit.speech.voice.frames import FrameMeasurer
from toolkit.speech.voice.phoneme_error import collapsed, phoneme_error, spoken_phones
from toolkit.speech.voice.recognizer import BLANK, PhonemeRecognizer
from toolkit.speech.voice.synthesis import INVENTORY
from toolkit.speech.voice.units import Units


class RecognizerPipeline:
    """A phoneme recogniser with its audio format and inventory; made by `toolkit.load`.

    Args:
        generator: the network, in evaluation mode; it is not changed.
        format: the audio format of what it hears.
        inventory: the units that it knows.
        config: the model's `config.json`.
        folder: the model folder.

    Raises:
        CheckpointError: inventory and network do not fit together.
    """

    modality = "phoneme recognition"
    any_size: ClassVar[Mapping[str, tuple[int, ...]]] = {"mel": (0, 1)}
    """Dimensions of the inputs of an export that may be of any size."""

    def __init__(
        self,
        generator: nn.Module,
        format: AudioFormat,
        inventory: Inventory,
        config: dict[str, Any] | None = None,
        folder: Path | None = None,
    ) -> None:
        if not isinstance(generator, PhonemeRecognizer) or generator.symbols != len(inventory):
            raise CheckpointError(f"{folder or 'the recogniser'}: network and inventory do not fit together")
        self.generator = generator.eval().requires_grad_(False)
        self.format, self.inventory = format, inventory
        self.config, self.folder = config or {}, folder
        self._measurer = FrameMeasurer(format)

    @classmethod
    def from_folder(cls, model: ModelFolder, device: torch.device) -> RecognizerPipeline:
        """Build what a folder describes.

        Raises:
            CheckpointError: a file or a weight is missing, damaged, or of another shape.
        """
        words = f"{model.path}/config.json"
        format = AudioFormat.from_document(model.config["audio"], f"{words}:audio")
        generator = build("generators", model.config["generator"], f"{words}:generator")
        load_weights(generator, model.weights, model.path)
        file = model.file(INVENTORY)
        try:
            document = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise CheckpointError(f"{file} is damaged: {error}", "copy the folder again") from error
        return cls(generator.to(device), format, Inventory.from_document(document), model.config, model.path)

    def phones(self, wave_T: Array) -> tuple[str, ...]:
        """What is heard in a wave, float [T] at the format's sample rate; best path, no language model."""
        level, wave = self.format.level, np.asarray(wave_T, dtype=np.float32)
        if level is not None and np.abs(wave).max(initial=0.0) > 0:
            wave = to_level(wave, self.format.sample_rate, level)
        device = next(self.generator.parameters()).device
        mel = torch.from_numpy(self._measurer.mel(wave))[None].to(device)
        with torch.inference_mode():
            scores = self.generator(mel, torch.tensor([mel.shape[1]], device=device))
        return spoken_phones(self.inventory.decode(collapsed(scores[0].argmax(1).cpu().numpy(), BLANK)))

    def error(self, wave_T: Array, units: Units) -> float:
        """The phoneme error of a wave in which units were said; units it does not know count as the nearest."""
        return phoneme_error(self.phones(wave_T), spoken_phones(fitted(units, self.inventory)[0].symbols))

    @property
    def module(self) -> nn.Module:
        """The network that an export describes."""
        return self.generator

    def example_inputs(self) -> dict[str, Tensor]:
        """Inputs to trace the network with."""
        frames = 40
        mel = torch.linspace(-10, 0, 2 * frames * self.format.mels).view(2, frames, self.format.mels)
        return {"mel": mel, "frames": torch.tensor([frames, frames])}

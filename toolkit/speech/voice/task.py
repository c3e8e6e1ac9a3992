"""Speech from text as a game: the generator makes the mel spectrogram of a text, the timing of a recording given.

Without discriminators it is a game of one player, whose losses are the terms of `toolkit.speech.voice.terms`. With one
(`mel_patches`), it plays against the smoothness that distances alone lead to.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from toolkit.adversarial.estimators import Draw
from toolkit.adversarial.types import Batch, GeneratorOutput
from toolkit.data.loader import Transform
from toolkit.data.sequences import padded
from toolkit.data.source import Source
from toolkit.errors import MissingExtraError
from toolkit.metrics.base import Metric
from toolkit.metrics.extractor import Extractor
from toolkit.speech.files import write_audio
from toolkit.speech.griffin_lim import GriffinLim
from toolkit.speech.mel_picture import save_mel_picture
from toolkit.speech.voice.acoustic import AcousticModel, Taught
from toolkit.speech.voice.alignment import frame_mask
from toolkit.speech.voice.measuring import errors_of
from toolkit.speech.voice.spoken import SpokenTexts, texts_behind
from toolkit.speech.voice.synthesis import FRONT_END, INVENTORY, Speech, units_batch
from toolkit.speech.voice.synthesis import speak as speak_units

PREVIEWED = 3
"""Sentences in a preview, at most."""

_BATCH = 16


class AcousticTask:
    """Text to mel spectrogram.

    The data gives the audio format, the inventory, the speakers and the scales; they are stored in the model with the
    settings of the front end.

    Args:
        vocoder: name or folder of the vocoder that voices of this recipe speak with; `null` for none yet, which means
            Griffin-Lim.
    """

    provides: tuple[str, ...] = ("symbols", "mels", "speakers", "mel_scale", "pitch_scale", "energy_scale")
    pipeline = "voice"
    default_metrics = ()

    def __init__(self, vocoder: str | None = "vocoder-small") -> None:
        self.vocoder = vocoder
        self.dtype = torch.float32
        self._texts: SpokenTexts | None = None

    @property
    def texts(self) -> SpokenTexts:
        """The data; it must have been opened."""
        if self._texts is None:
            raise RuntimeError("open() gives the task its data, and has not been called")
        return self._texts

    def open(self, source: Source, dtype: torch.dtype = torch.float32) -> dict[str, Any]:
        """Look at the data: its inventory, speakers, bands and scales.

        Raises:
            DataError: these are no recordings with texts.
        """
        texts, _ = texts_behind(source)
        self._texts, self.dtype = texts, dtype
        scales = texts.scales
        return {
            "symbols": len(texts.inventory),
            "mels": texts.format.mels,
            "speakers": len(texts.speakers),
            "mel_scale": list(scales.mel),
            "pitch_scale": list(scales.pitch),
            "energy_scale": list(scales.energy),
        }

    def transform(self) -> Transform | None:
        """Nothing: samples are whole sentences."""
        return None

    # -- the game -------------------------------------------------------------------------------------------------

    def generate(self, generator: nn.Module, batch: Batch, noise: Draw) -> GeneratorOutput:
        """`mel_BMT` of the batch's texts in the timing, pitch and energy of their recordings, 0 behind each sample.

        `extra` holds what the terms read: the fields of `toolkit.speech.voice.acoustic.Taught`.
        """
        said = self._taught(generator, batch)
        return GeneratorOutput(said.mel.transpose(1, 2), extra=said.fields())

    def real(self, batch: Batch) -> Tensor | None:
        """`mel_BMT` of the recordings, 0 behind each sample."""
        mel_BTM = batch["mel"].to(self.dtype)
        real: Tensor = mel_BTM * frame_mask(batch["frames"], mel_BTM.shape[1])[..., None]
        return real.transpose(1, 2)

    def condition(self, batch: Batch) -> Tensor | None:
        """Nothing: the discriminator sees spectrograms alone."""
        return None

    def _taught(self, generator: nn.Module, batch: Batch) -> Taught:
        said: Taught = generator(
            batch["symbols"],
            batch["stress"],
            batch["initial"],
            batch["speaker"],
            batch["mel"].to(self.dtype),
            batch["pitch"].to(self.dtype),
            batch["frames"],
            batch.get("expected"),
        )
        return said

    # -- looking at it, listening to it ---------------------------------------------------------------------------

    @torch.no_grad()
    def preview(
        self, generator: nn.Module, held_out: Source, file: Path, *, count: int, seed: int, device: torch.device
    ) -> None:
        """A few held-out sentences, spoken: a picture of mel spectrograms, recorded above predicted, and their sound.

        The sound is made by Griffin-Lim, quickly, so only the words can be judged by it; a generator that makes waves
        itself is heard as it is.
        """
        texts, places = texts_behind(held_out)
        assert isinstance(generator, AcousticModel)
        rows = []
        for number, place in enumerate(places[: min(count, PREVIEWED)], 1):
            said = self._spoken(generator, place, device)
            entry = texts.entry(place)
            rows += [(f"{entry.text}, recorded", texts[place]["mel"].T), ("predicted", said.mel.T.cpu().numpy())]
            try:
                wave = self._heard(generator, said.mel)
            except MissingExtraError:
                continue
            write_audio(file.with_name(f"{file.stem}-{number}.wav"), wave, texts.format.sample_rate)
        if rows:
            save_mel_picture(file, rows)

    @torch.no_grad()
    def measure(
        self,
        generator: nn.Module,
        held_out: Source,
        train: Source | None,
        *,
        extractor: Extractor,
        metrics: Sequence[Metric],
        samples: int,
        seed: int,
        device: torch.device,
    ) -> dict[str, float]:
        """How far timing, pitch and spectra of held-out sentences are from their recordings; see `errors_of`."""
        texts, places = texts_behind(held_out)
        assert isinstance(generator, AcousticModel)
        found = []
        for first in range(0, min(samples, len(places)), _BATCH):
            chosen = places[first : min(first + _BATCH, samples)]
            batch = {name: value.to(device) for name, value in padded([texts[place] for place in chosen], {}).items()}
            said = self._taught(generator, batch)
            starts = [texts.entry(place).starts for place in chosen]
            found.append(errors_of(said, batch, texts.format, texts.scales, starts))
        names = {name for one in found for name in one}
        return {
            name: float(np.nanmean(np.concatenate([one[name] for one in found if name in one])))
            for name in sorted(names)
        }

    def _heard(self, generator: AcousticModel, mel_TM: Tensor) -> Tensor:
        """The wave [samples] of a preview, on the CPU."""
        return GriffinLim(self.texts.format, iterations=20)(mel_TM.T[None].cpu())[0, 0]

    def _spoken(self, generator: AcousticModel, place: int, device: torch.device) -> Speech:
        entry = self.texts.entry(place)
        speaker = self.texts.speakers.index(entry.speaker)
        return speak_units(generator, units_batch(entry.units, self.texts.inventory, speaker, device))

    # -- what a model keeps ---------------------------------------------------------------------------------------

    def model_config(self, network: nn.Module) -> dict[str, Any]:
        """What a voice must remember: its audio format, its speakers, its vocoder."""
        texts = self.texts
        return {
            "audio": texts.format.to_document(),
            "language": texts.front_end.language,
            "speakers": list(texts.speakers),
            "vocoder": self.vocoder,
            "seconds": round(float(texts.seconds.sum()), 1),
        }

    def files(self) -> dict[str, bytes]:
        """The front end and the inventory, as files of the model folder."""
        documents = {FRONT_END: self.texts.front_end.to_document(), INVENTORY: self.texts.inventory.to_document()}
        return {
            name: f"{json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True)}\n".encode()
            for name, document in documents.items()
        }

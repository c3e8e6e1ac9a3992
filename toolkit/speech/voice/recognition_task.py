"""Hearing phonemes as a game of one player: the term `ctc` on what the recogniser hears in each recording."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from toolkit.adversarial.estimators import Draw
from toolkit.adversarial.schedules import Scheduled, as_schedule
from toolkit.adversarial.terms import Offer
from toolkit.adversarial.types import Batch, GeneratorOutput
from toolkit.data.loader import Item, Transform
from toolkit.data.source import Source
from toolkit.errors import ToolkitError
from toolkit.metrics.base import Metric
from toolkit.metrics.extractor import Extractor
from toolkit.speech.text.inventory import PADDING
from toolkit.speech.voice.phoneme_error import collapsed, phoneme_error, spoken_phones
from toolkit.speech.voice.recognizer import BLANK
from toolkit.speech.voice.spoken import SpokenTexts, texts_behind
from toolkit.speech.voice.synthesis import INVENTORY

PREVIEWED = 8
"""Sentences in a preview, at most."""


class RecognitionTask:
    """Phoneme recognition: which units of a text are heard in its recording.

    Args:
        bands: widest stretch of bands that is blanked out in training, at random (SpecAugment, Park et al. 2019).
        frames: longest stretch of frames that is blanked out.
    """

    provides = ("symbols", "mels", "mel_scale")
    pipeline = "phoneme_recognizer"
    default_metrics = ()

    def __init__(self, bands: int = 12, frames: int = 12) -> None:
        if bands < 0 or frames < 0:
            raise ValueError(f"bands={bands} and frames={frames} must not be negative")
        self.bands, self.frames = bands, frames
        self.dtype = torch.float32
        self._texts: SpokenTexts | None = None

    @property
    def texts(self) -> SpokenTexts:
        """The data; it must have been opened."""
        if self._texts is None:
            raise RuntimeError("open() gives the task its data, and has not been called")
        return self._texts

    def open(self, source: Source, dtype: torch.dtype = torch.float32) -> dict[str, Any]:
        """Look at the data: its inventory, bands and scales.

        Raises:
            DataError: these are no recordings with texts.
        """
        self._texts, self.dtype = texts_behind(source)[0], dtype
        return {
            "symbols": len(self.texts.inventory),
            "mels": self.texts.format.mels,
            "mel_scale": list(self.texts.scales.mel),
        }

    def transform(self) -> Transform | None:
        """Stretches of bands and frames are blanked out."""
        return _Blanked(self.bands, self.frames) if self.bands or self.frames else None

    def generate(self, generator: nn.Module, batch: Batch, noise: Draw) -> GeneratorOutput:
        """`scores_BTV` of what is heard."""
        return GeneratorOutput(generator(batch["mel"].to(self.dtype), batch["frames"]))

    def real(self, batch: Batch) -> Tensor | None:
        """Nothing: the game has one player."""
        return None

    def condition(self, batch: Batch) -> Tensor | None:
        """Nothing, for the same reason."""
        return None

    @torch.no_grad()
    def preview(
        self, generator: nn.Module, held_out: Source, file: Path, *, count: int, seed: int, device: torch.device
    ) -> None:
        """A text file with a few held-out sentences: what was said, and what is heard."""
        texts, places = texts_behind(held_out)
        lines = []
        for place in places[: min(count, PREVIEWED)]:
            said = " ".join(spoken_phones(texts.entry(place).units.symbols))
            lines += [f"said  {said}", f"heard {' '.join(self._heard(generator, place, device))}", ""]
        file.with_suffix(".txt").write_text("\n".join(lines), encoding="utf-8")

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
        """`phoneme_error` of held-out sentences, the mean over sentences."""
        texts, places = texts_behind(held_out)
        errors = [
            phoneme_error(self._heard(generator, place, device), spoken_phones(texts.entry(place).units.symbols))
            for place in places[:samples]
        ]
        return {"phoneme_error": float(np.mean(errors))}

    def _heard(self, generator: nn.Module, place: int, device: torch.device) -> tuple[str, ...]:
        mel = torch.from_numpy(self.texts[place]["mel"])[None].to(device, next(generator.parameters()).dtype)
        scores = generator(mel, torch.tensor([mel.shape[1]], device=device))
        return spoken_phones(self.texts.inventory.decode(collapsed(scores[0].argmax(1).cpu().numpy(), BLANK)))

    def model_config(self, network: nn.Module) -> dict[str, Any]:
        """What a recogniser must remember: its audio format and the front end of its texts."""
        front_end = self.texts.front_end
        return {
            "audio": self.texts.format.to_document(),
            "language": front_end.language,
            "phonemizer": front_end.phonemizer.name,
        }

    def files(self) -> dict[str, bytes]:
        """The inventory, as a file of the model folder."""
        document = self.texts.inventory.to_document()
        return {INVENTORY: f"{json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True)}\n".encode()}


class Ctc:
    """Connectionist temporal classification of the phonemes of each text, per phoneme (Graves et al. 2006, equation 8).

    Marks and the silence at the beginning are not to be heard. What is generated are scores [B, T, V] of units, the
    blank at 0.
    """

    needs_real_outputs = False

    def __init__(self, weight: Scheduled = 1.0) -> None:
        self.weight = as_schedule(weight)

    def __call__(self, offer: Offer) -> Tensor:
        """`B`, in nats per phoneme."""
        scores_BTV, heard_BN = offer.output.data, offer.batch.get("heard")
        if heard_BN is None:
            raise ToolkitError("ctc needs the phonemes to be heard ('heard') in the batch", "use spoken texts as data")
        counts_B = (heard_BN != PADDING).sum(1)
        frames_B = (offer.batch["frames"] + 1) // 2
        losses = functional.ctc_loss(
            scores_BTV.log_softmax(2).transpose(0, 1),
            heard_BN,
            frames_B,
            counts_B,
            blank=BLANK,
            reduction="none",
            zero_infinity=True,
        )
        means: Tensor = losses / counts_B.clamp(min=1)
        return means


class _Blanked:
    """Replaces a stretch of bands and one of frames by the mean of the spectrogram."""

    def __init__(self, bands: int, frames: int) -> None:
        self.bands, self.frames = bands, frames

    def __call__(self, item: Item, generator: np.random.Generator) -> Item:
        mel = np.array(item["mel"])
        mean = mel.mean()
        for axis, most in ((1, self.bands), (0, self.frames)):
            width = int(generator.integers(most + 1))
            start = int(generator.integers(max(1, mel.shape[axis] - width)))
            if axis:
                mel[:, start : start + width] = mean
            else:
                mel[start : start + width] = mean
        return {**item, "mel": mel}

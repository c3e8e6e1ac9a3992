"""Speech from text in one game: text in, wave out, judged by the discriminators of vocoders.

The generator is an acoustic model with a generator of waves inside (`AcousticModel.sound`). Both learn together: what
the wave sounds like reaches back through the mel spectrogram between them to the model of the text, so the spectrogram
need not be the average that distances alone ask for. Trained on stretches of waves, as VITS is (Kim, Kong & Son 2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import torch
from torch import Tensor, nn

from toolkit.adversarial.estimators import Draw
from toolkit.adversarial.types import Batch, GeneratorOutput
from toolkit.config import PartOf
from toolkit.data.loader import Transform
from toolkit.data.sequences import padded
from toolkit.data.source import Array, Source
from toolkit.engine.models import ModelFolder, locate_model, read_model
from toolkit.errors import CheckpointError, ConfigError, Problem
from toolkit.metrics.base import Metric
from toolkit.metrics.extractor import Extractor
from toolkit.metrics.paired import PairedMetric, Utterance, judge, means_over
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.evaluation import paired_metrics
from toolkit.speech.segments import FULL_SCALE, to_wave
from toolkit.speech.voice.acoustic import AcousticModel
from toolkit.speech.voice.signal import find_vocoder
from toolkit.speech.voice.spoken import SpokenTexts, texts_behind
from toolkit.speech.voice.synthesis import INVENTORY
from toolkit.speech.voice.task import AcousticTask

_INSIDE = "sound."  # before the names of the weights of the generator of waves


class WaveTask(AcousticTask):
    """Text to wave, in one game.

    Discriminators and spectral terms hear a stretch of each sentence, in the timing of its recording, from another
    place each time; the acoustic terms see all its frames.

    A run may begin with a voice of two parts (`start=`): its acoustic model, and its vocoder or the one that it names.

    Args:
        segment: samples of the stretches; a multiple of the hop.
        metrics: paired metrics that `measure` computes of whole waves in the timing of the recordings.
    """

    provides = (*AcousticTask.provides, "sample_rate", "hop_length", "n_fft")

    def __init__(
        self,
        segment: int = 8192,
        metrics: Annotated[Sequence[Any], PartOf("paired_metrics")] = ("mel_distance", "stft_distance"),
    ) -> None:
        super().__init__(vocoder=None)
        if segment < 1:
            raise ConfigError([Problem("segment", f"is {segment}; it must be at least one frame")], "the task")
        self.segment = segment
        self.metrics: tuple[PairedMetric, ...] = tuple(metrics)

    def open(self, source: Source, dtype: torch.dtype = torch.float32) -> dict[str, Any]:
        """Look at the data; see `AcousticTask.open`.

        Raises:
            ConfigError: the stretches are not whole frames.
        """
        context = super().open(source, dtype)
        format = self.texts.format
        if self.segment % format.hop_length:
            near = max(1, round(self.segment / format.hop_length)) * format.hop_length
            message = f"is {self.segment}; it must be a multiple of the hop, {format.hop_length}, such as {near}"
            raise ConfigError([Problem("segment", message)], "the task")
        sizes = {"sample_rate": format.sample_rate, "hop_length": format.hop_length, "n_fft": format.n_fft}
        return {**context, **sizes}

    def transform(self) -> Transform | None:
        """A stretch of every recording, whole frames of it, from another place each time."""
        return self._stretches()

    # -- the game -------------------------------------------------------------------------------------------------

    def generate(self, generator: nn.Module, batch: Batch, noise: Draw) -> GeneratorOutput:
        """`wave_B1T` of the batch's stretches; `extra` as in `AcousticTask.generate`, of the whole sentences."""
        said = self._taught(generator, batch)
        frames = self.segment // self.texts.format.hop_length
        mel_BMT = stretch_of(said.mel, self._chosen(batch)[0], batch["frames"], frames, self.texts.format)
        wave: Tensor = _sound(generator)(mel_BMT.to(self.dtype))
        return GeneratorOutput(wave, extra=said.fields())

    def real(self, batch: Batch) -> Tensor | None:
        """The batch's stretches as `wave_B1T` in [-1, 1]."""
        return to_wave(self._chosen(batch)[1], self.dtype).unsqueeze(1)

    def _stretches(self) -> RandomStretch:
        return RandomStretch(self.texts, self.segment // self.texts.format.hop_length)

    def _chosen(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """First frames [B] and waves [B, samples]: the beginnings of the sentences where no transform has chosen."""
        if "stretch" in batch:
            return batch["stretch"], batch["audio"]
        places, device = batch["place"][:, 0], batch["place"].device
        waves = np.stack([self._stretches().wave(int(place), 0) for place in places])
        return torch.zeros_like(places), torch.from_numpy(waves).to(device)

    # -- looking at it, listening to it ---------------------------------------------------------------------------

    def _heard(self, generator: AcousticModel, mel_TM: Tensor) -> Tensor:
        wave: Tensor = _sound(generator)(mel_TM.T[None])[0, 0]
        return wave.float().cpu()

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
        """As `AcousticTask.measure`, and the distance of waves in the recordings' timing from the recordings."""
        found = super().measure(
            generator,
            held_out,
            train,
            extractor=extractor,
            metrics=metrics,
            samples=samples,
            seed=seed,
            device=device,
        )
        texts, places = texts_behind(held_out)
        ready, _ = paired_metrics(self.metrics)
        judged: list[Utterance] = []
        for place in places[:samples]:
            batch = {name: value.to(device) for name, value in padded([texts[place]], {}).items()}
            made = _sound(generator)(self._taught(generator, batch).mel.transpose(1, 2))[0, 0]
            real = texts.wave(place)
            length = min(len(real), len(made))
            judged.append(judge(texts.key(place), ready, real[:length], made[:length], texts.format.sample_rate))
        return {**found, **{name: mean.value for name, mean in means_over(judged).items()}}

    # -- beginning ------------------------------------------------------------------------------------------------

    def start_weights(self, model: ModelFolder) -> dict[str, Tensor]:
        """The weights to begin with: of a voice of this task, or of an acoustic model and its vocoder.

        Raises:
            CheckpointError: the model is no voice, knows other units, or has no vocoder.
        """
        if model.config.get("pipeline") != self.pipeline:
            raise CheckpointError(f"{model.path} is no voice", "begin with a run of `train speech`: start=RUN")
        if model.file(INVENTORY).read_bytes() != self.files()[INVENTORY]:
            raise CheckpointError(
                f"{model.path} was trained on other units of speech than this data has",
                "begin with a voice that was trained on these recordings with this front end, or with start=null",
            )
        if any(name.startswith(_INSIDE) for name in model.weights):
            return model.weights
        folder, why_not = find_vocoder(model)
        if folder is None:
            raise CheckpointError(why_not, "name one in the voice's config.json, or begin with start=null")
        sound = read_model(locate_model(folder)).weights
        return {**model.weights, **{f"{_INSIDE}{name}": value for name, value in sound.items()}}


class RandomStretch:
    """Adds to each sentence a stretch of its recording: `stretch`, its first frame, and `audio` [samples].

    Where it lies belongs to (seed, epoch, sample). A recording that is too short is followed by zeros.

    Args:
        texts: the data.
        frames: of a stretch.
    """

    def __init__(self, texts: SpokenTexts, frames: int) -> None:
        self.texts = texts
        self.frames = frames

    def __call__(self, item: dict[str, Any], generator: np.random.Generator) -> dict[str, Any]:
        """The item with both."""
        first = int(generator.integers(max(0, item["frames"] - self.frames) + 1))
        return {**item, "stretch": first, "audio": self.wave(int(item["place"][0]), first)}

    def wave(self, place: int, first: int) -> Array:
        """The recording [samples] of a sentence from a frame on."""
        hop = self.texts.format.hop_length
        audio_T: Array = self.texts.entry(place).audio[first * hop : (first + self.frames) * hop]
        wave_T = np.zeros(self.frames * hop, dtype=np.float32)
        wave_T[: len(audio_T)] = audio_T / np.float32(FULL_SCALE)
        return wave_T


def stretch_of(mel_BTM: Tensor, first_B: Tensor, frames_B: Tensor, frames: int, format: AudioFormat) -> Tensor:
    """`mel_BMT`: so many frames of each sample from its first one on, silence behind its end."""
    places_BT = first_B[:, None] + torch.arange(frames, device=mel_BTM.device)
    inside_BT = places_BT < frames_B[:, None]
    chosen = places_BT.clamp(max=mel_BTM.shape[1] - 1)[..., None].expand(-1, -1, mel_BTM.shape[2])
    silence = float(np.log(format.floor))
    return mel_BTM.gather(1, chosen).masked_fill(~inside_BT[..., None], silence).transpose(1, 2)


def _sound(generator: nn.Module) -> nn.Module:
    sound = getattr(generator, "sound", None)
    if not isinstance(sound, nn.Module):
        raise ConfigError(
            [Problem("generator.sound", "is missing; the task text_to_wave needs a generator of waves")], "the recipe"
        )
    return sound

"""Vocoding as a game: from the mel spectrogram of a recording back to its waveform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import torch
from torch import Tensor, nn

from toolkit.adversarial.estimators import Draw
from toolkit.adversarial.types import Batch, GeneratorOutput
from toolkit.config import PartOf
from toolkit.data.loader import Transform
from toolkit.data.source import Source
from toolkit.errors import DataError
from toolkit.metrics.base import Metric
from toolkit.metrics.extractor import Extractor
from toolkit.metrics.paired import PairedMetric
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.evaluation import evaluate_vocoder
from toolkit.speech.files import write_audio
from toolkit.speech.mel import LogMel
from toolkit.speech.mel_picture import save_mel_picture
from toolkit.speech.segments import RandomSegment, to_wave

PREVIEWED = 3
"""Clips in a preview, at most."""


class VocoderTask:
    """Vocoding: the generator makes a waveform of a mel spectrogram that is computed on the device, step by step.

    The audio format is that of the data's sample rate and the arguments here; it is stored in the model.

    Args:
        segment: samples of the stretches that are cut out for training; a multiple of `hop_length`.
        gain: every training stretch is made quieter by up to this many decibels, at random.
        n_fft: length of the Fourier transform of the mel spectrogram, in samples.
        hop_length: samples between frames.
        win_length: samples of the Hann window.
        mels: number of mel bands.
        fmin: lowest frequency of the bands in Hz.
        fmax: highest frequency in Hz; `null` for half the sample rate.
        floor: magnitudes below this are raised to it before the logarithm.
        mel_scale: `slaney` (librosa, HiFi-GAN) or `htk`.
        mel_norm: `slaney` makes the bands equal in area.
        metrics: paired metrics that `measure` computes; see `toolkit list paired_metrics`.
    """

    provides = ("sample_rate", "n_fft", "hop_length", "mels")
    pipeline = "vocoder"
    default_metrics = ()

    def __init__(
        self,
        segment: int = 8192,
        gain: float = 0.0,
        n_fft: int = 1024,
        hop_length: int = 256,
        win_length: int = 1024,
        mels: int = 80,
        fmin: float = 0.0,
        fmax: float | None = 8000.0,
        floor: float = 1e-5,
        mel_scale: Literal["slaney", "htk"] = "slaney",
        mel_norm: Literal["slaney", "none"] = "slaney",
        metrics: Annotated[Sequence[Any], PartOf("paired_metrics")] = ("mel_distance", "stft_distance"),
    ) -> None:
        if segment < n_fft or segment % hop_length:
            raise ValueError(
                f"segment={segment} must be a multiple of hop_length={hop_length}, and at least n_fft={n_fft}"
            )
        if gain < 0:
            raise ValueError(f"gain={gain} must not be negative: it says by how many decibels a stretch gets quieter")
        self.segment = segment
        self.gain = gain
        self.format_fields: dict[str, Any] = {
            "n_fft": n_fft,
            "hop_length": hop_length,
            "win_length": win_length,
            "mels": mels,
            "fmin": fmin,
            "fmax": fmax,
            "floor": floor,
            "mel_scale": mel_scale,
            "mel_norm": mel_norm,
            "padding": "same",  # as many frames as hops: what every generator here makes
        }
        self.metrics: tuple[PairedMetric, ...] = tuple(metrics)
        self.dtype = torch.float32
        self._mel: LogMel | None = None

    # -- before training ------------------------------------------------------------------------------------------

    def open(self, source: Source, dtype: torch.dtype = torch.float32) -> dict[str, Any]:
        """Look at the data: its sample rate and level, with the task's own fields, make the audio format.

        Raises:
            DataError: these are no recordings.
        """
        rate = getattr(source, "sample_rate", None)
        if not isinstance(rate, int):
            raise DataError(
                "a vocoder learns from recordings, and this data has no sample rate",
                "use a data set of recordings: data.name=recordings data.path=FOLDER",
            )
        level = getattr(source, "level", None)
        self._mel = LogMel(AudioFormat(sample_rate=rate, level=level, **self.format_fields))
        self.dtype = dtype
        return {
            "sample_rate": rate,
            **{name: self.format_fields[name] for name in ("n_fft", "hop_length", "mels")},
        }

    @property
    def mel(self) -> LogMel:
        """Computes mel spectrograms in the task's format; the data must have been opened."""
        if self._mel is None:
            raise RuntimeError("open() gives the task its audio format, and has not been called")
        return self._mel

    @property
    def format(self) -> AudioFormat:
        """What the model's mel spectrograms are."""
        return self.mel.format

    def transform(self) -> Transform | None:
        """A stretch of every recording, from another place each time."""
        return RandomSegment(self.segment, self.format_fields["hop_length"], self.gain)

    # -- the game -------------------------------------------------------------------------------------------------

    def generate(self, generator: nn.Module, batch: Batch, noise: Draw) -> GeneratorOutput:
        """`wave_B1T` from the mel spectrogram of the batch's stretches, or from a predicted one that lies beside."""
        with torch.no_grad():
            predicted = batch.get("mel")
            mel = self.mel.to(batch["audio"].device)(self.real(batch)) if predicted is None else predicted
        return GeneratorOutput(generator(mel.to(self.dtype)))

    def real(self, batch: Batch) -> Tensor:
        """The batch's stretches as `wave_B1T` in [-1, 1]."""
        return to_wave(batch["audio"], self.dtype).unsqueeze(1)

    def condition(self, batch: Batch) -> Tensor | None:
        """Nothing: discriminators hear only the waveform, as in Kong et al. 2020."""
        return None

    # -- looking at it, listening to it ---------------------------------------------------------------------------

    @torch.no_grad()
    def preview(
        self, generator: nn.Module, held_out: Source, file: Path, *, count: int, seed: int, device: torch.device
    ) -> None:
        """Copy synthesis of a few held-out recordings.

        Writes each as `<file>-1.wav`, ..., and a picture of mel spectrograms: real above generated. What is real is
        written once, as `real-1.wav`, ...
        """
        rows: list[tuple[str, Tensor]] = []
        for place in range(min(count, PREVIEWED, len(held_out))):
            real = to_wave(torch.tensor(held_out[place]["audio"]), torch.float32).to(device)
            wave = self._copy(generator, real)
            heard = file.with_name(f"real-{place + 1}.wav")
            if not heard.exists():
                write_audio(heard, real.cpu().numpy(), self.format.sample_rate)
            write_audio(file.with_name(f"{file.stem}-{place + 1}.wav"), wave.cpu().numpy(), self.format.sample_rate)
            name = held_out.key(place)
            rows += [(f"{name}, real", self.mel(real[None])[0]), (f"{name}, generated", self.mel(wave[None])[0])]
        if rows:
            save_mel_picture(file, [(caption, mel.cpu().numpy()) for caption, mel in rows])

    def _copy(self, generator: nn.Module, wave_T: Tensor) -> Tensor:
        """`T`: a recording through its mel spectrogram and back; at most one hop shorter."""
        mel = self.mel.to(wave_T.device)(wave_T[None])
        return cast(Tensor, generator(mel.to(next(generator.parameters()).dtype)))[0, 0].float()

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
        """Copy synthesis of held-out recordings against the recordings, by the task's own paired metrics."""
        found = evaluate_vocoder(
            lambda wave: self._copy(generator, wave.to(device)).cpu(),
            self.format,
            held_out,
            self.metrics,
            limit=samples,
            baseline=False,
        )
        values: Mapping[str, float] = found.rows["model"].means
        halves = found.rows["model"].half_widths
        return {**values, **{f"{name}_half_width": half for name, half in halves.items()}}

    def model_config(self, network: nn.Module) -> dict[str, Any]:
        """What a model of this task must remember beside its generator's spec."""
        return {"audio": self.format.to_document()}

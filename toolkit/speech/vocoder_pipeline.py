"""Trained vocoders, ready to use: load a folder, turn mel spectrograms into waves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from toolkit.config import build
from toolkit.data.source import Source
from toolkit.engine.device import choose_precision
from toolkit.engine.models import ModelFolder, load_weights
from toolkit.errors import CheckpointError, DataError, ToolkitError
from toolkit.speech import onnx_path, paths
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.copying import evaluate_copies, open_recordings
from toolkit.speech.eager_path import Bfloat16Decoder, EagerDecoder, folded
from toolkit.speech.level import to_level
from toolkit.speech.mel import LogMel
from toolkit.speech.streaming import FIRST_SECONDS, ChunkedDecoder, Decoder, decode_in_chunks


class VocoderPipeline:
    """A vocoder with its audio format; made by `toolkit.load`.

    Args:
        generator: the module, in evaluation mode; it is not changed.
        format: what its mel spectrograms are.
        config: the model's `config.json`. `"paths"`, if it is there, lists the paths that `auto` may choose from: a
            model whose bfloat16 audio was found wanting leaves that out.
        folder: the model folder, which may have a `model.onnx`.

    Attributes:
        format: the audio format.
        path: how waves are computed: `float32` (PyTorch; the default, because it gives the same everywhere),
            `bfloat16` or `onnx`. See `compute_in`.
        chunk_frames: frames of mel that are decoded at once. Longer spectrograms are decoded in stretches that overlap
            as far as the network sees, which changes nothing but rounding, bounds memory and keeps caches warm.
        notes: sentences for the user about what was measured or went wrong on the way.

    Raises:
        ToolkitError: the generator and the format do not fit together.
    """

    modality = "vocoder"
    any_size = onnx_path.ANY_SIZE
    """Dimensions of the inputs that may be of any size, for exports."""

    def __init__(
        self,
        generator: nn.Module,
        format: AudioFormat,
        config: dict[str, Any] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.generator = generator.eval().requires_grad_(False)
        self.format = format
        self.config = config or {}
        self.folder = folder
        self.notes: list[str] = []
        self._log_mel = LogMel(format).to(self.device)
        _require_fit(generator, format, str(folder or "the model"))
        self.path = "float32"
        self.decoder: Decoder = EagerDecoder(self._folded)
        self.chunk_frames = paths.default_chunk(format, self.decoder.context_frames)

    @classmethod
    def from_folder(cls, model: ModelFolder, device: torch.device) -> VocoderPipeline:
        """Build the generator that `config.json` describes and give it the folder's weights.

        Raises:
            CheckpointError: a weight is missing, foreign or of another shape.
            ConfigError: the audio format or the generator cannot be built.
        """
        words = f"{model.path}/config.json"
        format = AudioFormat.from_document(model.config["audio"], f"{words}:audio")
        generator = build("generators", model.config["generator"], f"{words}:generator")
        load_weights(generator, model.weights, model.path)
        return cls(generator.to(device), format, model.config, model.path)

    @property
    def device(self) -> torch.device:
        """Where the generator is."""
        return next(self.generator.parameters()).device

    @cached_property
    def _folded(self) -> nn.Module:
        return folded(self.generator)

    # -- how to compute -------------------------------------------------------------------------------------------

    def compute_in(self, path: str) -> VocoderPipeline:
        """Choose the way to compute. Returns the pipeline.

        Args:
            path: `float32`; `bfloat16` (up to twice as fast where the processor has it; differences far below what is
                heard with most weights, see the model's card); `onnx` (onnxruntime in float32; equal to 1e-3 at least,
                usually 1e-6); or `auto`: the fastest of these on this machine, measured once and remembered.

        Raises:
            ToolkitError: there is no such path, or not on this device.
            MissingExtraError: onnxruntime, or what its files are made with, is not installed.
        """
        if paths.check_path(path) == "auto":
            allowed = [name for name in self.config.get("paths", paths.PATHS) if name in paths.PATHS]
            spec = self._spec()
            choice = paths.fastest(self.open_path, spec, self.format, self.device, allowed or paths.PATHS, self.notes)
            self.path, self.chunk_frames = choice.path, choice.chunk_frames
        else:
            self.path = path
            self.chunk_frames = paths.default_chunk(self.format, self.decoder.context_frames)
        self.decoder = self.open_path(self.path)
        return self

    def open_path(self, path: str) -> Decoder:
        """The decoder of a path, `float32`, `bfloat16` or `onnx`; the pipeline itself stays as it is.

        Raises:
            ToolkitError, MissingExtraError: as for `compute_in`.
        """
        if path == "onnx":
            if self.device.type != "cpu":
                raise ToolkitError(
                    f"the path 'onnx' computes on the CPU, and the model is on {self.device}",
                    "load it with device 'cpu', or take the path float32 or bfloat16",
                )
            return onnx_path.open_onnx(self._folded, self._spec(), self.format.mels, self.folder, notes=self.notes)
        if path == "bfloat16":
            choose_precision("bfloat16", self.device)  # warns where it is slow
            return Bfloat16Decoder(self._folded)
        return EagerDecoder(self._folded)

    def warm_up(self) -> None:
        """Copy a short wave, so that what is set up at the first run is not met by the next one."""
        time = torch.arange(self.format.sample_rate // 2) / self.format.sample_rate
        self.copy_synthesis(0.1 * torch.sin(2 * torch.pi * 200 * time))

    def _spec(self) -> dict[str, Any]:
        """What the generator was built from; without a configuration, what identifies its architecture."""
        shapes = {name: list(value.shape) for name, value in self.generator.state_dict().items()}
        return dict(self.config.get("generator") or {"name": type(self.generator).__name__, "shapes": shapes})

    # -- waves ----------------------------------------------------------------------------------------------------

    def mel(self, wave_T: Tensor) -> Tensor:
        """`mel_1MT`, the log-mel of a recording in the model's format, its level included.

        Args:
            wave_T: `[T]` in [-1, 1] at the model's sample rate.

        Raises:
            DataError: it is shorter than a frame.
        """
        return self._mel_of(self._levelled(wave_T)[0])

    def vocode(self, mel_BMT: Tensor) -> Tensor:
        """`wave_B1T` float32 in [-1, 1], of mel spectrograms `[B, M, T]` or one `[M, T]`.

        Raises:
            ToolkitError: they do not have the model's number of bands, or no frame.
        """
        mel_BMT = mel_BMT.unsqueeze(0) if mel_BMT.dim() == 2 else mel_BMT
        if mel_BMT.dim() != 3 or mel_BMT.shape[1] != self.format.mels or not mel_BMT.shape[2]:
            raise ToolkitError(
                f"a mel spectrogram for this model has the shape [{self.format.mels}, frames], "
                f"not {list(mel_BMT.shape[-2:])}",
                "give the log-mel in the audio format that is stored with the model",
            )
        return decode_in_chunks(self.decoder, mel_BMT.to(self.device, torch.float32), self.chunk_frames)

    def copy_synthesis(self, wave_T: Tensor) -> Tensor:
        """A recording through its mel spectrogram and back: `[T]`, as long and as loud as the recording.

        This is how vocoders are judged: nothing but the vocoder can be at fault.

        Args:
            wave_T: `[T]` in [-1, 1] at the model's sample rate.

        Raises:
            DataError: it is shorter than a frame.
        """
        levelled, factor = self._levelled(wave_T)
        wave = self.vocode(self._mel_of(levelled))[0, 0, : len(wave_T)] / factor
        return nn.functional.pad(wave, (0, len(wave_T) - len(wave)))

    def stream(
        self, mels: Tensor | Iterable[Tensor], chunk_seconds: float = 1.0, first_seconds: float = FIRST_SECONDS
    ) -> Iterator[Tensor]:
        """The wave piece by piece, each as early as it can be had; joined they are what `vocode` makes.

        Args:
            mels: a whole log-mel `[M, T]`, or stretches of one, of any lengths, as an acoustic model makes them.
            chunk_seconds: length of the longest pieces.
            first_seconds: length of the first; the next ones grow.

        Yields:
            `[samples]` float32 in [-1, 1].
        """
        decoder = self.streamer(chunk_seconds, first_seconds)
        parts = [mels] if isinstance(mels, Tensor) else mels
        return decoder.stream(part.to(self.device) for part in parts)

    def stream_copy(
        self, wave_T: Tensor, chunk_seconds: float = 1.0, first_seconds: float = FIRST_SECONDS
    ) -> Iterator[Tensor]:
        """Copy synthesis piece by piece: joined, the pieces are what `copy_synthesis` makes.

        Args:
            wave_T: `[T]` in [-1, 1] at the model's sample rate.
            chunk_seconds: length of the longest pieces.
            first_seconds: length of the first; the next ones grow.

        Yields:
            `[samples]` float32.

        Raises:
            DataError: the recording is shorter than a frame.
        """
        levelled, factor = self._levelled(wave_T)
        left = len(wave_T)
        for piece in self.stream(self._mel_of(levelled)[0], chunk_seconds, first_seconds):
            kept = piece[:left] / factor
            left -= len(kept)
            if len(kept):
                yield kept
        if left:
            yield torch.zeros(left, device=self.device)

    def streamer(self, chunk_seconds: float = 1.0, first_seconds: float = FIRST_SECONDS) -> ChunkedDecoder:
        """A decoder that is fed mel frames as they come; see `stream` for the arguments."""
        longest, first = (max(1, round(seconds * self.format.frame_rate)) for seconds in (chunk_seconds, first_seconds))
        return ChunkedDecoder(self.decoder, self.format, longest, first)

    def _levelled(self, wave_T: Tensor) -> tuple[Tensor, float]:
        """The wave at the format's level, and the factor that took it there."""
        if wave_T.dim() != 1 or len(wave_T) < self.format.hop_length:
            raise DataError(
                f"a recording of shape {list(wave_T.shape)} cannot be vocoded: "
                f"it needs at least one frame of {self.format.hop_length} samples",
                "give one wave [T] at the model's sample rate",
            )
        wave = wave_T.detach().float()
        if self.format.level is None:
            return wave, 1.0
        before = wave.cpu().numpy()
        after = to_level(before, self.format.sample_rate, self.format.level)
        place = int(abs(before).argmax())
        factor = float(after[place] / before[place]) if before[place] else 1.0
        return wave * factor, factor

    def _mel_of(self, wave_T: Tensor) -> Tensor:
        """Zeros fill the last frame, and what a wave lacks to be reflected at its ends."""
        hop, least = self.format.hop_length, self.format.n_fft
        length = max(-(-len(wave_T) // hop) * hop, least)
        padded = nn.functional.pad(wave_T.to(self.device), (0, length - len(wave_T)))
        with torch.inference_mode():
            mel: Tensor = self._log_mel(padded[None])
        return mel

    # -- measuring ------------------------------------------------------------------------------------------------

    def open_data(self, path: Path, split: str) -> tuple[Source, str]:
        """A folder of recordings in the model's form; see `toolkit.runs.paired.JudgesPairs`."""
        return open_recordings(self.format, path, split)

    def evaluate(self, source: Source, metrics: Sequence[Any] | None, samples: int | None, seed: int) -> dict[str, Any]:
        """Copy synthesis beside that of Griffin-Lim; see `toolkit.runs.paired.JudgesPairs`."""
        return evaluate_copies(self, source, metrics, samples, seed)

    # -- for exports ----------------------------------------------------------------------------------------------

    @property
    def module(self) -> nn.Module:
        """The network that an export describes."""
        return self.generator

    @property
    def exportable(self) -> nn.Module:
        """The network in a form that exporters understand: the same to 100 dB, its inverse transform a convolution."""
        return onnx_path.exportable(self.generator)

    def example_inputs(self) -> dict[str, Tensor]:
        """Inputs to trace the generator with, by name: `mel`."""
        return {"mel": onnx_path.example_mel(self.format.mels, batch=2)}


def _require_fit(generator: nn.Module, format: AudioFormat, source: str) -> None:
    for name in ("mels", "hop_length"):
        found, wanted = getattr(generator, name, None), getattr(format, name)
        if found != wanted:
            raise CheckpointError(
                f"{source}: the generator has {name} {found}, its audio format {wanted}",
                "the folder's config.json was changed, or belongs to other weights: copy the folder again",
            )

"""From the mel spectrograms of a voice to its sound: a vocoder, or Griffin-Lim where there is none, and says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from toolkit.engine.models import ModelFolder, locate_model, read_model
from toolkit.errors import CheckpointError, ToolkitError
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.griffin_lim import GriffinLim
from toolkit.speech.streaming import FIRST_SECONDS
from toolkit.speech.vocoder_pipeline import VocoderPipeline

VOCODER = "vocoder"
"""Folder of the vocoder within the folder of a voice."""

GRIFFIN_LIM = "griffin-lim"
_LONGEST_SECONDS = 1.0


class Sounder(Protocol):
    """What makes waves of mel spectrograms.

    Attributes:
        name: of the vocoder's folder or model, or `griffin-lim`.
    """

    name: str

    def whole(self, mel_TM: Tensor) -> Tensor:
        """The wave [samples] of a spectrogram."""
        ...

    def pieces(self, mels_TM: Iterable[Tensor]) -> Iterator[Tensor]:
        """The wave of a spectrogram that arrives in stretches, in pieces, each as early as it can be had."""
        ...


class VocoderSounder:
    """Waves by a vocoder.

    Args:
        pipeline: the vocoder.
        name: what it is called.
    """

    def __init__(self, pipeline: VocoderPipeline, name: str) -> None:
        self.pipeline = pipeline
        self.name = name
        self.folder = pipeline.folder

    def whole(self, mel_TM: Tensor) -> Tensor:
        """The wave [samples] of a spectrogram."""
        return self.pipeline.vocode(mel_TM.T)[0, 0]

    def pieces(self, mels_TM: Iterable[Tensor]) -> Iterator[Tensor]:
        """The wave piece by piece; the same as the whole, up to rounding."""
        return self.pipeline.streamer(_LONGEST_SECONDS, FIRST_SECONDS).stream(mel.T for mel in mels_TM)


class GriffinLimSounder:
    """Waves by Griffin-Lim, which knows no speech: understandable, and metallic.

    Args:
        format: of the spectrograms.
        iterations: more change little.
    """

    name = GRIFFIN_LIM

    def __init__(self, format: AudioFormat, iterations: int = 32) -> None:
        self._method = GriffinLim(format, iterations)

    def whole(self, mel_TM: Tensor) -> Tensor:
        """The wave [samples] of a spectrogram."""
        return self._method(mel_TM.T[None].cpu())[0, 0]

    def pieces(self, mels_TM: Iterable[Tensor]) -> Iterator[Tensor]:
        """The whole wave: the method looks at all frames at once."""
        yield self.whole(torch.cat(list(mels_TM)))


def find_vocoder(model: ModelFolder, asked: str | Path | None = None) -> tuple[Path | None, str]:
    """The folder of a voice's vocoder, and a sentence where there is none.

    Args:
        model: the voice; its own folder `vocoder` comes first, then the one that its configuration names.
        asked: another one that the user names.

    Raises:
        CheckpointError: the one that the user names is not there.
    """
    if asked is not None:
        return locate_model(asked), ""
    inside = model.path / VOCODER
    if inside.is_dir():
        return inside, ""
    named = model.config.get("vocoder")
    if not named:
        return None, "this voice names no vocoder, so Griffin-Lim makes its sound: understandable, but metallic"
    try:
        return locate_model(str(named)), ""
    except CheckpointError:
        return None, (
            f"the vocoder '{named}' that this voice names is not there, so Griffin-Lim makes its sound: "
            "understandable, but metallic; name another with --vocoder"
        )


def open_sounder(folder: Path | None, format: AudioFormat, device: torch.device, words: str) -> Sounder:
    """What makes the waves of a voice.

    Args:
        folder: of a vocoder; `None` for Griffin-Lim.
        format: the voice's audio format.
        device: where to compute.
        words: what the voice is called, for messages.

    Raises:
        ToolkitError: this is no vocoder, or one of another audio format; every field that differs is listed.
    """
    if folder is None:
        return GriffinLimSounder(format)
    model = read_model(folder)
    if model.config.get("pipeline") != "vocoder":
        kind = model.config.get("pipeline", "something else")
        raise ToolkitError(f"{folder} is a model for {kind}, no vocoder", "name a run or a model of `train vocoder`")
    pipeline = VocoderPipeline.from_folder(model, device)
    format.require_same(pipeline.format, f"the voice {words}", f"the vocoder {folder}")
    recipe = pipeline.config.get("recipe")
    named = recipe.get("name") if isinstance(recipe, dict) else None
    return VocoderSounder(pipeline, str(named or folder.name))


def own_sounder(network: nn.Module, config: Mapping[str, Any], format: AudioFormat) -> Sounder:
    """What makes the waves of a voice that has its generator of waves inside (`AcousticModel.sound`).

    Args:
        network: that generator.
        config: the voice's configuration.
        format: the voice's audio format.

    Raises:
        ToolkitError: the generator does not fit the format.
    """
    return VocoderSounder(VocoderPipeline(network, format, {"generator": config["generator"]["sound"]}), "its own")

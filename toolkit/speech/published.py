"""Published vocoders in their authors' layouts: HiFi-GAN's own, and the two of the transformers library.

All of them compute what our `hifigan` generator does. Weight normalisation is folded: a folded network gives the same
waves with a third fewer tensors, and `toolkit.speech.weight_norm.apply_weight_norm` puts it on again for fine-tuning.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import torch
from torch import Tensor

from toolkit.engine.foreign import ImportedModel, State
from toolkit.errors import CheckpointError, ConfigError
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.hifigan import SHAPES, HifiGanGenerator
from toolkit.speech.upsampling import StackSizes
from toolkit.speech.weight_norm import weight_of

_WEIGHTS = (  # length and direction of a normalised weight, by the names of older and newer PyTorch
    ("weight_g", "weight_v"),
    ("parametrizations.weight.original0", "parametrizations.weight.original1"),
)
_LN_10 = math.log(10)
_PREFIX = "module."  # nn.DataParallel puts this before every name

HIFIGAN = AudioFormat()
SPEECHT5 = AudioFormat(sample_rate=16000, fmin=80.0, fmax=7600.0, floor=1e-10, padding="center")
CONFORMER = AudioFormat(sample_rate=22050, fmin=80.0, fmax=7600.0, floor=1e-10, padding="center")


def hifigan_from_state_dict(state: State) -> ImportedModel:
    """A generator of jik876/hifi-gan (`generator_v1`, `g_02500000`): V1, V2, V3, or of other widths.

    Weights may be folded or not. The audio format is that of the published models: 22,050 Hz, 80 bands up to 8 kHz.
    What the shapes do not show is taken from there too: rates are half of the kernels; dilations are 1, 3, 5 in blocks
    of pairs, and those of V3 in the others.

    Raises:
        CheckpointError: the state has another layout.
    """
    state = _plain(state)
    for name in ("upsampler.0.weight", "mean"):
        if name in state and "ups.0.weight" not in state:
            way_out = "take the importer speecht5_hifigan or fastspeech2_conformer_hifigan"
            raise CheckpointError(f"'{name}' belongs to a HiFi-GAN of the transformers library", way_out)
    return _Layout("jik876/hifi-gan", HIFIGAN).imported(state)


def speecht5_hifigan_from_state_dict(state: State) -> ImportedModel:
    """The vocoder of SpeechT5, transformers' class SpeechT5HifiGan.

    It was trained on base-10 logarithms of mel spectrograms at 16,000 Hz, which it normalises per band. The imported
    model takes natural logarithms as every vocoder here does; the difference goes into the normalisation.

    Raises:
        CheckpointError: the state has another layout, or is that of FastSpeech2ConformerHifiGan.
    """
    layout = _Layout("transformers' SpeechT5HifiGan", SPEECHT5, "upsampler", True, (4, 4, 4, 4))
    return layout.imported(_plain(state))


def fastspeech2_conformer_hifigan_from_state_dict(state: State) -> ImportedModel:
    """The vocoder of ESPnet's FastSpeech 2, transformers' class FastSpeech2ConformerHifiGan.

    It was trained on base-10 logarithms of mel spectrograms at 22,050 Hz, which it normalises per band. The imported
    model takes natural logarithms as every vocoder here does; the difference goes into the normalisation.

    Raises:
        CheckpointError: the state has another layout, or is that of SpeechT5HifiGan.
    """
    layout = _Layout("transformers' FastSpeech2ConformerHifiGan", CONFORMER, "upsampler", True, (8, 8, 2, 2))
    return layout.imported(_plain(state))


@dataclass(frozen=True)
class _Layout:
    """How one program names the tensors of a HiFi-GAN generator.

    Attributes:
        origin: whose it is, in words.
        format: what its mel spectrograms are.
        ups: their name of the transposed convolutions.
        normalised: whether there are a mean and a scale per band, of base-10 logarithms.
        rates: the only upsampling rates that this layout is published with; any, where left out.
    """

    origin: str
    format: AudioFormat
    ups: str = "ups"
    normalised: bool = False
    rates: tuple[int, ...] | None = None
    own: Mapping[str, str] = field(default_factory=lambda: {"mel_mean": "mean", "mel_scale": "scale"})

    def imported(self, state: Mapping[str, Tensor]) -> ImportedModel:
        sizes = self._sizes(state)
        spec: dict[str, Any] = {
            "name": "hifigan",
            "mels": self._kernel(state, "conv_pre").shape[1],
            "hop_length": self.format.hop_length,
            **_written(sizes),
            "weight_norm": False,
            "normalise": self.normalised,
        }
        try:
            shapes = _shapes(spec["mels"], spec["hop_length"], sizes, self.normalised)
        except ConfigError as error:
            raise self._refusal("; ".join(str(problem) for problem in error.problems)) from error
        used: set[str] = set()
        weights = {name: self._tensor(state, name, shape, used) for name, shape in shapes.items()}
        unknown = next((name for name in state if name not in used), None)
        if unknown is not None:
            raise self._refusal(f"'{unknown}' does not belong here")
        if self.normalised:
            weights.update({name: weights[name] * _LN_10 for name in self.own})
        audio = {**self.format.to_document(), "mels": spec["mels"]}
        config = {"pipeline": "vocoder", "generator": spec, "audio": audio}
        return ImportedModel(config, weights, f"a generator in the layout of {self.origin}")

    def _sizes(self, state: Mapping[str, Tensor]) -> StackSizes:
        """The sizes of the network, from the shapes and from how many layers there are."""
        ups = _count(state, rf"{self.ups}\.(\d+)\.")
        blocks = _count(state, r"resblocks\.(\d+)\.")
        if not ups or not blocks:
            first = f"; the first key is '{next(iter(state))}'" if state else "; there are no tensors"
            missing = "resblocks.0.convs1.0.weight" if ups else f"{self.ups}.0.weight"
            raise self._refusal(f"'{missing}' is missing{first}")
        kernels = tuple(self._kernel(state, f"ups.{place}").shape[2] for place in range(ups))
        rates = tuple(kernel // 2 for kernel in kernels)
        if self.rates is not None and rates != self.rates:
            expected = [2 * rate for rate in self.rates]
            raise self._refusal(f"the kernels of '{self.ups}' are {list(kernels)}; expected are {expected}")
        if blocks % ups:
            missing = f"resblocks.{blocks}"
            raise self._refusal(f"'{missing}' is missing: there are {blocks} blocks for {ups} upsamplings")
        paired = any(name.startswith("resblocks.0.convs1.") for name in state)
        convs = "convs1" if paired else "convs"
        several = range(blocks // ups)
        resblock_kernels = tuple(self._kernel(state, f"resblocks.{place}.{convs}.0").shape[2] for place in several)
        steps = _count(state, rf"resblocks\.0\.{convs}\.(\d+)\.")
        known = SHAPES["v1" if paired else "v3"].dilations
        if steps != len(known[0]) or (not paired and resblock_kernels != SHAPES["v3"].resblock_kernels):
            fault = f"residual blocks of {steps} steps with kernels {list(resblock_kernels)} have dilations that the "
            raise self._refusal(f"{fault}weights do not show, and are not those of V1, V2 or V3")
        dilations = known[:1] * len(several) if paired else known
        channels = self._kernel(state, "conv_pre").shape[0]
        return StackSizes(channels, rates, kernels, "1" if paired else "2", resblock_kernels, dilations)

    def _theirs(self, name: str) -> str:
        return self.own.get(name, re.sub(r"^ups\.", f"{self.ups}.", name))

    def _kernel(self, state: Mapping[str, Tensor], layer: str) -> Tensor:
        """The tensor of a layer that has the shape of its kernel."""
        name = self._names(state, layer)[-1]
        if state[name].dim() != 3:
            raise self._refusal(f"'{name}' is no kernel but has the shape {list(state[name].shape)}")
        return state[name]

    def _names(self, state: Mapping[str, Tensor], layer: str) -> tuple[str, ...]:
        """Their name of a layer's weight, or of its length and direction."""
        theirs = self._theirs(layer)
        for pair in _WEIGHTS:
            names = tuple(f"{theirs}.{part}" for part in pair)
            if any(name in state for name in names):
                missing = next((name for name in names if name not in state), None)
                if missing is not None:
                    raise self._refusal(f"'{missing}' is missing")
                return names
        if f"{theirs}.weight" not in state:
            raise self._refusal(f"'{theirs}.weight' is missing")
        return (f"{theirs}.weight",)

    def _tensor(self, state: Mapping[str, Tensor], name: str, shape: torch.Size, used: set[str]) -> Tensor:
        """One of our tensors, folded where theirs is normalised."""
        if not name.endswith(".weight"):
            return self._checked(state, self._theirs(name), shape, used)
        names = self._names(state, name.removesuffix(".weight"))
        direction = self._checked(state, names[-1], shape, used)
        if len(names) == 1:
            return direction
        length = self._checked(state, names[0], torch.Size((shape[0], 1, 1)), used)
        return weight_of(length, direction)

    def _checked(self, state: Mapping[str, Tensor], name: str, shape: torch.Size, used: set[str]) -> Tensor:
        if name not in state:
            raise self._refusal(f"'{name}' is missing")
        if state[name].shape != shape:
            raise self._refusal(f"'{name}' has the shape {list(state[name].shape)}, expected {list(shape)}")
        used.add(name)
        return state[name]

    def _refusal(self, fault: str) -> CheckpointError:
        own = ", mean, scale" if self.normalised else ""
        layout = (
            f"conv_pre.weight [channels, bands, 7], {self.ups}.0.weight [channels, channels / 2, 2 rate] and so on, "
            "resblocks.0.convs1.0.weight [channels / 2, channels / 2, kernel] and so on, conv_post.weight, the biases"
            f"{own}"
        )
        return CheckpointError(
            fault,
            f"expected is the generator of {self.origin}, whose rates multiply to {self.format.hop_length}: {layout}; "
            "weights may be weight_g and weight_v",
        )


def _plain(state: State) -> dict[str, Tensor]:
    """Without what `nn.DataParallel` puts before every name."""
    wrapped = bool(state) and all(name.startswith(_PREFIX) for name in state)
    return {name.removeprefix(_PREFIX) if wrapped else name: item for name, item in state.items()}


def _count(state: Mapping[str, Tensor], pattern: str) -> int:
    """Layers in a row of numbered ones."""
    return max((int(match[1]) + 1 for name in state if (match := re.match(pattern, name))), default=0)


@cache
def _shapes(mels: int, hop_length: int, sizes: StackSizes, normalise: bool) -> dict[str, torch.Size]:
    """The shapes of our tensors by name."""
    arguments = _written(sizes)
    with torch.device("meta"):  # no memory, no random numbers
        network = HifiGanGenerator(mels, hop_length, **arguments, weight_norm=False, normalise=normalise)
    return {name: tensor.shape for name, tensor in network.state_dict().items()}


def _written(sizes: StackSizes) -> dict[str, Any]:
    """Sizes as constructor arguments: the name of a shape, with what differs from it."""
    exact = next((name for name, known in SHAPES.items() if known == sizes), None)
    if exact is not None:
        return {"shape": exact}
    return {
        "shape": "v1",
        "channels": sizes.channels,
        "rates": list(sizes.rates),
        "kernels": list(sizes.kernels),
        "block": sizes.block,
        "resblock_kernels": list(sizes.resblock_kernels),
        "dilations": [list(several) for several in sizes.dilations],
    }

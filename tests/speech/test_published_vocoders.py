from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.speech.generators import mel
from tests.speech.reference_hifigan import ReferenceHifiGan, normalised_state
from toolkit.config import build
from toolkit.engine.foreign import ImportedModel
from toolkit.engine.torchaudio_part import torchaudio_functional
from toolkit.errors import CheckpointError, MissingExtraError
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.published import (
    fastspeech2_conformer_hifigan_from_state_dict,
    hifigan_from_state_dict,
    speecht5_hifigan_from_state_dict,
)

V3: dict[str, Any] = {"rates": (8, 8, 4), "kernels": (3, 5, 7), "paired": False}


def built(imported: ImportedModel, dtype: torch.dtype = torch.float32) -> nn.Module:
    network: nn.Module = build("generators", imported.config["generator"]).to(dtype)
    network.load_state_dict(imported.weights)
    return network.eval()


@pytest.mark.parametrize("normed", ["old", "new", "none"])
@pytest.mark.parametrize("sizes", [{}, V3], ids=["pairs", "v3"])
def test_a_generator_gives_the_waves_of_the_original(sizes: dict[str, Any], normed: str) -> None:
    original = ReferenceHifiGan(**sizes, normed=normed).double()  # where rounding hides no mistake
    given = mel(2, 5, 7, dtype=torch.float64)
    with torch.no_grad():
        wanted = original(given)
        found = built(hifigan_from_state_dict(original.state_dict()), torch.float64)(given)
    torch.testing.assert_close(found, wanted, atol=1e-10, rtol=0)
    assert wanted.std() > 0.01


@pytest.mark.parametrize(("channels", "sizes", "shape"), [(128, {}, "v2"), (256, V3, "v3"), (512, {}, "v1")])
def test_the_shape_is_recognised(channels: int, sizes: dict[str, Any], shape: str) -> None:
    state = ReferenceHifiGan(channels, 80, **sizes, normed="none").state_dict()
    config = hifigan_from_state_dict(state).config
    expected = {"name": "hifigan", "mels": 80, "hop_length": 256, "shape": shape}
    assert config["generator"] == {**expected, "weight_norm": False, "normalise": False}
    assert AudioFormat.from_document(config["audio"]) == AudioFormat()


def test_names_of_data_parallel_are_understood() -> None:
    state = ReferenceHifiGan().state_dict()
    imported = hifigan_from_state_dict({f"module.{name}": tensor for name, tensor in state.items()})
    wanted = hifigan_from_state_dict(state)
    assert all(torch.equal(imported.weights[name], tensor) for name, tensor in wanted.weights.items())


def test_a_layout_of_another_library_is_pointed_to_its_importer() -> None:
    with pytest.raises(CheckpointError, match="speecht5_hifigan"):
        hifigan_from_state_dict(normalised_state(ReferenceHifiGan(normed="none")))


def test_dilations_that_cannot_be_known_are_refused() -> None:
    state = ReferenceHifiGan(kernels=(3, 5, 9), rates=(8, 8, 4), paired=False).state_dict()
    with pytest.raises(CheckpointError, match="dilations that the weights do not show"):
        hifigan_from_state_dict(state)


def test_the_vocoder_of_another_speech_model_is_refused() -> None:
    state = normalised_state(ReferenceHifiGan(normed="none"))  # rates 8, 8, 2, 2
    assert fastspeech2_conformer_hifigan_from_state_dict(state).config["audio"]["sample_rate"] == 22050
    with pytest.raises(CheckpointError, match="kernels of 'upsampler'"):
        speecht5_hifigan_from_state_dict(state)


def test_rates_of_another_hop_are_refused() -> None:
    with pytest.raises(CheckpointError, match="make 128 samples of a frame, but hop_length=256"):
        hifigan_from_state_dict(ReferenceHifiGan(rates=(8, 8, 2)).state_dict())


def speecht5(**changes: Any) -> nn.Module:
    library = pytest.importorskip("transformers", reason="the package 'transformers' is not installed")
    with suppress(MissingExtraError):
        torchaudio_functional()  # before the library imports it in a way that may fail
    return library.SpeechT5HifiGan(library.SpeechT5HifiGanConfig(**changes))


def conformer(**changes: Any) -> nn.Module:
    library = pytest.importorskip("transformers", reason="the package 'transformers' is not installed")
    return library.FastSpeech2ConformerHifiGan(library.FastSpeech2ConformerHifiGanConfig(**changes))


@pytest.mark.parametrize("with_weight_norm", [False, True])
@pytest.mark.parametrize(
    ("original", "convert", "rate"),
    [
        (speecht5, speecht5_hifigan_from_state_dict, 16000),
        (conformer, fastspeech2_conformer_hifigan_from_state_dict, 22050),
    ],
    ids=["speecht5", "fastspeech2_conformer"],
)
def test_the_library_s_class_gives_the_same_waves(
    original: Callable[..., Any], convert: Callable[..., ImportedModel], rate: int, with_weight_norm: bool
) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        theirs = original(model_in_dim=6, upsample_initial_channel=32, initializer_range=0.1)
        theirs.mean.copy_(torch.linspace(-3, -1, 6))
        theirs.scale.copy_(torch.linspace(0.5, 1.5, 6))
        if with_weight_norm:
            theirs.apply_weight_norm()
    imported = convert(theirs.state_dict())
    log10_mel: Tensor = mel(2, 6, 7) / math.log(10)
    with torch.no_grad():
        wanted = theirs.eval()(log10_mel.transpose(1, 2))
        found = built(imported)(log10_mel * math.log(10))[:, 0]
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=0)
    assert wanted.std() > 1e-3
    assert imported.config["audio"]["sample_rate"] == rate

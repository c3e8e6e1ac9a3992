from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from tests.speech.generators import count, mel, reached_frames
from tests.speech.reference_hifigan import ReferenceHifiGan
from toolkit.errors import ConfigError
from toolkit.speech.hifigan import HifiGanGenerator
from toolkit.speech.istftnet import IstftNetGenerator

SMALL: dict[str, Any] = {"mels": 5, "hop_length": 8, "channels": 16, "rates": [4, 2], "kernels": [8, 4]}
HEAD: dict[str, Any] = {"mels": 5, "hop_length": 8, "channels": 8, "rates": [4], "kernels": [8]}


@pytest.mark.parametrize(("shape", "parameters"), [("v1", 13.94e6), ("v2", 0.929e6), ("v3", 1.464e6)])
def test_the_published_shapes_have_the_published_number_of_parameters(shape: Any, parameters: float) -> None:
    assert count(HifiGanGenerator(80, 256, shape)) == pytest.approx(parameters, rel=1e-3)


def test_istftnet_has_the_published_number_of_parameters() -> None:
    assert count(IstftNetGenerator(80, 256)) == pytest.approx(13.26e6, rel=1e-3)


@pytest.mark.parametrize(("shape", "paired"), [("v1", True), ("v3", False)])
def test_it_computes_what_the_paper_describes(shape: Any, paired: bool) -> None:
    rates = (8, 8, 2, 2) if paired else (8, 8, 4)
    original = ReferenceHifiGan(16, 5, rates, (3, 7, 11) if paired else (3, 5, 7), paired, normed="none")
    network = HifiGanGenerator(5, 256, shape, channels=16, weight_norm=False)
    network.load_state_dict(original.state_dict())  # the same names too
    given = mel(2, 5, 9)
    with torch.no_grad():
        wanted = original(given)
        torch.testing.assert_close(network(given), wanted, atol=1e-5, rtol=0)
    assert wanted.std() > 0.01


@pytest.mark.parametrize("activation", ["leaky", "snake"])
def test_the_layout_for_a_cpu_changes_no_number(activation: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    network = HifiGanGenerator(**SMALL, activation=activation).eval()
    given = mel(3, 5, 20)
    with torch.no_grad():
        found = network(given)
        monkeypatch.setattr("toolkit.speech.rows._rows_on", lambda device: False)
        torch.testing.assert_close(network(given), found, atol=1e-6, rtol=0)


def test_it_is_differentiated_as_without_work_in_place() -> None:
    original = ReferenceHifiGan(normed="none").double()
    network = HifiGanGenerator(5, 256, channels=16, weight_norm=False).double()
    network.load_state_dict(original.state_dict())
    given = mel(1, 5, 4, dtype=torch.float64)
    for each in (original, network):
        each(given).square().sum().backward()
    found = dict(network.named_parameters())
    for name, parameter in original.named_parameters():
        torch.testing.assert_close(found[name].grad, parameter.grad)


@pytest.mark.parametrize(
    "network",
    [
        lambda: HifiGanGenerator(2, 256, "v1", channels=16),
        lambda: HifiGanGenerator(2, 256, "v3", channels=8),
        lambda: HifiGanGenerator(**SMALL),
        lambda: HifiGanGenerator(**SMALL, activation="snakebeta", dilations=[[1], [2], [1]]),
        lambda: IstftNetGenerator(**{**HEAD, "head_fft": 8, "head_hop": 2}),
        lambda: IstftNetGenerator(**{**HEAD, "rates": [2], "kernels": [6]}),
    ],
    ids=["v1", "v3", "small", "snakebeta", "istftnet", "istftnet-16"],
)
def test_a_frame_depends_on_exactly_the_frames_around_it_that_it_says(network: Any) -> None:
    built = network()
    before, after = reached_frames(built, 2 * built.context_frames + 5)
    assert max(before, after) == built.context_frames


@pytest.mark.parametrize("network", [lambda: HifiGanGenerator(**SMALL), lambda: IstftNetGenerator(**HEAD, head_hop=2)])
def test_folded_it_gives_the_same_wave(network: Any) -> None:
    built: nn.Module = network().eval()
    given = mel(2, 5, 9)
    with torch.no_grad():
        before = built(given)
        assert built.fold() is built
        torch.testing.assert_close(built(given), before, atol=1e-6, rtol=0)
    assert not [name for name in built.state_dict() if "parametrizations" in name]


def test_istftnet_turns_every_step_into_samples() -> None:
    wave = IstftNetGenerator(**HEAD, head_hop=2).train()(mel(2, 5, 9))
    assert wave.shape == (2, 1, 72)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hop_length": 10}, "rates: .*8 samples of a frame, but hop_length=10"),
        ({"kernels": [8, 5]}, "kernels"),
        ({"kernels": [8]}, "kernels"),
        ({"channels": 6}, "channels"),
        ({"resblock_kernels": [3, 4, 5]}, "resblock_kernels"),
        ({"dilations": [[1, 3]]}, "dilations"),
        ({"dilations": [[1], [0], [1]]}, "dilations"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        HifiGanGenerator(**{**SMALL, **changes})


def test_a_spectrogram_of_other_bands_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match=r"\[B, 5, T\], got \[1, 7, 20\]"):
        HifiGanGenerator(**SMALL)(mel(1, 7, 20))

from __future__ import annotations

import pytest
import torch

from tests.speech.generators import count, mel, reached_frames
from toolkit.errors import ConfigError
from toolkit.speech.istft import InverseStft
from toolkit.speech.vocos import VocosGenerator

SMALL = {"mels": 5, "hop_length": 8, "n_fft": 32, "channels": 12, "hidden": 16, "blocks": 2}


def test_the_published_sizes_have_the_published_number_of_parameters() -> None:
    network = VocosGenerator(100, 256, 1024, channels=512, hidden=1536, blocks=8)
    assert count(network) == 13_531_650
    assert network.context_frames == 3 * 9 + 2


@pytest.mark.parametrize("changes", [{}, {"kernel": 3, "blocks": 3}, {"n_fft": 64}])
def test_a_frame_depends_on_exactly_the_frames_around_it_that_it_says(changes: dict[str, int]) -> None:
    network = VocosGenerator(**{**SMALL, **changes})
    assert reached_frames(network, 41) == (network.context_frames, network.context_frames)


def test_changes_further_away_change_no_sample() -> None:
    network = VocosGenerator(**SMALL).eval()
    given = mel(1, 5, 50)
    changed = given.clone()
    changed[:, :, : 25 - network.context_frames] = 3.0
    changed[:, :, 26 + network.context_frames :] = -3.0
    frame = slice(25 * 8, 26 * 8)
    with torch.no_grad():
        torch.testing.assert_close(network(changed)[..., frame], network(given)[..., frame], atol=1e-6, rtol=0)


def test_it_trains_on_short_segments_under_autocast() -> None:
    network = VocosGenerator(80, 256, 1024, channels=32, hidden=48, blocks=2).train()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        wave = network(mel(2, 80, 8192 // 256))
    assert wave.shape == (2, 1, 8192)
    assert wave.dtype == torch.float32
    wave.square().mean().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in network.parameters())


def test_loud_samples_are_limited_in_evaluation_only() -> None:
    network = VocosGenerator(**SMALL)
    with torch.no_grad():
        network.head.bias[:17] = 4.0
    given = mel(1, 5, 20)
    assert network.train()(given).abs().max() > 1
    assert network.eval()(given).abs().max() == 1


def test_the_layout_for_a_cpu_changes_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    network = VocosGenerator(**SMALL).eval()
    given = mel(3, 5, 20)
    with torch.no_grad():
        found = network(given)
        monkeypatch.setattr("toolkit.speech.rows._rows_on", lambda device: False)
        torch.testing.assert_close(network(given), found, atol=1e-6, rtol=0)


def test_its_transform_as_a_convolution_gives_the_same_wave() -> None:
    network = VocosGenerator(80, 256, 1024, channels=32, hidden=48, blocks=2).eval()
    given = mel(1, 80, 40)
    with torch.no_grad():
        wanted = network(given)
        for module in network.modules():
            if isinstance(module, InverseStft):
                module.convolution()
        found = network(given)
    assert 10 * torch.log10(wanted.square().sum() / (wanted - found).square().sum()) > 100


def test_a_spectrogram_of_other_bands_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match=r"\[B, 5, T\], got \[1, 7, 20\]"):
        VocosGenerator(**SMALL)(mel(1, 7, 20))


@pytest.mark.parametrize(("changes", "field"), [({"kernel": 4}, "kernel"), ({"blocks": 0}, "blocks")])
def test_sizes_that_do_not_fit_are_refused(changes: dict[str, int], field: str) -> None:
    with pytest.raises(ConfigError, match=field):
        VocosGenerator(**{**SMALL, **changes})

from __future__ import annotations

import numpy as np
import pytest
import torch

from toolkit.errors import ConfigError
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.griffin_lim import GriffinLim
from toolkit.speech.mel import LogMel
from toolkit.testing.paired_metrics import vowel

RATE = 16_000


def format(padding: str = "same") -> AudioFormat:
    return AudioFormat(sample_rate=RATE, n_fft=512, win_length=512, hop_length=128, mels=60, padding=padding)  # type: ignore[arg-type]


@pytest.mark.parametrize("padding", ["same", "center"])
def test_the_wave_has_the_mel_spectrogram_that_it_was_made_from(padding: str) -> None:
    mel = LogMel(format(padding))
    wanted = mel(torch.from_numpy(vowel(140.0, seconds=0.8, sample_rate=RATE))[None, : 96 * 128])
    wave = GriffinLim(format(padding))(wanted)
    assert wave.shape == (1, 1, wanted.shape[-1] * 128)
    found = mel(wave)[..., : wanted.shape[-1]]
    assert (found - wanted).abs().mean() < 0.25
    for shift in (-4, 4):  # it is neither early nor late
        assert (found.roll(shift, -1) - wanted).abs().mean() > 2 * (found - wanted).abs().mean()


def test_an_onset_stays_where_it_is() -> None:
    click = torch.zeros(1, 64 * 128)
    click[:, 4000:4400] = 0.1 * torch.from_numpy(np.random.default_rng(0).standard_normal(400).astype(np.float32))
    for padding in ("same", "center"):
        wave = GriffinLim(format(padding))(LogMel(format(padding))(click))[0, 0]
        power = wave.square()
        middle = float((power * torch.arange(len(wave))).sum() / power.sum())
        assert middle == pytest.approx(4200, abs=64)  # half a hop


def test_waves_of_a_batch_do_not_depend_on_each_other_and_repeat_with_the_seed() -> None:
    mel = LogMel(format())(
        torch.from_numpy(np.stack([vowel(pitch, seconds=0.2, sample_rate=RATE) for pitch in (120.0, 160.0)]))
    )
    quick = GriffinLim(format(), iterations=3)
    both = quick(mel)
    assert torch.equal(both[1:], quick(mel[1:]))
    assert torch.equal(both, GriffinLim(format(), iterations=3)(mel))
    assert not torch.equal(both, GriffinLim(format(), iterations=3, seed=1)(mel))


def test_iterations_help() -> None:
    mel = LogMel(format())
    wanted = mel(torch.from_numpy(vowel(140.0, seconds=0.4, sample_rate=RATE))[None])
    errors = [float((mel(GriffinLim(format(), count)(wanted)) - wanted).abs().mean()) for count in (1, 60)]
    assert errors[1] < errors[0] / 1.5


def test_silence_stays_nearly_silent() -> None:
    wave = GriffinLim(format(), iterations=3)(torch.full((1, 60, 20), -11.5))
    assert wave.isfinite().all()
    assert wave.abs().max() < 1e-3


@pytest.mark.parametrize(("settings", "words"), [({"iterations": 0}, "iterations"), ({"momentum": 1.0}, "momentum")])
def test_settings_that_cannot_work_are_refused(settings: dict[str, float], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        GriffinLim(format(), **settings)  # type: ignore[arg-type]

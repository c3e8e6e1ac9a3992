from __future__ import annotations

import copy

import librosa
import numpy as np
import pytest
import torch

from tests.speech.sounds import noise, tone
from toolkit.errors import ConfigError, DataError
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.mel import LogMel, hann, mel_filters, stft_magnitude

FORMATS = {
    "hifigan": AudioFormat(),
    "vocos": AudioFormat(24000, mels=100, fmax=None, floor=1e-7, mel_scale="htk", mel_norm="none", padding="center"),
    "narrow window": AudioFormat(16000, 512, 160, 400, 40, 55.0, 7600.0, padding="center"),
    "odd difference": AudioFormat(16000, 512, 159, 400, 40, 55.0, 7600.0),
}


def _by_librosa(wave: np.ndarray, format: AudioFormat) -> np.ndarray:
    """The same spectrogram, from librosa's transform and filters."""
    filters = librosa.filters.mel(
        sr=format.sample_rate,
        n_fft=format.n_fft,
        n_mels=format.mels,
        fmin=format.fmin,
        fmax=format.fmax,
        htk=format.mel_scale == "htk",
        norm="slaney" if format.mel_norm == "slaney" else None,
    )
    if format.padding == "same":
        total = format.n_fft - format.hop_length
        wave = np.pad(wave, (total // 2, total - total // 2), mode="reflect")
    spectrum = librosa.stft(
        wave,
        n_fft=format.n_fft,
        hop_length=format.hop_length,
        win_length=format.win_length,
        center=format.padding == "center",
        pad_mode="reflect",
    )
    return np.log(np.maximum(filters @ np.abs(spectrum), format.floor))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("samples", [4096, 5000])
def test_the_spectrogram_is_that_of_librosa(name: str, samples: int) -> None:
    format = FORMATS[name]
    wave = noise(samples) + tone(samples / format.sample_rate, format.sample_rate)[:samples]
    mel_MT = LogMel(format)(torch.from_numpy(wave)[None])[0].numpy()
    assert mel_MT.shape == (format.mels, format.frames(samples))
    np.testing.assert_allclose(mel_MT, _by_librosa(wave, format), atol=1e-4)


def test_the_filters_are_those_of_librosa() -> None:
    ours = mel_filters(22050, 1024, 80, 0.0, 8000.0).numpy()
    np.testing.assert_allclose(ours, librosa.filters.mel(sr=22050, n_fft=1024, n_mels=80, fmax=8000.0), atol=1e-6)
    theirs = librosa.filters.mel(sr=24000, n_fft=1024, n_mels=100, htk=True, norm=None)
    np.testing.assert_allclose(mel_filters(24000, 1024, 100, scale="htk", norm="none").numpy(), theirs, atol=1e-5)


def test_silence_is_the_floor_and_its_gradients_are_finite() -> None:
    wave_B1T = torch.zeros(2, 1, 2048, requires_grad=True)
    mel_BMT = LogMel(AudioFormat())(wave_B1T)
    torch.testing.assert_close(mel_BMT, torch.full_like(mel_BMT, np.log(1e-5)))
    magnitude = stft_magnitude(wave_B1T, 256, 64, 256)
    (gradient,) = torch.autograd.grad(magnitude.sum(), wave_B1T, create_graph=True)
    (second,) = torch.autograd.grad(gradient.sum() + magnitude.mean(), wave_B1T)
    assert torch.isfinite(gradient).all()
    assert torch.isfinite(second).all()


def test_derivatives_of_both_orders() -> None:
    generator = torch.Generator().manual_seed(0)
    wave = torch.rand(1, 24, dtype=torch.float64, generator=generator, requires_grad=True)

    def magnitude(wave_BT: torch.Tensor) -> torch.Tensor:
        return stft_magnitude(wave_BT, 16, 8, 12)

    assert torch.autograd.gradcheck(magnitude, (wave,))
    assert torch.autograd.gradgradcheck(magnitude, (wave,))


def test_float32_under_autocast_and_from_half_precision() -> None:
    mel = LogMel(AudioFormat())
    wave = torch.from_numpy(noise(4096))[None].bfloat16()
    expected = mel(wave.float())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = mel(wave)
        magnitude = stft_magnitude(wave, 512, 128, 512)
    assert found.dtype == magnitude.dtype == torch.float32
    assert torch.equal(found, expected)


def test_a_model_in_bfloat16_keeps_the_window_and_the_filters_exact() -> None:
    mel = LogMel(AudioFormat())
    changed = torch.nn.Sequential(copy.deepcopy(mel)).to(torch.bfloat16)[0]
    assert torch.equal(changed.filters, mel.filters)
    assert torch.equal(changed.window, mel.window)
    assert not mel.state_dict()
    assert mel.to("meta").filters.device.type == mel.window.device.type == "meta"


def test_double_precision_stays_double() -> None:
    wave = torch.from_numpy(noise(2048)).double()[None]
    assert stft_magnitude(wave, 256, 64, 256).dtype == torch.float64


def test_a_window_first_used_in_inference_mode_serves_training() -> None:
    with torch.inference_mode():
        stft_magnitude(torch.zeros(1, 300), 138, 46, 138)
    wave = torch.rand(1, 300, requires_grad=True)
    stft_magnitude(wave, 138, 46, 138).sum().backward()
    assert wave.grad is not None


def test_the_window_is_centred_between_zeros() -> None:
    assert torch.equal(hann(4, 8), torch.tensor([0.0, 0.0, 0.0, 0.5, 1.0, 0.5, 0.0, 0.0]))


def test_a_wave_too_short_to_reflect_is_refused_with_its_length() -> None:
    mel = LogMel(AudioFormat())
    assert mel(torch.zeros(1, 385)).shape == (1, 80, 1)
    with pytest.raises(DataError, match="384 samples is too short") as caught:
        mel(torch.zeros(1, 384))
    assert "384 samples or fewer" in caught.value.way_out
    with pytest.raises(ValueError, match=r"got \[1, 2, 4096\]"):
        mel(torch.zeros(1, 2, 4096))


def test_more_bands_than_frequencies_are_refused() -> None:
    with pytest.raises(ConfigError, match="choose fewer bands or a larger n_fft"):
        LogMel(AudioFormat(n_fft=256, win_length=256, mels=80))

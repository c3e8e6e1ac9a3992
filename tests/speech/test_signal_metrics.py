from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from toolkit.errors import ConfigError, DataError, MissingExtraError
from toolkit.metrics.paired import UnfitPairError
from toolkit.speech.signal_metrics.mcd import Mcd, mel_cepstrum
from toolkit.speech.signal_metrics.mel_distance import MelDistance
from toolkit.speech.signal_metrics.pesq import Pesq
from toolkit.speech.signal_metrics.pitch import Pitch
from toolkit.speech.signal_metrics.resampling import resampled
from toolkit.speech.signal_metrics.stft_distance import StftDistance
from toolkit.speech.signal_metrics.stoi import Stoi
from toolkit.testing.paired_metrics import vowel

RATE = 22_050


def white(seconds: float = 0.5, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(int(seconds * RATE))).astype(np.float32)


# -- spectra ------------------------------------------------------------------------------------------------------


def test_a_change_of_level_moves_log_mels_by_its_logarithm() -> None:
    noise = white()
    assert MelDistance()(noise, noise * 0.5, RATE)["mel_distance"] == pytest.approx(math.log(2), abs=1e-3)


def test_what_lies_above_the_highest_band_is_not_heard() -> None:
    time = np.arange(RATE // 2) / RATE
    noise = white()
    hiss = noise + 0.1 * np.sin(2 * np.pi * 9500 * time).astype(np.float32)
    heard = MelDistance()(noise, hiss, RATE)["mel_distance"]
    assert MelDistance(fmax=8000.0)(noise, hiss, RATE)["mel_distance"] < heard / 20


def test_silence_has_the_relative_error_one_and_half_the_level_a_half() -> None:
    noise = white()
    assert StftDistance()(noise, noise * 0, RATE)["spectral_convergence"] == pytest.approx(1, abs=1e-3)
    half = StftDistance()(noise, noise * 0.5, RATE)
    assert half["spectral_convergence"] == pytest.approx(0.5, abs=1e-3)
    assert half["log_magnitude"] == pytest.approx(math.log(2), abs=1e-3)
    assert half["stft_distance"] == pytest.approx(half["spectral_convergence"] + half["log_magnitude"])


# -- mel cepstral distortion --------------------------------------------------------------------------------------


def test_cepstral_coefficients_give_back_a_ripple_and_leave_out_the_level() -> None:
    bands = np.arange(80)[:, None] + 0.5
    ripple = 0.7 * np.cos(np.pi * 3 * bands / 80) - 5.0
    assert mel_cepstrum(ripple, 13)[:, 0] == pytest.approx([0.7 if number == 3 else 0 for number in range(1, 14)])


def test_the_formula_is_the_rms_difference_of_the_envelopes_in_decibels() -> None:
    bands = np.arange(80)[:, None] + 0.5
    ripple = sum(np.cos(np.pi * number * bands / 80 + number) / number for number in range(1, 14))
    ripple = sum(
        coefficient * np.cos(np.pi * (number + 1) * bands / 80)
        for number, coefficient in enumerate(mel_cepstrum(ripple, 13)[:, 0])
    )
    decibels = 20 / math.log(10) * math.sqrt(float(np.mean(ripple**2)))
    kubichek = 10 / math.log(10) * math.sqrt(2 * float(np.sum(mel_cepstrum(ripple, 13) ** 2)))
    assert kubichek == pytest.approx(decibels)


def test_distortion_forgives_level_and_tempo_but_not_another_spectrum() -> None:
    metric = Mcd()
    sound, other = vowel(120.0, seconds=0.6), white(0.6)
    shifted = np.roll(sound, RATE // 20)
    assert metric(other, other * 0.5, RATE)["mcd"] < 0.01
    assert metric(sound, shifted, RATE)["mcd"] < metric(sound, other, RATE)["mcd"] / 3


def test_more_coefficients_than_bands_are_refused() -> None:
    with pytest.raises(ConfigError, match="coefficients: is 80"):
        Mcd(coefficients=80)


# -- pitch --------------------------------------------------------------------------------------------------------


def tone(frequency: float, seconds: float = 0.5) -> np.ndarray:
    time = np.arange(int(seconds * RATE)) / RATE
    return sum(0.2 / number * np.sin(2 * np.pi * number * frequency * time) for number in (1, 2, 3)).astype(np.float32)  # type: ignore[union-attr]


def test_a_semitone_is_a_hundred_cents() -> None:
    numbers = Pitch()(tone(200.0), tone(200.0 * 2 ** (1 / 12)), RATE)
    assert numbers["f0_rmse"] == pytest.approx(100, abs=6)  # the tracker's steps are 10 cents
    assert numbers["voicing_error"] < 0.05


def test_a_half_that_became_noise_is_a_voicing_error_of_a_half() -> None:
    sound = tone(200.0)
    broken = sound.copy()
    broken[len(sound) // 2 :] = white(0.3, seed=3)[: len(sound) - len(sound) // 2]
    numbers = Pitch()(sound, broken, RATE)
    assert numbers["voicing_error"] == pytest.approx(0.5, abs=0.07)
    assert numbers["periodicity_rmse"] > 0.3
    assert numbers["f0_rmse"] < 10


def test_pitch_is_left_out_where_nothing_is_voiced_in_both() -> None:
    numbers = Pitch()(tone(200.0), 0 * tone(200.0), RATE)
    assert "f0_rmse" not in numbers
    assert numbers["voicing_error"] > 0.9


def test_the_kept_track_belongs_to_its_reference() -> None:
    metric = Pitch()
    low, high = tone(150.0, 0.2), tone(300.0, 0.2)
    metric(low, low, RATE)
    assert metric(high, low, RATE)["f0_rmse"] == pytest.approx(1200, abs=12)
    assert metric(low, low, RATE)["f0_rmse"] == 0


@pytest.mark.parametrize(("lowest", "highest"), [(20.0, 500.0), (300.0, 200.0), (65.0, 9000.0)])
def test_impossible_ranges_of_pitch_are_refused(lowest: float, highest: float) -> None:
    with pytest.raises(ConfigError, match="lowest"):
        Pitch(lowest, highest)


# -- kept libraries -----------------------------------------------------------------------------------------------


def test_resampling_keeps_a_tone() -> None:
    time = np.arange(RATE) / RATE
    sound = np.sin(2 * np.pi * 1000 * time).astype(np.float32)
    wanted = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000)
    assert np.abs(resampled(sound, RATE, 16_000) - wanted)[500:-500].max() < 0.01
    assert resampled(sound, RATE, RATE) is sound


def test_pesq_and_stoi_rate_more_noise_as_worse() -> None:
    sound = vowel(120.0, seconds=2.0)
    some, much = vowel(120.0, noise=0.002, seconds=2.0), vowel(120.0, noise=0.02, seconds=2.0)
    for metric in (Pesq(), Stoi()):
        same, worse, worst = (metric(sound, other, RATE) for other in (sound, some, much))
        assert all(same[name] > worse[name] > worst[name] for name in metric.units)
    assert Pesq()(sound, sound, RATE)["pesq"] == pytest.approx(4.64, abs=0.01)
    assert Stoi()(sound, sound, RATE)["stoi"] == pytest.approx(1)


def test_what_pesq_and_stoi_cannot_judge_is_refused_with_the_reason() -> None:
    sound, silence = vowel(120.0), np.zeros(RATE, dtype=np.float32)
    with pytest.raises(UnfitPairError, match="silent"):
        Pesq()(silence, silence, RATE)
    with pytest.raises(UnfitPairError, match=r"(?i)short|buffer"):
        Pesq()(sound[:2000], sound[:2000], RATE)
    mostly = np.concatenate([sound[:5000], silence])
    with pytest.raises(UnfitPairError, match=r"less than 0\.4 s"):
        Stoi()(mostly, mostly, RATE)


@pytest.mark.parametrize(("metric", "rate"), [(Pesq, 8_000), (Stoi, 8_000)])
def test_rates_without_the_band_that_a_metric_hears_are_refused(metric: type[Pesq] | type[Stoi], rate: int) -> None:
    with pytest.raises(DataError, match=f"at least .* not {rate} Hz") as caught:
        metric()(vowel(120.0), vowel(120.0), rate)
    assert not isinstance(caught.value, UnfitPairError)


def test_stoi_leaves_numpys_generator_as_it_was() -> None:
    np.random.seed(5)
    wanted = np.random.random()
    np.random.seed(5)
    Stoi()(vowel(120.0), vowel(130.0), RATE)
    assert np.random.random() == wanted


@pytest.mark.parametrize(
    ("metric", "module", "extra"),
    [
        (Pesq, "pesq", "speech-metrics"),
        (Stoi, "pystoi", "speech-metrics"),
        (Pitch, "librosa", "speech"),
        (Mcd, "librosa.sequence", "speech"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(
    metric: type, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.import_module", _without(module))
    with pytest.raises(MissingExtraError, match=rf"\[{extra}\]"):
        metric()


def _without(missing: str):  # type: ignore[no-untyped-def]
    import importlib

    real = importlib.import_module

    def import_module(name: str, package: str | None = None) -> object:
        if name == missing:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)
        return real(name, package)

    return import_module


def test_tensors_on_a_graph_are_taken() -> None:
    sound = torch.from_numpy(vowel(120.0)).requires_grad_(True)
    assert MelDistance()(sound, sound, RATE) == {"mel_distance": 0.0}

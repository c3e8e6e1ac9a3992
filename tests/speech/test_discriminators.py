"""Discriminators of waveforms: their published sizes, layouts that change nothing, precision, and refusals."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tests.adversarial.toys import game
from toolkit.config import build
from toolkit.errors import ConfigError
from toolkit.speech.multi_period import MultiPeriodDiscriminator
from toolkit.speech.multi_resolution import MultiResolutionDiscriminator
from toolkit.speech.multi_scale import MultiScaleDiscriminator

SMALL = {
    "multi_period": {"width": 2, "periods": [2, 3]},
    "multi_scale": {"width": 16, "scales": 2},
    "multi_resolution": {"channels": 4, "resolutions": [128, 64]},
    "sub_band_cqt": {"sample_rate": 2000, "hops": [32], "bins_per_octave": [8], "channels": 4},
}


def small(name: str, **settings):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build("discriminators", {"name": name, **SMALL[name], **settings})


def waves(count: int = 2, length: int = 700) -> Tensor:
    phases = torch.arange(length) * torch.tensor([0.05, 0.2, 0.8])[:count, None, None]
    return 0.5 * phases.sin() + 0.05 * torch.randn(count, 1, length, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("kind", "settings", "count"),
    [
        (MultiPeriodDiscriminator, {}, 41_105_770),
        (MultiScaleDiscriminator, {}, 29_618_821),
        (MultiPeriodDiscriminator, {"width": 8}, 2_577_250),
        (MultiResolutionDiscriminator, {}, 1_413_990),
    ],
)
def test_parameters_are_as_many_as_published(kind, settings, count):
    assert sum(parameter.numel() for parameter in kind(**settings).parameters()) == count


def test_bins_first_and_channels_last_is_the_published_network_of_complex_spectrograms():
    network = small("multi_resolution", resolutions=[128])
    part = network.parts[0]
    wave = waves()
    clean = wave[:, 0] - wave[:, 0].mean(-1, keepdim=True)
    clean = 0.8 * clean / clean.abs().amax(-1, keepdim=True)
    spectrum = torch.view_as_real(torch.stft(clean, 128, 32, window=torch.hann_window(128), return_complex=True))
    spectrum = spectrum.permute(0, 3, 2, 1)  # [B, 2, frames, bins]
    ends = []
    for (low, high), layers in zip([(0, 6), (6, 16), (16, 32), (32, 48), (48, 65)], part.bands, strict=True):
        x = spectrum[..., low:high]
        for layer, stride in zip(layers, (1, 2, 2, 2, 1), strict=True):
            kernel = layer.weight.transpose(2, 3)
            padding = (kernel.shape[2] // 2, kernel.shape[3] // 2)
            x = F.leaky_relu(F.conv2d(x, kernel, layer.bias, (1, stride), padding), 0.1)
        ends.append(x)
    logits = F.conv2d(torch.cat(ends, -1), part.head.weight.transpose(2, 3), part.head.bias, padding=1)
    found = network(wave)
    torch.testing.assert_close(found.features[-1], logits.transpose(2, 3), rtol=1e-4, atol=1e-6)
    assert len(found.features) == 5 * 5 + 1


@pytest.mark.parametrize("name", ["multi_period", "multi_resolution"])
def test_skip_first_leaves_out_the_first_activations_and_changes_no_logits(name):
    plain, skipping = small(name)(waves()), small(name, skip_first=True)(waves())
    firsts = {"multi_period": 2, "multi_resolution": 10}[name]
    assert len(plain.features) - len(skipping.features) == firsts
    for one, two in zip(plain.logits, skipping.logits, strict=True):
        assert torch.equal(one, two)


def test_loudness_and_offset_do_not_matter_to_complex_spectrograms():
    network = small("multi_resolution")
    for one, two in zip(network(waves()).logits, network(0.25 * waves() + 0.1).logits, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", SMALL)
def test_autocast_computes_nearly_the_same_and_transforms_in_float32(name):
    network = small(name)
    wave = waves().requires_grad_(True)
    exact = network(wave)
    with torch.autocast("cpu", torch.bfloat16):
        found = network(wave)
        if name == "multi_resolution":
            assert network.parts[0].spectrum(wave.bfloat16()).dtype == torch.float32
    for one, two in zip(found.logits, exact.logits, strict=True):
        assert one.dtype == torch.bfloat16
        torch.testing.assert_close(one.float(), two, rtol=0.05, atol=0.02)
    torch.stack([logits.float().mean() for logits in found.logits]).sum().backward()
    assert wave.grad.isfinite().all()


@pytest.mark.parametrize("name", SMALL)
def test_silence_has_finite_gradients(name):
    network = small(name)
    wave = torch.zeros(2, 1, 700, requires_grad=True)
    found = network(wave)
    torch.stack([feature.square().mean() for feature in (*found.logits, *found.features)]).sum().backward()
    assert wave.grad.isfinite().all()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("name", "coupled"),
    [("multi_period", False), ("multi_scale", True), ("multi_resolution", False), ("sub_band_cqt", False)],
)
def test_only_spectral_norm_keeps_micro_batches_from_being_cut(name, coupled):
    assert game({"main": small(name)}).batch_coupled is coupled
    assert game({"main": small(name, spectral_norm=True)}).batch_coupled
    assert not game({"main": small(name, spectral_norm=False)}).batch_coupled


@pytest.mark.parametrize(
    ("name", "settings", "field"),
    [
        ("multi_period", {"periods": []}, "periods"),
        ("multi_period", {"periods": [2, 0]}, "periods.1"),
        ("multi_period", {"width": 0}, "width"),
        ("multi_scale", {"width": 24}, "width"),
        ("multi_resolution", {"resolutions": [256, 130]}, "resolutions.1"),
        ("multi_resolution", {"resolutions": [32]}, "resolutions.0"),
        ("sub_band_cqt", {"hops": [32, 16]}, "bins_per_octave"),
        ("sub_band_cqt", {"sample_rate": 60}, "lowest"),
    ],
)
def test_sizes_out_of_range_are_refused_by_name(name, settings, field):
    with pytest.raises(ConfigError, match=rf"{field}: "):
        small(name, **settings)


@pytest.mark.parametrize("name", SMALL)
def test_other_shapes_than_mono_waveforms_are_refused(name):
    with pytest.raises(ValueError, match=r"\[B, 1, T\]"):
        small(name)(waves()[:, 0])

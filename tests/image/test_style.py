"""The style-based generator: its convolution as the paper writes it, styles, noise, truncation, randomness."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from toolkit.adversarial.estimators import Draw
from toolkit.engine.randomness import Noise
from toolkit.errors import ConfigError
from toolkit.image.style import StyleGenerator
from toolkit.image.style_layers import EqualisedLinear, modulated_convolution, stage_widths
from toolkit.image.task import ImageTask, sample_pictures


@pytest.fixture(autouse=True)
def _seed() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(7)
        yield


def small(**settings: Any) -> StyleGenerator:
    """At 16 pixels: three stages, six places for a style."""
    made = StyleGenerator(**{"resolution": 16, "latent": 6, "style": 10, "width": 4, "max_width": 8, **settings})
    for parameter in (module.strength for module in made.convolutions):
        nn.init.constant_(parameter, 0.3)  # as after training: noise that is off could hide a fault
    return made.eval()


def with_weights_of_each_sample(x: Tensor, weight: Tensor, style: Tensor, demodulate: bool) -> Tensor:
    """Equations 1 and 3 of the paper, to the letter: a kernel per sample, in a convolution with a group per sample."""
    weights = weight / weight[0].numel() ** 0.5 * style[:, None, :, None, None]
    if demodulate:
        weights = weights / (weights.square().sum((2, 3, 4), keepdim=True) + 1e-8).sqrt()
    batch, _, height, width = x.shape
    padding = weight.shape[-1] // 2
    together = F.conv2d(x.reshape(1, -1, height, width), weights.flatten(0, 1), padding=padding, groups=batch)
    return together.view(batch, -1, height, width)


# -- modulated convolution --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("demodulate", [True, False])
@pytest.mark.parametrize("size", [1, 3])
def test_the_fast_form_is_the_papers_form(size: int, demodulate: bool) -> None:
    x, style = torch.randn(3, 5, 6, 6), torch.randn(3, 5) + 1
    weight = torch.randn(7, 5, size, size)
    found = modulated_convolution(x, weight, style, demodulate=demodulate)
    torch.testing.assert_close(found, with_weights_of_each_sample(x, weight, style, demodulate), atol=1e-5, rtol=1e-5)


def test_its_gradients_are_those_of_the_papers_form() -> None:
    given = [torch.randn(shape, dtype=torch.float64) for shape in ((2, 3, 4, 4), (5, 3, 3, 3), (2, 3))]
    leaves = [[item.clone().requires_grad_() for item in given] for _ in range(2)]
    modulated_convolution(*leaves[0]).square().mean().backward()
    with_weights_of_each_sample(*leaves[1], True).square().mean().backward()
    for mine, theirs in zip(*leaves, strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad)


def test_demodulated_outputs_have_unit_variance_whatever_the_style() -> None:
    x = torch.randn(8, 32, 24, 24)
    style = 10 * torch.rand(8, 32) * torch.logspace(-2, 2, 8)[:, None]
    y = modulated_convolution(x, torch.randn(16, 32, 3, 3), style)[:, :, 1:-1, 1:-1]
    assert y.var((2, 3)).mean().item() == pytest.approx(1.0, abs=0.03)
    assert torch.allclose(y.var((1, 2, 3)), torch.ones(8), atol=0.15)


def test_the_scale_of_a_style_matters_only_without_demodulation() -> None:
    x, style, weight = torch.randn(2, 4, 5, 5), torch.randn(2, 4), torch.randn(3, 4, 3, 3)
    scale = torch.tensor([[0.1], [7.0]])
    plain = modulated_convolution(x, weight, style)
    torch.testing.assert_close(modulated_convolution(x, weight, style * scale), plain, atol=1e-4, rtol=1e-4)
    raw = modulated_convolution(x, weight, style, demodulate=False)
    scaled = modulated_convolution(x, weight, style * scale, demodulate=False)
    torch.testing.assert_close(scaled, raw * scale[:, :, None, None])


def test_the_norm_is_not_computed_in_bfloat16() -> None:
    x, weight = torch.randn(4, 256, 8, 8), torch.randn(8, 256, 3, 3)
    style = 1 + torch.randn(4, 256)
    exact = modulated_convolution(x, weight, style)
    with torch.autocast("cpu", torch.bfloat16):
        rough = modulated_convolution(x, weight, style)
    assert rough.dtype == torch.bfloat16
    assert (rough - exact).norm() < 0.01 * exact.norm()


# -- the network ------------------------------------------------------------------------------------------------------


def test_widths_double_towards_the_smallest_picture_up_to_the_cap() -> None:
    assert stage_widths(64, 32, 256, "a network") == [256, 256, 128, 64, 32]
    assert [item.weight.shape[0] for item in small(resolution=32, width=2, max_width=8).convolutions] == [
        8, 8, 8, 4, 4, 2, 2
    ]  # fmt: skip


def test_activations_start_with_a_spread_near_one() -> None:
    generator = StyleGenerator(32, width=16)
    found: list[Tensor] = []
    for convolution in generator.convolutions:
        convolution.register_forward_hook(lambda _, inputs, output: found.append(output))
    pictures = generator(torch.randn(32, 64))
    assert all(0.2 < item.square().mean().sqrt().item() < 1.5 for item in found)
    assert 0.3 < pictures.std().item() < 3


@pytest.mark.parametrize("rate", [1.0, 0.01])
def test_the_rate_of_a_layer_changes_its_speed_and_not_its_output(rate: float) -> None:
    layer = EqualisedLinear(400, 300, gain=2.0, bias=3.0, rate=rate)
    output = layer(torch.randn(64, 400))
    assert output.mean().item() == pytest.approx(3.0, abs=0.1)
    assert output.std().item() == pytest.approx(2.0, rel=0.05)
    before = output.detach().mean().item()
    with torch.no_grad():
        layer.bias.add_(0.5)
    assert layer(torch.zeros(1, 400)).mean().item() - before == pytest.approx(0.5 * rate, abs=0.1 * rate + 0.02)


def test_styles_do_not_depend_on_the_length_of_the_latent_vector() -> None:
    generator = small(classes=3)
    z, label = torch.randn(3, 6), torch.arange(3)
    torch.testing.assert_close(generator.map(5 * z, label), generator.map(z, label), rtol=1e-4, atol=1e-5)


def test_one_style_is_that_style_everywhere_and_forward_is_both_halves() -> None:
    generator = small()
    z = torch.randn(2, 6)
    w = generator.map(z)
    everywhere = generator.synthesise(w[:, None].repeat(1, generator.layers, 1))
    torch.testing.assert_close(generator.synthesise(w), everywhere)
    torch.testing.assert_close(generator(z), everywhere)


def test_every_place_of_a_style_counts() -> None:
    generator = small()
    assert generator.layers == 6
    w = generator.map(torch.randn(1, 6))[:, None].repeat(1, 6, 1)
    plain = generator.synthesise(w)
    for place in range(6):
        changed = w.clone()
        changed[:, place] = generator.map(torch.randn(1, 6))
        assert not torch.allclose(generator.synthesise(changed), plain)


def test_mixing_takes_places_below_the_crossover_from_the_first_style_and_the_others_from_the_second() -> None:
    generator = small()
    first, second = torch.randn(3, 6), torch.randn(3, 6)
    crossover = torch.tensor([1, 4, generator.layers])
    found = generator(first, mix_BN=second, crossover_B=crossover)
    w1, w2 = generator.map(first), generator.map(second)
    for sample, place in enumerate(crossover.tolist()):
        rows = torch.cat([w1[sample].expand(place, -1), w2[sample].expand(generator.layers - place, -1)])
        torch.testing.assert_close(found[sample : sample + 1], generator.synthesise(rows[None]))
    torch.testing.assert_close(found[2:], generator(first[2:]))  # nothing is left to the second


# -- noise ------------------------------------------------------------------------------------------------------------


def test_noise_has_no_strength_at_the_start_and_learns_it() -> None:
    generator = StyleGenerator(16, width=4, max_width=8)
    z, noise = torch.randn(2, 64), torch.randn(2, generator.noise_size)
    pictures = generator(z, noise_BN=noise)
    assert torch.equal(pictures, generator(z))
    pictures.square().sum().backward()
    assert all(convolution.strength.grad.abs() > 0 for convolution in generator.convolutions)


def test_maps_lie_one_after_the_other_and_belong_to_their_sample() -> None:
    generator = small()
    assert generator.noise_size == 4**2 + 2 * 8**2 + 2 * 16**2
    w = generator.map(torch.randn(2, 6))
    stored = generator.noise[None].repeat(2, 1)
    assert torch.equal(generator.synthesise(w, stored), generator.synthesise(w))
    stored[1, -(16**2) :] += 1.0  # the last map of the second sample
    changed = generator.synthesise(w, stored)
    assert torch.equal(changed[0], generator.synthesise(w)[0])
    assert not torch.allclose(changed[1], generator.synthesise(w)[1])


# -- truncation -------------------------------------------------------------------------------------------------------


def test_truncation_runs_from_the_mean_picture_to_the_plain_one() -> None:
    generator = small()
    z = torch.randn(3, 6)
    mean = generator.mean_style()
    assert torch.equal(generator(z, truncation=1.0), generator(z))
    assert torch.equal(generator(z, truncation=0.0), generator.synthesise(mean.expand(3, -1)))
    half = generator.synthesise((generator.map(z) + mean) / 2)
    torch.testing.assert_close(generator(z, truncation=0.5, mean_KD=mean), half)


def test_the_mean_style_is_fixed_and_that_of_many_latent_vectors() -> None:
    generator = small()
    mean = generator.mean_style()
    assert torch.equal(mean, generator.mean_style())
    torch.testing.assert_close(mean[0], generator.map(torch.randn(50_000, 6)).mean(0), atol=0.03, rtol=0.03)


def test_each_class_has_its_own_mean() -> None:
    generator = small(classes=3)
    mean = generator.mean_style(500)
    assert mean.shape == (3, 10)
    z, label = torch.randn(2, 6), torch.tensor([2, 0])
    found = generator(z, label, truncation=0.0, mean_KD=mean)
    torch.testing.assert_close(found, generator.synthesise(mean[label]))
    blend = generator.truncate(generator.map(z, label), 0.0, torch.tensor([[0.5, 0.5, 0.0]] * 2), mean)
    torch.testing.assert_close(blend, mean[:2].mean(0).expand(2, -1))


# -- randomness -------------------------------------------------------------------------------------------------------


def noise(count: int = 4, step: int = 0) -> Noise:
    return Noise(5, step, torch.arange(count), "test")


def test_training_draws_by_step_and_sample_and_never_by_the_batch() -> None:
    generator = small().train()
    drawn = generator.draw(noise(6))
    assert set(drawn) == {"z", "noise_BN", "mix_BN", "crossover_B"}
    again, part, later = generator.draw(noise(6)), generator.draw(noise(6).part(2, 5)), generator.draw(noise(6, step=1))
    for name, value in drawn.items():
        assert torch.equal(again[name], value)
        assert torch.equal(part[name], value[2:5])
        assert not torch.equal(later[name], value)
    assert not torch.equal(drawn["z"], drawn["mix_BN"])


def test_the_share_of_mixed_samples_is_the_one_asked_for() -> None:
    crossover = small(mixing=0.25).train().draw(noise(4000))["crossover_B"]
    assert crossover.min() == 1
    assert crossover.max() == 6
    assert (crossover < 6).float().mean().item() == pytest.approx(0.25, abs=0.03)
    assert set(small(mixing=0.0).train().draw(noise())) == {"z", "noise_BN"}


def test_evaluation_is_a_function_of_the_latent_vector() -> None:
    generator = small(classes=2)
    assert set(generator.draw(noise())) == {"z"}
    z, label = noise().normal("z", 6), torch.tensor([0, 1, 1, 0])
    assert torch.equal(sample_pictures(generator, noise(), label), generator(z, label))


def test_a_training_picture_is_made_with_everything_that_was_drawn() -> None:
    generator = small(mixing=1.0).train()
    task = ImageTask()
    found = task.generate(generator, {}, Draw(noise(), None)).data
    drawn = generator.draw(noise())
    assert torch.equal(found, generator(drawn.pop("z"), **drawn))
    assert not torch.allclose(found, generator(noise().normal("z", 6)))


def test_a_generator_of_latent_vectors_alone_gets_z_alone() -> None:
    class Plain(nn.Module):
        latent = 3

        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(3))

        def forward(self, z_BN: Tensor) -> Tensor:
            return z_BN * self.weight

    assert torch.equal(sample_pictures(Plain(), noise(), None), noise().normal("z", 3))


# -- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"resolution": 24}, "resolution: got 24"),
        ({"width": 0}, "width: is 0"),
        ({"width": 64, "max_width": 32}, "max_width: is 32, less than the width 64"),
        ({"mapping_layers": 0}, "mapping_layers: is 0"),
        ({"mapping_rate": 0.0}, "mapping_rate: is 0.0"),
        ({"mixing": 1.5}, "mixing: is 1.5"),
    ],
)
def test_sizes_that_do_not_fit_are_explained(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        StyleGenerator(**settings)


def test_inputs_that_do_not_fit_are_explained() -> None:
    generator = small(classes=2)
    w = torch.zeros(2, 10)
    with pytest.raises(ValueError, match=r"styles must have shape \[B, 10\] or \[B, 6, 10\], got \[2, 5, 10\]"):
        generator.synthesise(w[:, None].expand(-1, 5, -1))
    with pytest.raises(ValueError, match=r"noise must have shape \[B, 656\], got \[2, 655\]"):
        generator.synthesise(w, torch.zeros(2, 655))
    with pytest.raises(ValueError, match="both mix_BN and crossover_B"):
        generator(torch.zeros(2, 6), torch.arange(2), mix_BN=torch.zeros(2, 6))
    with pytest.raises(ValueError, match=r"from 0 to 1, got 1\.5"):
        generator.truncate(w, 1.5)
    with pytest.raises(ValueError, match="2 classes: truncation needs labels"):
        generator.truncate(w, 0.5, mean_KD=w)

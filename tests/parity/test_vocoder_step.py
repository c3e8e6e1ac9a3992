"""One step of a vocoder's game against HiFi-GAN's, written out from the paper in plain PyTorch, in float64.

Published logic (Kong et al. 2020, section 2.4): the discriminators' turn on detached fakes; then the generator's, in
which the discriminators' parameters keep collecting gradients and real recordings pass through with a graph. The game
does without both, judges real and fake in one batch, and lays out the convolutions otherwise. None of that may show.

Power iterations of spectral normalisation are left out on both sides: how many a step takes is not part of the maths.
"""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from toolkit.adversarial.game import Game
from toolkit.adversarial.losses import LeastSquares
from toolkit.adversarial.terms import FeatureMatching
from toolkit.adversarial.types import GeneratorOutput
from toolkit.engine.randomness import Noise
from toolkit.speech.mel import mel_filters
from toolkit.speech.multi_period import MultiPeriodDiscriminator
from toolkit.speech.multi_scale import MultiScaleDiscriminator
from toolkit.speech.terms import MelL1
from toolkit.testing.networks import train_unmoved

RATE, HOP, N_FFT, MELS = 8000, 16, 64, 8
BATCH, FRAMES = 2, 40


class Task:
    def generate(self, generator, batch, noise):
        return GeneratorOutput(generator(batch["mel"]))

    def real(self, batch):
        return batch["wave"]

    def condition(self, batch):
        return None


# -- the published step -------------------------------------------------------------------------------------------


def period(part, wave: Tensor) -> list[Tensor]:
    """Every activation of a sub-discriminator of MPD, as `[B, C, T/p, p]`; the last holds the logits."""
    if wave.shape[-1] % part.period:
        wave = F.pad(wave, (0, part.period - wave.shape[-1] % part.period), "reflect")
    x = wave.view(wave.shape[0], 1, -1, part.period)
    found = []
    for layer, stride in zip(part.layers, (3, 3, 3, 3, 1), strict=True):
        x = F.leaky_relu(F.conv2d(x, layer.weight.transpose(2, 3), layer.bias, (stride, 1), (2, 0)), 0.1)
        found.append(x)
    return [*found, F.conv2d(x, part.head.weight.transpose(2, 3), part.head.bias, padding=(1, 0))]


def scale(part, wave: Tensor) -> list[Tensor]:
    """Every activation of a sub-discriminator of MSD, as `[B, C, T]`; the last holds the logits."""
    x = wave
    found = []
    shapes = [(15, 1, 1), (41, 2, 4), (41, 2, 16), (41, 4, 16), (41, 4, 16), (41, 1, 16), (5, 1, 1)]
    for layer, (kernel, stride, groups) in zip(part.layers, shapes, strict=True):
        x = F.conv1d(x, layer.weight[:, :, 0], layer.bias, stride, kernel // 2, groups=groups)
        x = F.leaky_relu(x, 0.1)
        found.append(x)
    return [*found, F.conv1d(x, part.head.weight[:, :, 0], part.head.bias, padding=1)]


def judged(periods, scales, wave: Tensor) -> list[list[Tensor]]:
    found = [period(part, wave) for part in periods.parts]
    for place, part in enumerate(scales.parts):
        if place:
            wave = F.avg_pool1d(wave, 4, 2, padding=2)
        found.append(scale(part, wave))
    return found


def log_mel(wave: Tensor) -> Tensor:
    padded = F.pad(wave, ((N_FFT - HOP) // 2, (N_FFT - HOP) // 2), "reflect")[:, 0]
    window = torch.hann_window(N_FFT).double()  # rounded to float32, as the toolkit keeps it
    spectrum = torch.stft(padded, N_FFT, HOP, window=window, center=False, return_complex=True)
    magnitude = (spectrum.real**2 + spectrum.imag**2 + 1e-9).sqrt()
    return (mel_filters(RATE, N_FFT, MELS).double() @ magnitude).clamp(min=1e-5).log()


def published_discriminator_loss(generator, judges, batch) -> Tensor:
    fake = generator(batch["mel"]).detach()
    total = 0.0
    for real_part, fake_part in zip(judged(*judges, batch["wave"]), judged(*judges, fake), strict=True):
        total = total + ((real_part[-1] - 1) ** 2).mean() + (fake_part[-1] ** 2).mean()
    return total


def published_generator_losses(generator, judges, batch) -> dict[str, Tensor]:
    fake = generator(batch["mel"])
    real_parts, fake_parts = judged(*judges, batch["wave"]), judged(*judges, fake)
    adversarial, matching = torch.zeros(2, dtype=torch.float64)
    for real_part, fake_part in zip(real_parts, fake_parts, strict=True):
        adversarial = adversarial + ((fake_part[-1] - 1) ** 2).mean()
        for theirs, mine in zip(real_part, fake_part, strict=True):
            matching = matching + (theirs - mine).abs().mean()
    mel = F.l1_loss(log_mel(fake), log_mel(batch["wave"]))
    return {"adversarial": adversarial, "feature_matching": 2 * matching, "mel_l1": 45 * mel}


# -- both, compared -----------------------------------------------------------------------------------------------


@pytest.fixture
def players():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = nn.Sequential(
            nn.Conv1d(MELS, 6, 5, padding=2),
            nn.LeakyReLU(0.1),
            nn.ConvTranspose1d(6, 1, 2 * HOP, HOP, HOP // 2),
            nn.Tanh(),
        ).double()
        judges = MultiPeriodDiscriminator([2, 3], width=2).double(), MultiScaleDiscriminator(2, width=16).double()
        wave = torch.randn(BATCH, 1, FRAMES * HOP, dtype=torch.float64).cumsum(-1)
    wave = wave / wave.abs().amax(-1, keepdim=True)
    for judge in judges:
        train_unmoved(judge)
    return generator, judges, {"wave": wave, "mel": log_mel(wave), "index": torch.arange(BATCH)}


def gradients(*modules: nn.Module) -> list[Tensor]:
    """Of every parameter, which forget them."""
    found = [parameter.grad for module in modules for parameter in module.parameters()]
    for module in modules:
        module.zero_grad()
    return found


def test_a_step_of_the_game_is_a_step_of_hifi_gan(players):
    generator, judges, batch = players
    game = Game(
        Task(),
        generator,
        {"periods": judges[0], "scales": judges[1]},
        LeastSquares(),
        terms=[FeatureMatching(2.0), MelL1(RATE, 45.0, n_fft=N_FFT, hop_length=HOP, win_length=N_FFT, mels=MELS)],
    )
    noise = Noise(0, 0, batch["index"])

    game.prepare("discriminator")
    found = game.losses("discriminator", batch, noise, 0, 0)
    found.total.backward()
    theirs = gradients(*judges)
    wanted = published_discriminator_loss(generator, judges, batch)
    wanted.backward()
    torch.testing.assert_close(found.total, wanted, rtol=1e-9, atol=0)
    torch.testing.assert_close(theirs, gradients(*judges), rtol=1e-9, atol=1e-11)

    with torch.no_grad():  # the discriminators' update; the generator plays against what they have become
        for parameter, gradient in zip((p for judge in judges for p in judge.parameters()), theirs, strict=True):
            parameter -= 0.01 * gradient

    game.prepare("generator")
    found = game.losses("generator", batch, noise, 0, 0)
    found.total.backward()
    mine = gradients(generator)
    assert gradients(*judges) == [None] * len(theirs), "the generator's turn costs no gradients of the discriminators"
    game.prepare("discriminator")
    generator.requires_grad_(True)
    parts = published_generator_losses(generator, judges, batch)
    sum(parts.values()).backward()
    for name, value in parts.items():
        assert value > 0.01, "a loss that is zero would compare nothing"
        torch.testing.assert_close(found.values[f"generator/{name}"], value.detach(), rtol=1e-9, atol=0)
    torch.testing.assert_close(mine, gradients(generator), rtol=1e-9, atol=1e-11)
    assert all(gradient is not None for gradient in gradients(*judges)), "published, the discriminators collect some"

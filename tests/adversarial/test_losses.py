"""Losses as mathematics: closed forms, gradients, symmetries."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from toolkit.adversarial.losses import (
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    RelativisticAverage,
    RelativisticPairing,
    Wasserstein,
)

ALL = [NonSaturating, Minimax, Hinge, LeastSquares, Wasserstein, RelativisticPairing, RelativisticAverage]
LOG2 = math.log(2.0)


def logits(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize(
    ("loss", "discriminator", "generator"),
    [
        (NonSaturating(), 2 * LOG2, LOG2),
        (Minimax(), 2 * LOG2, -LOG2),
        (Hinge(), 2.0, 0.0),
        (LeastSquares(), 1.0, 1.0),
        (Wasserstein(), 0.0, 0.0),
        (RelativisticPairing(), LOG2, LOG2),
        (RelativisticAverage(), 2 * LOG2, 2 * LOG2),
    ],
)
def test_at_logit_zero_the_value_is_the_known_one(loss, discriminator, generator):
    zero = logits(0.0, 0.0)
    torch.testing.assert_close(loss.discriminator(zero, zero), torch.full_like(zero, discriminator))
    torch.testing.assert_close(loss.generator(zero, zero), torch.full_like(zero, generator))


def test_the_discriminators_optimum_of_the_logistic_loss_is_the_log_ratio():
    # Goodfellow et al. 2014, proposition 1: D* = p / (p + q), so the logit is log(p / q).
    p, q = 0.7, 0.2
    logit = logits(math.log(p / q)).requires_grad_()
    loss = NonSaturating()
    nothing = 50.0  # the other side's sample is judged rightly beyond doubt and contributes no loss
    (p * loss.discriminator(logit, logits(-nothing)) + q * loss.discriminator(logits(nothing), logit)).sum().backward()
    assert abs(logit.grad.item()) < 1e-12


@pytest.mark.parametrize("kind", ALL)
def test_first_and_second_derivatives(kind):
    loss = kind()
    real = torch.tensor([0.3, -1.2, 2.1], dtype=torch.float64, requires_grad=True)
    fake = torch.tensor([-0.4, 0.9, 1.7], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(loss.discriminator, (real, fake))
    assert torch.autograd.gradcheck(loss.generator, (real, fake))
    assert torch.autograd.gradgradcheck(loss.discriminator, (real, fake))
    assert torch.autograd.gradgradcheck(loss.generator, (real, fake))


@pytest.mark.parametrize("kind", ALL)
def test_values_keep_the_shape_of_the_logits(kind):
    real, fake = torch.randn(4, 1, 5), torch.randn(4, 1, 5)
    assert kind().discriminator(real, fake).shape == (4, 1, 5)
    assert kind().generator(real, fake).shape == (4, 1, 5)


@pytest.mark.parametrize("kind", [NonSaturating, Minimax, Hinge, Wasserstein, RelativisticPairing])
@given(fake=st.floats(-3, 3), step=st.floats(0.01, 2))
def test_the_generator_gains_when_its_sample_looks_more_real(kind, fake, step):
    loss, real = kind(), logits(0.5)
    assert loss.generator(real, logits(fake + step)).item() < loss.generator(real, logits(fake)).item()


@given(real=st.floats(-5, 5), fake=st.floats(-5, 5), shift=st.floats(-5, 5))
def test_relativistic_losses_see_only_differences(real, fake, shift):
    loss = RelativisticPairing()
    moved = loss.discriminator(logits(real + shift), logits(fake + shift))
    torch.testing.assert_close(moved, loss.discriminator(logits(real), logits(fake)), atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(
        loss.generator(logits(real), logits(fake)), loss.discriminator(logits(fake), logits(real))
    )


def test_wasserstein_differences_are_the_earth_movers_in_one_dimension():
    # With D(x) = x, between points {0, 1} and {2, 3}: every unit of mass moves by 2.
    loss = Wasserstein()
    assert loss.discriminator(logits(2.0, 3.0), logits(0.0, 1.0)).mean().item() == -2.0


def test_only_the_average_loss_couples_samples():
    real, fake = torch.randn(6, dtype=torch.float64), torch.randn(6, dtype=torch.float64)
    for kind in ALL:
        loss = kind()
        whole = loss.discriminator(real, fake)
        halves = torch.cat([loss.discriminator(real[:3], fake[:3]), loss.discriminator(real[3:], fake[3:])])
        assert torch.allclose(whole, halves) is not loss.batch_coupled, kind.__name__


@pytest.mark.parametrize("kind", [RelativisticPairing, RelativisticAverage])
def test_losses_that_compare_say_so_when_real_logits_are_missing(kind):
    with pytest.raises(ValueError, match="real samples"):
        kind().generator(None, logits(0.0))

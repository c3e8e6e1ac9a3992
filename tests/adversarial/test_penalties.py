"""Penalties as mathematics: a linear discriminator's gradient is its weight, so every value is known."""

from __future__ import annotations

import math

import pytest
import torch

from tests.adversarial.toys import SIZE, CurvedDiscriminator, LinearDiscriminator
from toolkit.adversarial.judgement import Judgement, score
from toolkit.adversarial.penalties import R1, R2, Dragan, FirstOrderR1, GradientCap, LeCam, WganGp
from toolkit.adversarial.schedules import Linear
from toolkit.adversarial.types import DiscriminatorOutput
from toolkit.engine.randomness import Noise

SQUARED_NORM = 1.0 + 4.0 + 0.25
BOTH = frozenset({"real", "fake"})


def judgement(discriminator, *, batch=5, one_pass=False, augment=lambda data, side: data, sides=BOTH, seed=0):
    source = torch.Generator().manual_seed(seed)
    real = torch.randn(batch, SIZE, generator=source, dtype=torch.float64)
    fake = torch.randn(batch, SIZE, generator=source, dtype=torch.float64)
    return Judgement(discriminator, real, fake, None, augment, Noise(seed, 0, torch.arange(batch)), sides, one_pass)


@pytest.mark.parametrize(
    ("penalty", "value"),
    [
        (R1(), SQUARED_NORM / 2),
        (R2(), SQUARED_NORM / 2),
        (WganGp(), (math.sqrt(SQUARED_NORM) - 1) ** 2),
        (Dragan(), (math.sqrt(SQUARED_NORM) - 1) ** 2),
        (GradientCap(cap=1.0), (math.sqrt(SQUARED_NORM) - 1) ** 2),
        (GradientCap(cap=5.0), 0.0),
    ],
)
def test_the_value_for_a_linear_discriminator(penalty, value):
    found = penalty(judgement(LinearDiscriminator()))
    torch.testing.assert_close(found, torch.full((5,), value, dtype=torch.float64), atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("penalty", [R1(), R2(), WganGp(), Dragan(), GradientCap(cap=0.1), FirstOrderR1()])
def test_gradients_with_respect_to_the_weights(penalty):
    torch.manual_seed(1)
    discriminator = CurvedDiscriminator()
    names = [name for name, _ in discriminator.named_parameters()]

    def value(*parameters):
        def call(data, condition=None):
            return torch.func.functional_call(discriminator, dict(zip(names, parameters, strict=True)), (data,))

        return penalty(judgement(call)).mean()

    inputs = tuple(parameter.detach().clone().requires_grad_() for parameter in discriminator.parameters())
    assert torch.autograd.gradcheck(value, inputs)
    assert torch.autograd.gradgradcheck(value, inputs, atol=1e-4)


@pytest.mark.parametrize("penalty", [R1(), R2(), WganGp()])
def test_one_pass_over_both_sides_gives_the_same_values(penalty):
    torch.manual_seed(2)
    discriminator = CurvedDiscriminator()
    together = penalty(judgement(discriminator, one_pass=True))
    torch.testing.assert_close(together, penalty(judgement(discriminator)), atol=1e-13, rtol=0)


def test_the_first_order_stand_in_estimates_r1():
    # For a linear D the finite difference is (u . w)^2 / 2: mean |w|^2 / 2 over u ~ N(0, I), variance |w|^4 / 2.
    batch = 20_000
    found = FirstOrderR1(step=0.05)(judgement(LinearDiscriminator(), batch=batch))
    error = found.mean().item() - SQUARED_NORM / 2
    assert abs(error) < 4 * SQUARED_NORM / math.sqrt(2) / math.sqrt(batch)


def test_the_first_order_stand_in_needs_no_second_order_graph():
    discriminator = CurvedDiscriminator()
    value = FirstOrderR1()(judgement(discriminator, sides=frozenset())).mean()
    value.backward()
    assert discriminator.hidden.weight.grad.abs().sum() > 0
    assert FirstOrderR1().order == 0
    assert not FirstOrderR1().sides


def test_gradients_are_taken_before_the_augmentation():
    # D sees 2x, so the gradient with respect to x is 2w: four times the squared norm.
    doubled = judgement(LinearDiscriminator(), augment=lambda data, side: 2 * data)
    torch.testing.assert_close(R1()(doubled), torch.full((5,), 4 * SQUARED_NORM / 2, dtype=torch.float64))


def test_r1_of_a_sub_discriminator_with_positions_uses_their_mean():
    class Positions(LinearDiscriminator):
        def forward(self, data, condition=None):
            return DiscriminatorOutput((data * self.weight,))  # [B, 3]: three positions

    torch.testing.assert_close(
        R1()(judgement(Positions())), torch.full((5,), SQUARED_NORM / 9 / 2, dtype=torch.float64)
    )


def test_lecam_pulls_logits_towards_the_other_sides_average():
    penalty = LeCam(decay=0.5)
    seen = judgement(LinearDiscriminator())
    penalty(seen)
    penalty.update(0, {"logit/real": 2.0, "logit/fake": -4.0})
    assert penalty.anchors == {"main": {"real": 1.0, "fake": -2.0}}
    wanted = (score(seen.output["real"]) + 2.0) ** 2 + (score(seen.output["fake"]) - 1.0) ** 2
    torch.testing.assert_close(penalty(seen), wanted)
    again = LeCam()
    again.load_state_dict(penalty.state_dict())
    assert again.anchors == penalty.anchors


def test_penalties_of_vanishing_gradients_have_finite_derivatives():
    discriminator = LinearDiscriminator()
    with torch.no_grad():
        discriminator.weight.zero_()
    WganGp()(judgement(discriminator)).mean().backward()
    assert torch.isfinite(discriminator.weight.grad).all()


def test_weights_may_be_schedules_and_every_must_count():
    assert R1(weight=Linear(1.0, 0.0, 100)).weight(50) == 0.5
    with pytest.raises(ValueError, match="at least 1"):
        R1(every=0)
    with pytest.raises(ValueError, match="positive step"):
        FirstOrderR1(step=0)

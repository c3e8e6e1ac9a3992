"""The contract of penalties on the discriminator."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import gradcheck
from torch.func import functional_call

from toolkit.adversarial.judgement import Judgement
from toolkit.adversarial.penalties import Penalty
from toolkit.adversarial.types import DiscriminatorOutput
from toolkit.testing.material import BATCH, SmoothCritic, noise, normal, same, stored
from toolkit.testing.subject import PartLike, Subject
from toolkit.testing.weights import check_weight

_SHAPE = (2, 3)
_VALUES = {"logit/real": 0.7, "logit/fake": -0.3, "sign/real": 0.5, "win_rate": 0.8, "diversity": 0.9}


def check_penalty(part: PartLike, /, **overrides: Any) -> None:
    """The contract of a penalty.

    * `B` finite values, none below zero; the same every time; each sample's value independent of its batch;
    * it asks for the input gradients (`sides`) that it reads, and for none if its `order` is 0;
    * its gradient with respect to the weights of a smooth discriminator is that of finite differences in float64, which
      for `order` 1 includes the second derivatives of the discriminator;
    * `weight` takes schedules, `every` counts steps and is at least 1;
    * what `update` changes survives a checkpoint.

    Args:
        part: registered name, or class; buildable from its defaults and the overrides.
        overrides: constructor arguments.

    Raises:
        BrokenRuleError: naming the part and the broken rule.
    """
    subject = Subject("penalties", part, overrides)
    subject.check_signature()
    penalty: Penalty = subject.build()
    subject.must(penalty.order in (0, 1), f"has an order of 0 or 1, not {penalty.order}")
    sides = set(penalty.sides)
    subject.must(sides <= {"real", "fake"}, f"has sides among real and fake, not {sides}")
    subject.must(penalty.order == 1 or not sides, "asks for no input gradients (sides) if its order is 0")
    _check_values(subject, penalty)
    _check_gradient(subject, penalty)
    check_weight(subject, penalty)
    _check_every(subject, penalty)
    _check_state(subject, penalty)


def _judge(penalty: Penalty, critic: nn.Module, start: int = 0, stop: int = BATCH) -> Judgement:
    """The critic's look at samples `start` to `stop`, ready for the penalty."""
    real, fake = normal(BATCH, *_SHAPE, seed=3)[start:stop], normal(BATCH, *_SHAPE, seed=4)[start:stop]
    part = noise().part(start, stop)
    return Judgement(critic, real, fake, None, lambda data, side: data, part, frozenset(penalty.sides))


def _critic() -> SmoothCritic:
    return SmoothCritic(_SHAPE[0] * _SHAPE[1])


def _check_values(subject: Subject, penalty: Penalty) -> None:
    with subject.rule("judges a smooth discriminator"):
        values = penalty(_judge(penalty, _critic()))
    subject.must(values.shape == (BATCH,), f"gives one value per sample: [{BATCH}], not {list(values.shape)}")
    subject.must(values.isfinite().all(), "gives finite values")
    subject.must((values >= 0).all(), "gives no value below zero")
    subject.must(torch.equal(values, penalty(_judge(penalty, _critic()))), "is a function of data and keyed noise")
    halves = torch.cat([penalty(_judge(penalty, _critic(), 0, 2)), penalty(_judge(penalty, _critic(), 2, BATCH))])
    subject.must(same(halves, values, 1e-10), "gives a sample the same value in a micro-batch")


class _WithWeights(nn.Module):
    """A critic whose weights are given from outside, so that finite differences can move them."""

    def __init__(self, critic: nn.Module, weights: dict[str, Tensor]) -> None:
        super().__init__()
        self.critic = critic
        self.weights = weights

    def forward(self, data: Tensor, condition: Tensor | None = None) -> DiscriminatorOutput:
        """The critic's answer."""
        answer: DiscriminatorOutput = functional_call(self.critic, self.weights, (data, condition))
        return answer


def _check_gradient(subject: Subject, penalty: Penalty) -> None:
    critic = _critic()
    names = [name for name, _ in critic.named_parameters()]
    leaves = tuple(weight.detach().clone().requires_grad_(True) for weight in critic.parameters())

    def cost(*weights: Tensor) -> Tensor:
        return penalty(_judge(penalty, _WithWeights(critic, dict(zip(names, weights, strict=True)))))

    with subject.rule("has the gradient that finite differences have"):
        gradcheck(cost, leaves)
    found = torch.autograd.grad(cost(*leaves).sum(), leaves)
    subject.must(all(bool(gradient.count_nonzero()) for gradient in found), "trains the discriminator's weights")


def _check_every(subject: Subject, penalty: Penalty) -> None:
    subject.must(isinstance(penalty.every, int) and penalty.every >= 1, "has `every`: at least 1, in steps")
    if subject.takes("every") and "every" not in subject.overrides:
        lazy = Subject("penalties", _again(subject), {**subject.overrides, "every": 4}).build()
        subject.must(lazy.every == 4, "acts as seldom as its parameter `every` says")


def _again(subject: Subject) -> PartLike:
    return subject.name if subject.registered else subject.part


def _check_state(subject: Subject, penalty: Penalty) -> None:
    if not hasattr(penalty, "update"):
        return
    subject.must(hasattr(penalty, "state_dict"), "has a state_dict, since it has an update")
    for step in range(1, 4):
        penalty.update(64.0 * step, _VALUES)
    other = subject.build()
    with subject.rule("takes back its state from a checkpoint"):
        other.load_state_dict(stored(penalty.state_dict()))  # type: ignore[attr-defined]
    here, there = penalty(_judge(penalty, _critic())), other(_judge(other, _critic()))
    subject.must(torch.equal(here, there), "goes on after a checkpoint as if nothing had happened")

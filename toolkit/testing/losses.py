"""The contract of adversarial losses."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import gradcheck

from toolkit.adversarial.losses import AdversarialLoss
from toolkit.testing.material import normal, same
from toolkit.testing.subject import PartLike, Subject

_SURE = 2.0  # logits of a discriminator that wins, but not by far
_CERTAIN = 20.0  # ... and by so far that a saturating loss has no gradient left
_EXTREME = 100.0
_NOTHING = 1e-3


def check_loss(part: PartLike, /, **overrides: Any) -> None:
    """The contract of an adversarial loss.

    * values keep the shape of the logits, `[B]` or `[B, ...]`, and stay finite for logits of +-100 in float32;
    * both sides have the gradient that finite differences have;
    * a discriminator that is wrong learns to raise real and lower fake logits; a generator that loses learns to raise
      its logits; where it hardly learns any more (logits of -20) the documentation must say that the loss saturates;
    * `needs_real` is true if and only if the generator's loss looks at real logits;
    * `batch_coupled` is true if and only if a sample's loss depends on its batch.

    Args:
        part: registered name, or class; buildable from its defaults and the overrides.
        overrides: constructor arguments.

    Raises:
        BrokenRuleError: naming the part and the broken rule.
    """
    subject = Subject("losses", part, overrides)
    subject.check_signature()
    loss: AdversarialLoss = subject.build()
    for flag in ("needs_real", "batch_coupled"):
        subject.must(isinstance(getattr(loss, flag, None), bool), f"has an attribute {flag}, true or false")
    for shape in ((6,), (6, 3)):
        _check_values(subject, loss, normal(*shape, seed=1), normal(*shape, seed=2))
    _check_extremes(subject, loss)
    _check_directions(subject, loss)
    _check_needs_real(subject, loss)
    _check_coupling(subject, loss)


def _generator(loss: AdversarialLoss, real: Tensor, fake: Tensor) -> Tensor:
    """As the game calls it: with real logits only where the loss asks for them."""
    return loss.generator(real if loss.needs_real else None, fake)


def _sides(loss: AdversarialLoss) -> dict[str, Callable[[Tensor, Tensor], Tensor]]:
    return {"discriminator": loss.discriminator, "generator": lambda real, fake: _generator(loss, real, fake)}


def _check_values(subject: Subject, loss: AdversarialLoss, real: Tensor, fake: Tensor) -> None:
    for name, side in _sides(loss).items():
        with subject.rule(f"computes the {name}'s loss of logits {list(real.shape)}"):
            values = side(real, fake)
        shape = list(values.shape)
        subject.must(
            values.shape == real.shape, f"gives the {name} one value per logit: {list(real.shape)}, not {shape}"
        )
        subject.must(values.dtype == real.dtype, f"keeps the precision of the logits ({name})")
        with subject.rule(f"has the {name}'s gradient that finite differences have"):
            gradcheck(side, (real.clone().requires_grad_(True), fake.clone().requires_grad_(True)))


def _check_extremes(subject: Subject, loss: AdversarialLoss) -> None:
    far = torch.tensor([-_EXTREME, 0.0, _EXTREME])
    real, fake = (grid.flatten() for grid in torch.meshgrid(far, far, indexing="ij"))
    for name, side in _sides(loss).items():
        subject.must(side(real, fake).isfinite().all(), f"gives the {name} finite values for logits of +-{_EXTREME:g}")


def _check_directions(subject: Subject, loss: AdversarialLoss) -> None:
    real, fake = (torch.full((4,), logit, dtype=torch.float64, requires_grad=True) for logit in (-_SURE, _SURE))
    of_real, of_fake = torch.autograd.grad(loss.discriminator(real, fake).sum(), (real, fake))
    subject.must(
        (of_real < 0).all() and (of_fake > 0).all(),
        f"teaches a discriminator that is wrong (real logits {-_SURE:g}, fake {_SURE:g}) to raise real and lower fake",
    )
    subject.must(
        (_pull(loss, _SURE) < 0).all(),
        f"teaches a generator that loses (real logits {_SURE:g}, fake {-_SURE:g}) to raise its logits",
    )
    if (_pull(loss, _CERTAIN).abs() < _NOTHING).all():
        words = " ".join(inspect.getdoc(item) or "" for item in (type(loss), type(loss).generator))
        subject.must(
            "saturat" in words.lower(),
            f"says in its docstring that it saturates: a generator far behind ({-_CERTAIN:g}) gets no gradient",
        )


def _pull(loss: AdversarialLoss, margin: float) -> Tensor:
    """Gradient of the generator's loss where the discriminator wins by that much on both sides."""
    fake = torch.full((4,), -margin, dtype=torch.float64, requires_grad=True)
    real = torch.full((4,), margin, dtype=torch.float64)
    (found,) = torch.autograd.grad(_generator(loss, real, fake).sum(), fake)
    return found


def _check_needs_real(subject: Subject, loss: AdversarialLoss) -> None:
    real, other, fake = (normal(6, seed=seed) for seed in range(3))
    if not loss.needs_real:
        with subject.rule("computes the generator's loss without real logits, as needs_real = False promises"):
            loss.generator(None, fake)
        return
    looks = not same(loss.generator(real, fake), loss.generator(other, fake))
    subject.must(looks, "looks at real logits in the generator's loss, as needs_real = True promises")


def _check_coupling(subject: Subject, loss: AdversarialLoss) -> None:
    real, fake = normal(6, seed=1), normal(6, seed=2)
    alike = all(
        same(torch.cat([side(real[:2], fake[:2]), side(real[2:], fake[2:])]), side(real, fake), 1e-10)
        for side in _sides(loss).values()
    )
    if loss.batch_coupled:
        rule = "depends on the whole batch, as batch_coupled = True says (it forbids micro-batches)"
        subject.must(not alike, rule)
    else:
        subject.must(alike, "gives the same values in micro-batches, as batch_coupled = False promises")

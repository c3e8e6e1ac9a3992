"""The contract of terms, the generator's further losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import gradcheck

from toolkit.adversarial.terms import Offer, Term
from toolkit.adversarial.types import DiscriminatorOutput, GeneratorOutput
from toolkit.testing.material import BATCH, CHANNELS, labels, same, uniform
from toolkit.testing.subject import PartLike, Subject
from toolkit.testing.weights import check_weight

_SIZE = 4
_VOCABULARY = 5
MakeOffer = Callable[[Tensor], Offer]

_FEW = 200  # elements


def check_term(
    part: PartLike,
    /,
    *,
    make_offer: MakeOffer | None = None,
    sample_data: Tensor | None = None,
    exact_gradient: bool = True,
    **overrides: Any,
) -> None:
    """The contract of a term.

    * `B` finite values; each sample's value independent of its batch;
    * its gradient with respect to the generated data is that of finite differences in float64, and is not zero;
    * `needs_real_outputs` is true if it reads what the discriminators say of real data;
    * `weight` takes schedules.

    Args:
        part: registered name, or class; buildable from its defaults and the overrides.
        make_offer: from generated data to what the term may look at; must treat each sample alone. When left out, an
            offer with small pictures as data, `logits` `[B, 5]` in `extra`, `label` and `index` in the batch, real
            pictures, and one discriminator `main` with two features.
        sample_data: generated data to begin with, float64, batch first; pictures when left out.
        exact_gradient: `False` for a term that on purpose holds something fixed which depends on the generated data,
            such as the direction of a perturbation: then its gradient need only be finite and not zero.
        overrides: constructor arguments.

    Raises:
        BrokenRuleError: naming the part and the broken rule.
    """
    subject = Subject("terms", part, overrides)
    subject.check_signature()
    term: Term = subject.build()
    subject.must(isinstance(term.needs_real_outputs, bool), "has an attribute needs_real_outputs, true or false")
    data = uniform(BATCH, CHANNELS, _SIZE, _SIZE, seed=5) if sample_data is None else sample_data
    offer = make_offer or (lambda generated: small_offer(generated, term.needs_real_outputs))
    _check_values(subject, term, offer, data)
    _check_gradient(subject, term, offer, data, exact_gradient)
    check_weight(subject, term)


def small_offer(data: Tensor, with_real_outputs: bool = True) -> Offer:
    """The offer that terms are tested with."""
    batch = data.shape[0]
    real = uniform(BATCH, *data.shape[1:], seed=6)[:batch]
    return Offer(
        {"label": labels(BATCH, _VOCABULARY)[:batch], "index": torch.arange(batch)},
        GeneratorOutput(data, extra={"logits": 3 * data.flatten(1)[:, :_VOCABULARY]}),
        real,
        {"main": _answer(data)},
        {"main": _answer(real)} if with_real_outputs else {},
    )


def _answer(data: Tensor) -> DiscriminatorOutput:
    hidden = torch.tanh(2 * data)
    return DiscriminatorOutput((hidden.flatten(1).mean(1),), (hidden, hidden.flatten(1).cumsum(1)))


def _check_values(subject: Subject, term: Term, offer: MakeOffer, data: Tensor) -> None:
    with subject.rule("looks at what it is offered"):
        values = term(offer(data))
    subject.must(values.shape == data.shape[:1], f"gives one value per sample: [{len(data)}], not {list(values.shape)}")
    subject.must(values.isfinite().all(), "gives finite values")
    first = term(offer(data[:2]))
    subject.must(same(first, values[:2], 1e-6), "gives a sample the same value in a micro-batch")


def _check_gradient(subject: Subject, term: Term, offer: MakeOffer, data: Tensor, exact: bool) -> None:
    leaf = data.clone().requires_grad_(True)
    with subject.rule("can be differentiated with respect to what was generated"):
        (found,) = torch.autograd.grad(term(offer(leaf)).sum(), leaf)
    subject.must(found.count_nonzero() > 0 and found.isfinite().all(), "gives the generator a finite gradient")
    if not exact:
        return
    with subject.rule("has the gradient that finite differences have (in float64: do not convert to float32)"):
        # Every element takes two evaluations of the term; of many, random directions tell as much.
        gradcheck(lambda generated: term(offer(generated)), (leaf,), fast_mode=leaf.numel() > _FEW)

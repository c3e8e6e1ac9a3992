"""The contract of estimators, on a choice among three tokens whose expected loss can be written down."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from toolkit.adversarial.estimators import Draw, Estimator
from toolkit.adversarial.types import GeneratorOutput
from toolkit.engine.randomness import Noise
from toolkit.errors import ToolkitError
from toolkit.testing.material import noise, normal, stored
from toolkit.testing.subject import PartLike, Subject

_LOGITS = (0.6, -0.4, 0.1)
_COSTS = (1.0, -0.5, 2.0)
_SAMPLES = 20_000
_ERRORS = 5.0  # standard errors; keyed noise makes the outcome the same every time


def check_estimator(part: PartLike, /, **overrides: Any) -> None:
    """The contract of an estimator.

    * where it refuses to choose tokens (`ToolkitError`), it passes the losses of continuous data on with their
      gradient;
    * otherwise its choices are one-hot, keyed by sample, and distributed as the softmax of the logits;
    * where it gives log-probabilities, its gradient of the expected loss is unbiased: equal to exact enumeration within
      five standard errors, masked positions get none, and `needs_greedy` estimators get the greedy choice's loss;
    * where it lets the gradient through the choice instead, it points the right way (inner product with the exact one);
    * what `update` changes survives a checkpoint, and the estimate stays what it promises.

    Args:
        part: registered name, or class; buildable from its defaults and the overrides.
        overrides: constructor arguments.

    Raises:
        BrokenRuleError: naming the part and the broken rule.
    """
    subject = Subject("estimators", part, overrides)
    subject.check_signature()
    estimator: Estimator = subject.build()
    subject.must(isinstance(estimator.needs_greedy, bool), "has an attribute needs_greedy, true or false")
    _check_continuous(subject, estimator)
    try:
        Draw(noise(), estimator).choose("token", normal(4, 3))
    except ToolkitError:
        return  # for continuous data only
    _check_choices(subject, estimator)
    _check_estimate(subject, estimator)
    if hasattr(estimator, "update"):
        for step in range(1, 4):
            estimator.update(64.0 * step, {"opinion": 0.5 * step})
        _check_estimate(subject, estimator)
        _check_state(subject, estimator)


def _check_continuous(subject: Subject, estimator: Estimator) -> None:
    """A loss with a graph: estimators for differentiable data must keep it; others ask for log-probabilities."""
    losses = normal(4, seed=1).requires_grad_(True)
    greedy = torch.zeros(4, dtype=torch.float64) if estimator.needs_greedy else None
    try:
        values = estimator.surrogate(losses, GeneratorOutput(normal(4, 2)), greedy)
    except ToolkitError:
        return
    subject.must(values.shape == (4,), f"gives one value per sample: [4], not {list(values.shape)}")
    (found,) = torch.autograd.grad(values.sum(), losses)
    subject.must(torch.equal(found, torch.ones_like(found)), "passes on the gradient of differentiable losses")


def _many_logits() -> Tensor:
    return torch.tensor(_LOGITS, dtype=torch.float64).expand(_SAMPLES, 3).clone().requires_grad_(True)


def _check_choices(subject: Subject, estimator: Estimator) -> None:
    logits = _many_logits()
    source = noise(_SAMPLES)
    with subject.rule("chooses tokens from logits [B, V]"):
        choice = estimator.choose(logits, source, "token")
    rows = choice.rows.detach()
    subject.must(rows.shape == logits.shape and choice.ids.shape == (_SAMPLES,), "gives rows [B, V] and ids [B]")
    hard = one_hot(choice.ids, 3).to(rows.dtype)
    subject.must(torch.allclose(rows, hard, atol=1e-9), "gives one-hot rows that agree with the ids")
    again = estimator.choose(logits, source, "token").ids
    subject.must(torch.equal(again, choice.ids), "chooses the same from the same noise")
    part = estimator.choose(logits[5:9], source.part(5, 9), "token").ids
    subject.must(torch.equal(part, choice.ids[5:9]), "chooses for a sample the same in a micro-batch")
    other = estimator.choose(logits, source, "next").ids
    subject.must(not torch.equal(other, choice.ids), "chooses anew for another role")
    probability = logits.detach()[0].softmax(0)
    error = (probability * (1 - probability) / _SAMPLES).sqrt()
    off = (hard.mean(0) - probability).abs() / error
    subject.must((off < _ERRORS).all(), f"chooses with the probabilities of the softmax, off by {off.tolist()} errors")
    if choice.log_prob is not None:
        wanted = logits.log_softmax(1).gather(1, choice.ids[:, None])[:, 0]
        subject.must(torch.allclose(choice.log_prob, wanted), "gives the log-probabilities of what it chose")


def _surrogate(estimator: Estimator, logits: Tensor, source: Noise) -> tuple[Tensor, bool]:
    """`B` values for one token per sample, whose loss is linear in its row; and whether they use log-probabilities."""
    costs = torch.tensor(_COSTS, dtype=torch.float64)
    choice = estimator.choose(logits, source, "token")
    log_prob = None if choice.log_prob is None else choice.log_prob[:, None]
    greedy = None
    if estimator.needs_greedy:
        greedy = costs[logits.detach().argmax(1)]
    output = GeneratorOutput(choice.rows[:, None], log_prob)
    return estimator.surrogate(choice.rows @ costs, output, greedy), log_prob is not None


def _check_estimate(subject: Subject, estimator: Estimator) -> None:
    logits = _many_logits()
    with subject.rule("turns losses into a surrogate"):
        values, by_log_prob = _surrogate(estimator, logits, noise(_SAMPLES))
    subject.must(values.shape == (_SAMPLES,), f"gives one value per sample: [{_SAMPLES}], not {list(values.shape)}")
    (each,) = torch.autograd.grad(values.sum(), logits)
    probability, costs = logits.detach()[0].softmax(0), torch.tensor(_COSTS, dtype=torch.float64)
    exact = probability * (costs - (probability * costs).sum())
    mean = each.mean(0)
    if by_log_prob:
        off = (mean - exact).abs() / (each.std(0) / _SAMPLES**0.5)
        rule = f"is unbiased: the mean gradient is off by {[round(item, 1) for item in off.tolist()]} standard errors"
        subject.must((off < _ERRORS).all(), rule)
        _check_mask(subject, estimator)
    else:
        cosine = float((mean @ exact) / (mean.norm() * exact.norm()).clamp(min=1e-12))
        subject.must(cosine > 0.5, f"points the way of the exact gradient: the cosine is {cosine:.2f}")


def _check_mask(subject: Subject, estimator: Estimator) -> None:
    log_prob = normal(4, 3, seed=2).requires_grad_(True)
    mask = torch.tensor([[1.0, 1.0, 0.0]] * 4, dtype=torch.float64)
    greedy = torch.zeros(4, dtype=torch.float64) if estimator.needs_greedy else None
    output = GeneratorOutput(normal(4, 3, 2), log_prob, mask)
    (found,) = torch.autograd.grad(estimator.surrogate(normal(4, seed=3), output, greedy).sum(), log_prob)
    subject.must(found[:, 2].count_nonzero() == 0, "gives padded positions (mask 0) no gradient")
    subject.must(found[:, :2].count_nonzero() == 8, "gives every other position a gradient")


def _check_state(subject: Subject, estimator: Any) -> None:
    subject.must(hasattr(estimator, "state_dict"), "has a state_dict, since it has an update")
    other = subject.build()
    with subject.rule("takes back its state from a checkpoint"):
        other.load_state_dict(stored(estimator.state_dict()))
    logits = normal(8, 3, seed=4)
    here, there = (_surrogate(item, logits, noise(8))[0] for item in (estimator, other))
    subject.must(torch.equal(here, there), "goes on after a checkpoint as if nothing had happened")

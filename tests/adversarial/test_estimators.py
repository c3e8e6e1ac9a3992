"""Estimators against the truth: a categorical choice whose expected loss can be enumerated."""

from __future__ import annotations

import pytest
import torch

from toolkit.adversarial.estimators import Draw, Pathwise, ScoreFunction, StraightThrough
from toolkit.adversarial.types import GeneratorOutput
from toolkit.engine.randomness import Noise
from toolkit.errors import ToolkitError

COST = torch.tensor([1.0, -2.0, 0.5, 3.0], dtype=torch.float64)
LOGITS = torch.tensor([0.2, -0.3, 0.8, 0.0], dtype=torch.float64)
BATCH = 40_000


def exact_gradient() -> torch.Tensor:
    logits = LOGITS.clone().requires_grad_()
    (torch.softmax(logits, 0) @ COST).backward()
    return logits.grad


def estimates(estimator, *, greedy=False) -> torch.Tensor:
    """`[BATCH, V]`: each sample's own estimate of the gradient."""
    rows = LOGITS.expand(BATCH, -1).clone().requires_grad_()
    choice = Draw(Noise(0, 0, torch.arange(BATCH)), estimator).choose("token", rows)
    losses = choice.rows @ COST
    log_prob = None if choice.log_prob is None else choice.log_prob[:, None]
    output = GeneratorOutput(choice.rows[:, None], log_prob)
    baseline = COST[LOGITS.argmax()].expand(BATCH) if greedy else None
    estimator.surrogate(losses, output, baseline).sum().backward()
    return rows.grad


@pytest.mark.parametrize("baseline", ["none", "moving", "self_critical"])
def test_the_score_function_is_unbiased(baseline):
    estimator = ScoreFunction(baseline)
    estimator.update(0, {"opinion": 0.7})
    found = estimates(estimator, greedy=estimator.needs_greedy)
    error = (found.mean(0) - exact_gradient()).abs()
    assert (error < 4.5 * found.std(0) / BATCH**0.5).all()


def test_a_baseline_lowers_the_variance():
    plain, moving = ScoreFunction("none"), ScoreFunction("moving")
    moving.update(0, {"opinion": float(torch.softmax(LOGITS, 0) @ COST)})
    assert estimates(moving).var(0).sum() < estimates(plain).var(0).sum()


def test_straight_through_points_downhill_and_is_hard_forward():
    estimator = StraightThrough(temperature=1.0)
    rows = LOGITS.expand(8, -1).clone().requires_grad_()
    choice = Draw(Noise(0, 0, torch.arange(8)), estimator).choose("token", rows)
    assert set(choice.rows.detach().unique().tolist()) <= {0.0, 1.0}
    assert torch.equal(choice.rows.argmax(1), choice.ids)
    found = estimates(estimator).mean(0)
    exact = exact_gradient()
    assert torch.nn.functional.cosine_similarity(found, exact, dim=0) > 0.8  # biased, but the same direction


def test_choices_follow_the_softmax():
    choice = Draw(Noise(1, 0, torch.arange(BATCH)), ScoreFunction("none")).choose("t", LOGITS.expand(BATCH, -1))
    frequency = torch.bincount(choice.ids, minlength=4).double() / BATCH
    torch.testing.assert_close(frequency, torch.softmax(LOGITS, 0), atol=0.01, rtol=0)


def test_choices_belong_to_the_sample_not_to_the_batch():
    rows = LOGITS.expand(10, -1)
    whole = Draw(Noise(1, 0, torch.arange(10)), ScoreFunction()).choose("t", rows).ids
    part = Draw(Noise(1, 0, torch.arange(10)[4:7]), ScoreFunction()).choose("t", rows[4:7]).ids
    assert torch.equal(whole[4:7], part)


def test_without_an_estimator_the_choice_is_the_most_probable():
    choice = Draw(Noise(1, 0, torch.arange(3)), None).choose("t", LOGITS.expand(3, -1))
    assert choice.ids.tolist() == [2, 2, 2]


def test_padding_earns_no_credit():
    estimator = ScoreFunction("none")
    log_prob = torch.tensor([[-1.0, -2.0]], requires_grad=True)
    output = GeneratorOutput(torch.zeros(1, 2, 4), log_prob, mask=torch.tensor([[1.0, 0.0]]))
    estimator.surrogate(torch.tensor([3.0]), output, None).sum().backward()
    assert log_prob.grad.tolist() == [[3.0, 0.0]]


def test_the_moving_baseline_survives_a_checkpoint():
    estimator, again = ScoreFunction(), ScoreFunction()
    estimator.update(0, {"opinion": 2.0})
    estimator.update(8, {"opinion": 4.0})
    again.load_state_dict(estimator.state_dict())
    assert again.state_dict() == {"average": pytest.approx(0.99 * 2.0 + 0.01 * 4.0)}


def test_clear_words_when_the_estimator_does_not_fit():
    with pytest.raises(ToolkitError, match="straight_through"):
        Draw(Noise(0, 0, torch.arange(1)), Pathwise()).choose("t", LOGITS[None])
    with pytest.raises(ToolkitError, match="log_prob"):
        ScoreFunction().surrogate(torch.zeros(1), GeneratorOutput(torch.zeros(1, 1, 4)), None)


def test_scopes_and_parts_can_choose_too():
    draw = Draw(Noise(1, 0, torch.arange(10)), ScoreFunction())
    rows = LOGITS.expand(10, -1)
    assert len(draw.scope("layer").part(2, 6).choose("t", rows[2:6]).ids) == 4
    assert not torch.equal(draw.scope("a").choose("t", rows).ids, draw.scope("b").choose("t", rows).ids)

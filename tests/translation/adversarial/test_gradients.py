"""The gradients of sequences against the truth, which for this small translator can be written down."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from toolkit.adversarial.estimators import Estimator, ScoreFunction, StraightThrough
from toolkit.adversarial.game import Game
from toolkit.adversarial.losses import NonSaturating
from toolkit.engine.randomness import Noise

pytest.importorskip("transformers")

from tests.translation.adversarial.enumerable import (
    Taste,
    as_ids,
    batch,
    exact_gradient,
    flat,
    log_probs,
    network,
    task,
    translations,
)

ROUNDS, ROWS = 40, 250


def estimates(generator: nn.Module, judge: nn.Module, estimator: Estimator, form: str) -> Tensor:
    """`[ROUNDS, parameters]`: the gradient of the generator's turn in independent rounds."""
    played = Game(task(form), generator, {"main": judge}, NonSaturating(), estimator=estimator)
    played.prepare("generator")
    found = []
    for step in range(ROUNDS):
        total = played.losses("generator", batch(ROWS), Noise(5, step, torch.arange(ROWS)), 0, step).total
        found.append(flat(torch.autograd.grad(total, list(generator.parameters()), allow_unused=True), generator))
    return torch.stack(found)


def test_all_translations_together_are_certain():
    assert log_probs(network(), as_ids(translations())).exp().sum().item() == pytest.approx(1.0, abs=1e-12)


def test_samples_have_the_frequencies_of_their_probabilities():
    generator, count = network(), 20_000
    found = estimates_of_frequencies(generator, count)
    expected = log_probs(generator, as_ids(translations())).exp()
    error = (expected * (1 - expected) / count).sqrt()
    assert ((found - expected).abs() < 4.5 * error + 1e-4).all()


def estimates_of_frequencies(generator: nn.Module, count: int) -> Tensor:
    from toolkit.adversarial.estimators import Draw

    draw = Draw(Noise(1, 0, torch.arange(count)), ScoreFunction("none"))
    with torch.no_grad():
        ids = task("ids").generate(generator, batch(count), draw).data
    known = as_ids(translations())
    return (ids.unsqueeze(1) == known).all(-1).double().mean(0)


@pytest.mark.parametrize(
    "estimator",
    [
        ScoreFunction("none"),
        ScoreFunction("self_critical"),
        ScoreFunction("none", credit="roll_outs", roll_outs=1),
    ],
    ids=["plain", "self-critical", "roll-outs"],
)
@pytest.mark.parametrize("form", ["ids", "rows"])
def test_the_score_function_agrees_with_enumeration(estimator: ScoreFunction, form: str):
    if form == "rows" and estimator.credit != "sequence":
        pytest.skip("one form is enough for roll-outs")
    generator, judge = network(), Taste()
    found = estimates(generator, judge, estimator, form)
    exact = exact_gradient(generator, judge)
    error = found.std(0) / ROUNDS**0.5
    assert ((found.mean(0) - exact).abs() < 5 * error + 1e-9).all()
    assert error.norm() < 0.35 * exact.norm(), "so few samples could not tell a right estimate from a wrong one"


def test_straight_through_is_biased_and_points_the_same_way():
    """What is compared: the inner product with the exact gradient, and its sign beyond doubt; not the values.

    The judge looks at the first place alone, where no later choice depends on what the estimator leaves out.
    """
    generator, judge = network(), Taste(places=1)
    found = estimates(generator, judge, StraightThrough(), "rows")
    exact = exact_gradient(generator, judge)
    along = found @ exact / exact.norm()
    assert along.mean() > 5 * along.std() / ROUNDS**0.5
    assert nn.functional.cosine_similarity(found.mean(0), exact, dim=0) > 0.5


def test_prefixes_that_know_what_is_to_be_expected_give_the_exact_gradient():
    """With the expected loss of each beginning as its value, credit by prefix is an unbiased actor-critic."""
    generator, judge = network(), Taste()
    rows = translations()
    with torch.no_grad():
        probability = log_probs(generator, as_ids(rows)).exp()
        cost = nn.functional.softplus(-judge(as_ids(rows)).logits[0])

    def expected(begun: tuple[int, ...]) -> float:
        inside = torch.tensor([row[: len(begun)] == begun for row in rows])
        return float((probability * cost)[inside].sum() / probability[inside].sum())

    class Critic(nn.Module):
        def forward(self, data: Tensor, condition: Tensor | None = None):
            from toolkit.adversarial.types import DiscriminatorOutput

            losses = torch.tensor(
                [
                    [expected(tuple(row[: place + 1])) if subword != 3 else 1.0 for place, subword in enumerate(row)]
                    for row in data.tolist()
                ],
                dtype=torch.float64,
            )
            return DiscriminatorOutput((-torch.log(torch.expm1(losses)),))  # the logit whose softplus is the loss

    found = estimates(generator, Critic(), ScoreFunction("none", credit="prefix"), "ids")
    error = found.std(0) / ROUNDS**0.5
    exact = exact_gradient(generator, judge)
    assert ((found.mean(0) - exact).abs() < 5 * error + 1e-9).all()

"""The loop: that its conveniences change nothing, and that it stops with clear words."""

from __future__ import annotations

import math

import pytest
import torch

from tests.adversarial.toys import Stream, game, trainer, weights
from toolkit.adversarial.losses import NonSaturating, RelativisticAverage, RelativisticPairing
from toolkit.adversarial.penalties import R1, R2
from toolkit.adversarial.terms import FeatureMatching, Reconstruction
from toolkit.errors import TrainingError


def trained(steps=5, *, options=None, batch=8, **settings):
    played = game(**{"loss": RelativisticPairing(), "penalties": [R1(), R2()], **settings})
    made = trainer(played, batch_size=batch, **(options or {}))
    made.fit(Stream(batch), until=steps)
    return made


def assert_same(one, two, tolerance=1e-12):
    for mine, theirs in zip(weights(one.game), weights(two.game), strict=True):
        torch.testing.assert_close(mine, theirs, atol=tolerance, rtol=0)


@pytest.mark.parametrize("piece", [1, 3, 4])
def test_micro_batches_add_up_to_the_whole_batch(piece):
    terms = [FeatureMatching(), Reconstruction()]
    whole = trained(terms=terms)
    pieces = trained(terms=terms, options={"micro_batch": piece})
    assert pieces.micro_batch == piece
    assert_same(whole, pieces)


def test_shared_fakes_are_the_fakes_of_the_discriminators_turn():
    # Reusing the graph must equal generating again from the same noise, since the generator has not moved in between.
    def play(shared):
        played = game(loss=NonSaturating(), shared_fakes=shared)
        made = trainer(played, shared_batch=True, shared_fakes=shared)
        if not shared:
            original = played.losses
            first = {}

            def same_noise(player, batch, noise, *rest):
                first.setdefault(noise.step, noise)
                return original(player, batch, first[noise.step], *rest)

            played.losses = same_noise
        made.fit(Stream(), until=4)
        return made

    assert_same(play(True), play(False))


def test_a_fresh_batch_per_turn_unless_shared():
    assert trained(steps=3).progress.batches == 6
    assert trained(steps=3, options={"shared_batch": True}).progress.batches == 3
    assert trained(steps=3, discriminator_steps=4).progress.batches == 15


def test_each_turn_has_one_backward_pass(monkeypatch):
    calls = []
    original = torch.autograd.backward
    monkeypatch.setattr(
        torch.autograd, "backward", lambda *args, **kwargs: calls.append(1) or original(*args, **kwargs)
    )
    trained(steps=1, penalties=[R1(every=1), R2(every=2)])
    assert len(calls) == 2


def test_samples_count_whole_steps_whatever_the_batch():
    made = trained(steps=3, discriminator_steps=2)
    assert (made.progress.step, made.progress.samples) == (3, 24)


def test_training_moves_the_generator_towards_the_data():
    made = trained(steps=1)
    far = float((_generated(made) - 1.0).mean().abs())
    made.fit(Stream(), until=400)
    assert float((_generated(made) - 1.0).mean().abs()) < 0.5 * far


def _generated(made):
    from toolkit.adversarial.estimators import Draw
    from toolkit.engine.randomness import Noise

    noise = Draw(Noise(9, 0, torch.arange(256)), None)
    with torch.no_grad():
        return made.game.task.generate(made.game.generator, {}, noise).data


def test_clipping_limits_the_gradient_that_is_applied():
    made = trained(steps=1, options={"clip_gradient": 1e-3, "lr": 1.0}, penalties=[])
    start = weights(game(loss=RelativisticPairing()))
    moved = math.sqrt(sum(float((a - b).square().sum()) for a, b in zip(weights(made.game), start, strict=True)))
    assert moved == pytest.approx(math.sqrt(2) * 1e-3, rel=1e-3)  # two players, each moved by lr * 1e-3


class BrokenAt(NonSaturating):
    """Not a number in the given steps of the discriminator."""

    def __init__(self, steps):
        self.steps = steps
        self.seen = -1

    def discriminator(self, real, fake):
        self.seen += 1
        value = super().discriminator(real, fake)
        return value * float("nan") if self.seen in self.steps else value


def test_one_bad_step_is_skipped_and_counted():
    played = game(loss=BrokenAt({1}))
    made = trainer(played)
    made.fit(Stream(), until=1)
    before = weights(played)
    made.fit(Stream(), until=2)
    after = weights(played)
    judges = len(list(played.discriminators.parameters()))
    assert all(torch.equal(a, b) for a, b in zip(before[-judges:], after[-judges:], strict=True))
    made.fit(Stream(), until=6)
    assert made.progress.skipped_turns == 1
    assert made.progress.bad_steps == 0
    assert all(torch.isfinite(value).all() for value in weights(played))


def test_many_bad_steps_stop_training_and_name_the_term():
    made = trainer(game(loss=BrokenAt(range(3, 100))), max_bad_steps=4)
    with pytest.raises(TrainingError, match=r"discriminator/adversarial.*4 steps"):
        made.fit(Stream(), until=50)
    assert made.progress.step == 7
    assert all(torch.isfinite(value).all() for value in weights(made.game))


def test_a_non_finite_gradient_counts_as_bad_even_if_the_loss_is_finite():
    class InfiniteSlope(NonSaturating):
        def discriminator(self, real, fake):
            return (real - real.detach()).abs().sqrt() + super().discriminator(real, fake)  # sqrt at 0

    with pytest.raises(TrainingError, match="gradient/discriminator"):
        trainer(game(loss=InfiniteSlope()), max_bad_steps=2).fit(Stream(), until=5)


def test_cutting_a_coupled_batch_is_refused():
    with pytest.raises(TrainingError, match="would change the maths"):
        trainer(game(loss=RelativisticAverage()), micro_batch=2)
    assert trainer(game(loss=RelativisticAverage()), micro_batch=None).micro_batch is None


def test_interrupted_and_resumed_is_uninterrupted():
    whole = trained(steps=9)
    first = trained(steps=4)
    state = first.state_dict()
    second = trainer(game(loss=RelativisticPairing(), penalties=[R1(), R2()], seed=99))
    second.game.generator.load_state_dict(first.game.generator.state_dict())
    second.game.discriminators.load_state_dict(first.game.discriminators.state_dict())
    second.ema.module.load_state_dict(first.ema.module.state_dict())
    second.load_state_dict(state)
    second.fit(Stream(), until=9)
    assert all(torch.equal(a, b) for a, b in zip(weights(whole.game), weights(second.game), strict=True))
    for mine, theirs in zip(whole.ema.module.parameters(), second.ema.module.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_stop_is_asked_after_every_step():
    made = trainer(game())
    made.fit(Stream(), until=100, stop=lambda: made.progress.step >= 3)
    assert made.progress.step == 3


def test_after_a_bad_turn_nothing_has_changed_not_even_batch_statistics():
    from torch import nn

    from toolkit.adversarial.types import DiscriminatorOutput

    class Normalised(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1)).double()

        def forward(self, data, condition=None):
            return DiscriminatorOutput((self.layers(data).squeeze(1),))

    played = game({"main": Normalised()}, loss=BrokenAt({1}))
    made = trainer(played)
    made.fit(Stream(), until=1)
    before = {name: value.clone() for name, value in played.discriminators.state_dict().items()}
    generator = [parameter.detach().clone() for parameter in played.generator.parameters()]
    made.fit(Stream(), until=2)
    assert all(torch.equal(before[name], value) for name, value in played.discriminators.state_dict().items())
    assert all(torch.equal(a, b) for a, b in zip(generator, played.generator.parameters(), strict=True))


def test_changed_optimiser_settings_take_effect_on_resume():
    made, again = trainer(game()), trainer(game(), lr=0.25)
    made.fit(Stream(), until=1)
    again.load_state_dict(made.state_dict())
    again.fit(Stream(), until=2)
    assert {group["lr"] for group in again.seats["generator"].optimizer.param_groups} == {0.25}

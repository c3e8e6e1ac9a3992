"""The game: who plays, what it costs, and that sharing work changes nothing."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from tests.adversarial.toys import SIZE, CurvedDiscriminator, VectorTask, batches, game, generator
from toolkit.adversarial.game import Game
from toolkit.adversarial.losses import NonSaturating, RelativisticPairing
from toolkit.adversarial.penalties import R1, R2
from toolkit.adversarial.terms import CrossEntropy, FeatureMatching, Reconstruction
from toolkit.adversarial.types import DiscriminatorOutput, GeneratorOutput
from toolkit.engine.randomness import Noise

NOISE = Noise(0, 0, torch.arange(8))


def losses(played, player, batch=None, noise=NOISE, samples=0, step=0):
    played.prepare(player)
    return played.losses(player, batch or next(batches()), noise, samples, step)


def gradients(module):
    return [None if parameter.grad is None else parameter.grad.clone() for parameter in module.parameters()]


def test_turns_follow_the_warm_ups():
    played = game(discriminator_steps=2, generator_warmup=100, discriminator_warmup=50, terms=[Reconstruction()])
    assert played.turns(0) == ("generator",)
    assert played.turns(100) == ("discriminator", "discriminator")
    assert played.turns(150) == ("discriminator", "discriminator", "generator")


def test_without_discriminators_the_generator_plays_alone():
    played = game({}, terms=[Reconstruction(weight=2.0)])
    assert played.turns(10_000) == ("generator",)
    assert set(played.players()) == {"generator"}
    found = losses(played, "generator")
    assert set(found.values) == {"generator/reconstruction"}


def test_in_each_turn_only_the_player_gets_gradients():
    played = game(penalties=[R1()])
    losses(played, "discriminator").total.backward()
    assert all(gradient is None for gradient in gradients(played.generator))
    assert all(gradient is not None for gradient in gradients(played.discriminators))
    played = game(loss=RelativisticPairing(), terms=[FeatureMatching()])
    losses(played, "generator").total.backward()
    assert all(gradient is None for gradient in gradients(played.discriminators))
    assert all(gradient is not None for gradient in gradients(played.generator))


def test_features_of_real_data_carry_no_graph():
    seen = []

    class Watched(CurvedDiscriminator):
        def forward(self, data, condition=None):
            output = super().forward(data, condition)
            seen.append(output.features[0].requires_grad)
            return output

    played = game({"main": Watched()}, terms=[FeatureMatching()])
    losses(played, "generator")
    assert seen == [True, False]  # fake first, then real


@pytest.mark.parametrize("penalties", [(), (R1(), R2())])
def test_one_pass_over_both_sides_is_the_same_maths(penalties):
    found = []
    for one_pass in (True, False):
        played = game(loss=RelativisticPairing(), penalties=penalties)
        assert played._one_pass
        played._one_pass = one_pass
        result = losses(played, "discriminator")
        result.total.backward()
        found.append((result.total.detach(), *gradients(played.discriminators)))
    for one, two in zip(*found, strict=True):
        torch.testing.assert_close(one, two, atol=1e-14, rtol=1e-12)


def test_batch_statistics_forbid_one_pass_and_couple_the_batch():
    judge = nn.Sequential(nn.Linear(SIZE, 4), nn.BatchNorm1d(4), nn.Linear(4, 1)).double()
    played = game({"main": judge})
    assert not played._one_pass
    assert played.batch_coupled
    assert not game().batch_coupled


@pytest.mark.parametrize(("normalise", "coupled"), [(spectral_norm, True), (weight_norm, False)])
def test_only_power_iterations_couple_the_batch_not_every_parametrization(normalise, coupled):
    judge = nn.Sequential(normalise(nn.Linear(SIZE, 4)), nn.Linear(4, 1)).double()
    assert game({"main": judge}).batch_coupled is coupled


def test_several_discriminators_are_summed_and_named():
    judges = {"near": CurvedDiscriminator(), "far": CurvedDiscriminator()}
    together = losses(game(judges), "discriminator")
    alone = [losses(game({name: judge}), "discriminator").total for name, judge in judges.items()]
    torch.testing.assert_close(together.total, alone[0] + alone[1])
    assert {"discriminator/near/adversarial", "discriminator/far/adversarial"} <= set(together.values)


def test_sub_discriminators_are_summed():
    class Twice(CurvedDiscriminator):
        def forward(self, data, condition=None):
            output = super().forward(data, condition)
            return DiscriminatorOutput(output.logits * 2, output.features)

    torch.manual_seed(0)
    twice, once = Twice(), CurvedDiscriminator()
    once.load_state_dict(twice.state_dict())
    for player in ("discriminator", "generator"):
        two = losses(game({"main": twice}), player).total
        torch.testing.assert_close(two, 2 * losses(game({"main": once}), player).total)


def test_lazy_penalties_act_every_so_often_with_more_weight():
    played = game(penalties=[R1(weight=0.5, every=4)])
    every_step = losses(game(penalties=[R1(weight=0.5)]), "discriminator").values["discriminator/r1"]
    acting = losses(played, "discriminator", step=4).values["discriminator/r1"]
    torch.testing.assert_close(acting, 4 * every_step)
    assert "discriminator/r1" not in losses(played, "discriminator", step=5).values


def test_total_is_the_sum_of_what_is_reported():
    played = game(loss=RelativisticPairing(), penalties=[R1(), R2()], terms=[Reconstruction(), FeatureMatching()])
    for player in ("discriminator", "generator"):
        found = losses(played, player)
        parts = [value for name, value in found.values.items() if name.startswith(f"{player}/")]
        torch.testing.assert_close(found.total.detach(), torch.stack(parts).sum())


def test_padding_does_not_count():
    class Sequence(VectorTask):
        def generate(self, generator, batch, noise):
            output = super().generate(generator, batch, noise)
            return GeneratorOutput(output.data, mask=torch.tensor([[1.0, 0.0, 0.0]]).expand(len(output.data), -1))

    class PerPosition(CurvedDiscriminator):
        def forward(self, data, condition=None):
            return DiscriminatorOutput((torch.tanh(data),))

    torch.manual_seed(0)
    played = Game(Sequence(), generator(), {"main": PerPosition()}, NonSaturating())
    played.prepare("generator")
    batch = next(batches())
    found = played.losses("generator", batch, NOISE, 0, 0).total
    data = played.task.generate(played.generator, batch, played._draw(NOISE)).data
    torch.testing.assert_close(found, torch.nn.functional.softplus(-torch.tanh(data[:, 0])).mean())


def test_the_win_rate_and_signs_are_those_of_the_logits():
    class Sure(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones((), dtype=torch.float64))

        def forward(self, data, condition=None):
            real = (data.abs().sum(1) == 0).double()  # only the real batch below is zero
            return DiscriminatorOutput((self.scale * (2 * real - 1),))

    played = game({"main": Sure()})
    values = losses(played, "discriminator", batch={"vector": torch.zeros(8, SIZE, dtype=torch.float64)}).values
    assert values["win_rate"] == 1.0
    assert values["sign/real"] == 1.0
    assert values["logit/fake"] == -1.0


def test_diversity_is_low_when_all_samples_are_alike():
    played = game()
    assert losses(played, "discriminator").values["diversity"] > 0.1
    with torch.no_grad():
        played.generator[2].weight.mul_(1e-6)
    assert losses(played, "discriminator").values["diversity"] < 1e-4


def test_cross_entropy_reads_labels_from_the_batch():
    term = CrossEntropy(target="label")
    from toolkit.adversarial.terms import Offer

    logits = torch.tensor([[2.0, 0.0], [0.0, 0.0]])
    found = term(Offer({"label": torch.tensor([0, 1])}, GeneratorOutput(logits), None))
    torch.testing.assert_close(found, torch.tensor([0.1269280, 0.6931472]))


def test_stateful_parts_are_saved_and_restored():
    from toolkit.adversarial.augmentation import Adaptive

    def pipeline(data, noise, strength=1.0):
        return data

    played, again = (
        game(augmentation=Adaptive(pipeline, speed=100.0)),
        game(augmentation=Adaptive(pipeline, speed=100.0)),
    )
    played.finish_step(10, {"sign/real": 0.9})
    again.load_state_dict(played.state_dict())
    assert again.augmentation.strength == played.augmentation.strength == 0.1

"""EMA, schedules, optimisers and augmentation control: all functions of samples seen."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from toolkit.adversarial.augmentation import Adaptive, FollowsSchedule
from toolkit.adversarial.ema import Ema
from toolkit.adversarial.optimizers import Adam, Sgd
from toolkit.adversarial.schedules import Constant, Cosine, Exponential, Linear, as_schedule

RAMPS = [Linear(4.0, 1.0, 100), Cosine(4.0, 1.0, 100), Exponential(4.0, 1.0, 100)]


@pytest.mark.parametrize("ramp", RAMPS)
@given(samples=st.floats(0, 1000))
def test_ramps_go_from_start_to_end_and_stay(ramp, samples):
    assert ramp(0) == pytest.approx(4.0)
    assert ramp(100) == pytest.approx(1.0)
    assert ramp(1e9) == pytest.approx(1.0)
    assert 1.0 - 1e-9 <= ramp(samples) <= 4.0 + 1e-9


def test_halfway_values():
    assert [ramp(50) for ramp in RAMPS] == pytest.approx([2.5, 2.5, 2.0])
    assert Cosine(0.0, 1.0, 100)(25) == pytest.approx(0.5 * (1 - math.cos(math.pi / 4)))


def test_numbers_are_constant_schedules():
    assert as_schedule(3)(12345) == 3.0
    assert as_schedule(RAMPS[0]) is RAMPS[0]


def test_impossible_ramps_are_refused():
    with pytest.raises(ValueError, match="positive number of samples"):
        Linear(1, 0, 0)
    with pytest.raises(ValueError, match="above zero"):
        Exponential(1, 0, 10)


def test_half_of_a_weight_is_forgotten_in_a_half_life_at_any_batch_size():
    for batch in (1, 10, 50):
        network = nn.Linear(1, 1, bias=False)
        nn.init.zeros_(network.weight)
        ema = Ema(network, half_life=100, warm_up=0)
        nn.init.ones_(ema.module.weight)
        for step in range(1, 100 // batch + 1):
            ema.update(network, batch, step * batch)
        assert ema.module.weight.item() == pytest.approx(0.5, rel=1e-5)


def test_early_on_the_average_forgets_faster():
    ema = Ema(nn.Linear(1, 1), half_life=10_000, warm_up=0.05)
    assert ema.decay(64, 64) < 1e-6
    assert ema.decay(64, 1e9) == pytest.approx(0.5 ** (64 / 10_000))
    assert Ema(nn.Linear(1, 1), half_life=0).decay(64, 1e9) == 0.0


def test_buffers_are_copied():
    network = nn.BatchNorm1d(2)
    ema = Ema(network, half_life=1e9, warm_up=0)
    network(torch.randn(8, 2) + 3)
    ema.update(network, 8, 8)
    assert torch.equal(ema.module.running_mean, network.running_mean)


def test_optimisers_follow_their_schedules():
    weight = nn.Parameter(torch.ones(1))
    rule = Adam(lr=Linear(1.0, 0.0, 100), beta1=0.0, beta2=Linear(0.9, 0.99, 100))
    optimizer = rule.create([weight])
    rule.schedule(optimizer, 50)
    assert optimizer.param_groups[0]["lr"] == 0.5
    assert optimizer.param_groups[0]["betas"] == (0.0, pytest.approx(0.945))
    plain = Sgd(lr=0.1)
    descent = plain.create([weight])
    plain.schedule(descent, 0)
    (weight**2).sum().backward()
    descent.step()
    assert weight.item() == pytest.approx(0.8)


class Recorder:
    """A pipeline that notes the strength it was called with."""

    def __init__(self):
        self.strengths = []

    def __call__(self, data, noise, strength=1.0):
        self.strengths.append(strength)
        return data + 1


def test_the_controller_holds_the_overfitting_sign():
    controller = Adaptive(Recorder(), target=0.6, speed=1000, limit=0.8)
    for step in range(1, 51):
        controller.update(step * 10, {"sign/real": 0.9})
    assert controller.strength == pytest.approx(0.5)
    for step in range(51, 61):
        controller.update(step * 10, {"sign/real": 0.1})
    assert controller.strength == pytest.approx(0.4)
    controller.update(10_000, {"sign/real": 1.0})
    assert controller.strength == 0.8
    controller.update(20_000, {})  # a step without a discriminator's turn says nothing
    assert controller.strength == 0.8


def test_strength_zero_leaves_data_alone():
    recorder = Recorder()
    data = torch.zeros(2)
    assert Adaptive(recorder)(data, None) is data
    assert recorder.strengths == []
    scheduled = FollowsSchedule(recorder, Linear(0.0, 0.4, 100))
    scheduled.update(50, {})
    assert scheduled(data, None).tolist() == [1.0, 1.0]
    assert recorder.strengths == [pytest.approx(0.2)]
    assert Constant(0.3)(7) == 0.3


def test_every_setting_of_an_optimiser_is_the_recipes_now_whatever_a_checkpoint_holds():
    weight = nn.Parameter(torch.ones(1))
    saved = Adam().create([weight]).state_dict()
    rule = Adam(weight_decay=0.5, eps=1e-3)
    optimizer = rule.create([weight])
    optimizer.load_state_dict(saved)
    rule.schedule(optimizer, 0)
    assert (optimizer.param_groups[0]["weight_decay"], optimizer.param_groups[0]["eps"]) == (0.5, 1e-3)


def test_the_controller_does_not_jump_after_a_time_without_a_discriminator():
    controller = Adaptive(Recorder(), speed=1000)
    controller.update(900, {})
    controller.update(910, {"sign/real": 1.0})
    assert controller.strength == pytest.approx(0.01)

"""The health monitor: one plain sentence when something has been off for long enough, and none otherwise."""

from __future__ import annotations

import pytest

from toolkit.adversarial.health import HealthMonitor

HEALTHY = {
    "win_rate": 0.75,
    "sign/real": 0.5,
    "diversity": 0.9,
    "gradient/generator": 1.0,
    "gradient/discriminator": 1.0,
}


def watch(changes, steps=100, monitor=None, start=0):
    monitor = monitor or HealthMonitor(patience=2000, memory=500)
    said = []
    for step in range(start + 1, start + steps + 1):
        said += monitor.update(step * 64, {**HEALTHY, **changes})
    return said


def test_a_healthy_run_is_not_commented():
    assert watch({}) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"win_rate": 0.99}, "The discriminator wins 99% of pairs"),
        ({"win_rate": 0.2}, "wins only 20% of pairs"),
        ({"sign/real": 0.97, "win_rate": 0.95}, "sure of the training data"),
        ({"diversity": 0.1}, "mode collapse"),
        ({"gradient/generator": 1e-9}, "generator's gradient has been nearly zero"),
        ({"gradient/discriminator": 1e6}, "discriminator's gradient norm has been 1.0e+06"),
    ],
)
def test_each_condition_has_one_sentence_with_its_figure_and_length(changes, words):
    said = watch(changes)
    assert len(said) == 1
    assert words in said[0]
    assert "samples" in said[0]
    assert "{" not in said[0].replace("{name: adaptive, ...}", "")
    assert "LENGTH" not in said[0]


@pytest.mark.parametrize("rate", [0.96, 0.98, 1.0])
def test_a_relativistic_discriminator_that_wins_is_told_of_once(rate):
    """Its overfitting sign is that of real against fake, 2 rate - 1, and no second finding."""
    said = watch({"win_rate": rate, "sign/real": 2 * rate - 1})
    assert [sentence.startswith("The discriminator wins") for sentence in said] == ([True] if rate > 0.97 else [])


def test_a_short_spell_is_forgiven():
    monitor = HealthMonitor(patience=2000, memory=500)
    assert watch({"win_rate": 0.99}, steps=20, monitor=monitor) == []
    assert watch({}, steps=100, monitor=monitor, start=20) == []


def test_it_speaks_again_after_the_condition_went_away():
    monitor = HealthMonitor(patience=2000, memory=500)
    assert len(watch({"diversity": 0.1}, monitor=monitor)) == 1
    assert watch({}, monitor=monitor, start=100) == []
    assert len(watch({"diversity": 0.1}, monitor=monitor, start=200)) == 1


def test_values_that_are_not_finite_do_not_silence_it():
    monitor = HealthMonitor(patience=2000, memory=500)
    watch({"win_rate": float("nan")}, steps=1, monitor=monitor)
    assert len(watch({"win_rate": 0.99}, monitor=monitor, start=1)) == 1


def test_a_resumed_monitor_goes_on_where_it_was():
    monitor, again = HealthMonitor(patience=4000, memory=500), HealthMonitor(patience=4000, memory=500)
    assert watch({"win_rate": 0.99}, steps=40, monitor=monitor) == []
    again.load_state_dict(monitor.state_dict())
    assert watch({"win_rate": 0.99}, steps=40, monitor=again, start=40) == watch(
        {"win_rate": 0.99}, steps=40, monitor=monitor, start=40
    )

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from tests.tiny import TINY
from toolkit.config import build, load_recipe
from toolkit.config.plan import Probe
from toolkit.engine.device import choose_precision
from toolkit.runs.probe import play_trials, with_weights
from toolkit.runs.trial import Trial, choose, judge

PROBE = Probe(("penalties.0.weight", "penalties.1.weight"), (0.2, 1.0, 5.0), 6)
CPU = torch.device("cpu")


def trial(factor: float, distance: float = 10.0, diversity: float = 0.9, win_rate: float = 0.8) -> Trial:
    return Trial(factor, (factor,), distance, diversity, win_rate, 0.1)


def chosen(*trials: Trial) -> tuple[float, str]:
    best, why = choose(judge(trials))
    return best.factor, why


def test_the_planned_weight_stays_when_it_is_healthy() -> None:
    assert chosen(trial(0.2), trial(1.0), trial(5.0))[0] == 1.0
    assert chosen(trial(0.2, 7.0), trial(1.0, 10.0), trial(5.0, 6.7))[0] == 1.0


def test_a_weight_that_is_better_by_more_than_a_third_is_taken() -> None:
    factor, why = chosen(trial(0.2, 20.0), trial(1.0, 10.0), trial(5.0, 6.6))
    assert factor == 5.0
    assert "5 times the planned weight" in why


@pytest.mark.parametrize(
    ("bad", "verdict"),
    [
        ({"distance": math.inf}, "values were not finite"),
        ({"diversity": 0.1}, "samples are all alike"),
        ({"win_rate": 0.3}, "the discriminator loses"),
        ({"win_rate": 1.0}, "the discriminator always wins"),
    ],
)
def test_an_unhealthy_planned_weight_is_replaced_by_the_nearest_healthy_distance(
    bad: dict[str, float], verdict: str
) -> None:
    trials = judge([trial(0.2, 12.0), replace(trial(1.0), **bad), trial(5.0, 11.0)])
    assert [found.verdict for found in trials] == ["healthy", verdict, "healthy"]
    best, why = choose(trials)
    assert best.factor == 5.0
    assert verdict in why


def test_a_better_distance_does_not_excuse_a_collapse() -> None:
    assert chosen(trial(0.2, 1.0, diversity=0.05), trial(1.0, 10.0), trial(5.0, 9.0))[0] == 1.0


def test_what_is_true_of_all_trials_is_the_beginning_and_no_fault() -> None:
    early = [trial(factor, diversity=0.2, win_rate=1.0) for factor in PROBE.factors]
    assert [found.verdict for found in judge(early)] == ["healthy"] * 3


def test_with_no_healthy_weight_the_plan_stays_and_says_so() -> None:
    factor, why = chosen(*(trial(factor, math.inf) for factor in PROBE.factors))
    assert factor == 1.0
    assert "no weight looks healthy" in why


def test_schedules_are_multiplied_from_beginning_to_end() -> None:
    falling = "{name: cosine, start: 4.0, end: 0.5, samples: 1000}"
    recipe = load_recipe(TINY, [f"penalties=[{{name: r1, weight: {falling}}}, {{name: r2, weight: 2}}]"])
    weights = [spec["weight"] for spec in with_weights(recipe, PROBE, 5.0).penalties]
    assert weights == [
        {"name": "cosine", "start": 20.0, "end": 2.5, "samples": 1000.0},
        {"name": "constant", "value": 10.0},
    ]


def test_trials_are_the_same_on_every_call_and_leave_nothing_behind() -> None:
    recipe = load_recipe(TINY, ["penalties=[r1, r2]"])
    source = build("datasets", recipe.data, "data")
    precision = choose_precision("float32", CPU)
    steps = []
    runs = [play_trials(recipe, PROBE, source, CPU, precision, lambda: steps.append(1)) for _ in range(2)]
    first, second = ([found.as_document() for found in run.trials] for run in runs)
    assert first == second
    assert [found["weights"] for found in first] == [[0.2, 0.2], [1.0, 1.0], [5.0, 5.0]]
    assert len({found["distance"] for found in first}) == 3
    assert len(steps) == 2 * 3 * PROBE.steps
    assert all(0 <= found["win_rate"] <= 1 and found["diversity"] > 0 for found in first)


def test_a_weight_that_breaks_the_numbers_is_found_out() -> None:
    recipe = load_recipe(TINY, ["penalties=[{name: r1, weight: 1e+30}, r2]", "trainer.max_bad_steps=2"])
    source = build("datasets", recipe.data, "data")
    probe = Probe(PROBE.paths, (1e-30, 1.0), 6)
    tame, wild = play_trials(recipe, probe, source, CPU, choose_precision("float32", CPU)).trials
    assert wild.verdict == "values were not finite"
    assert wild.as_document()["distance"] is None
    assert math.isfinite(tame.distance)

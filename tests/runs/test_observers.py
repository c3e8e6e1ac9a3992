from __future__ import annotations

import io
import math
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from toolkit.adversarial.health import HealthMonitor
from toolkit.engine.progress import Progress
from toolkit.runs.observers import Evaluator, Reporter, SampleWriter, evaluated_network


class Remembering:
    """A tracker that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, dict[str, float]]] = []
        self.pictures: list[tuple[int, str]] = []

    def start(self, run: Path, recipe: Mapping[str, Any]) -> None: ...

    def log(self, samples: int, values: Mapping[str, float]) -> None:
        self.lines.append((samples, dict(values)))

    def picture(self, samples: int, name: str, file: Path) -> None:
        self.pictures.append((samples, file.name))

    def close(self) -> None: ...


def trainer_at(step: int, batch: int = 4, skipped: int = 0, **game: Any) -> Any:
    """Enough of a trainer to look at."""
    generator = nn.Linear(1, 1).train()
    return SimpleNamespace(
        progress=SimpleNamespace(step=step, samples=step * batch, skipped_turns=skipped),
        game=SimpleNamespace(generator=generator, **{"augmentation": None, "band": None, **game}),
        ema=None,
    )


@pytest.fixture
def tracker() -> Remembering:
    return Remembering()


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def reporter(tracker: Remembering, stream: io.StringIO) -> Reporter:
    return Reporter(HealthMonitor(patience=8, memory=1), Progress(100, stream=stream), [tracker], every=3)


def test_a_report_is_the_mean_since_the_last_one(reporter: Reporter, tracker: Remembering) -> None:
    for step in range(1, 7):
        reporter.after_step(trainer_at(step), {"loss": float(step), "odd": 1.0} if step % 2 else {"loss": float(step)})
    assert [samples for samples, _ in tracker.lines] == [12, 24]
    assert [line["loss"] for _, line in tracker.lines] == [2.0, 5.0]
    assert [line["odd"] for _, line in tracker.lines] == [1.0, 1.0]
    assert [line["step"] for _, line in tracker.lines] == [3.0, 6.0]
    assert "samples_per_second" not in tracker.lines[0][1]
    assert tracker.lines[1][1]["samples_per_second"] > 0
    assert reporter.last["loss"] == 5.0


def test_what_is_left_at_the_end_is_reported_once(reporter: Reporter, tracker: Remembering) -> None:
    for step in range(1, 5):
        reporter.after_step(trainer_at(step), {"loss": float(step)})
    reporter.finish(trainer_at(4))
    reporter.finish(trainer_at(4))
    assert [(samples, line["loss"]) for samples, line in tracker.lines] == [(12, 2.0), (16, 4.0)]


def test_values_that_are_not_finite_are_told_by_name(reporter: Reporter, stream: io.StringIO) -> None:
    reporter.after_step(trainer_at(1), {"generator/mine": math.nan, "win_rate": 0.5})
    assert "step 1: not finite, turn skipped: generator/mine\n" in stream.getvalue()
    reporter.after_step(trainer_at(2), {"generator/mine": 1.0, "win_rate": 0.5})
    assert stream.getvalue().count("not finite") == 1


def test_skipped_turns_and_the_strength_of_augmentation_are_reported(reporter: Reporter, tracker: Remembering) -> None:
    reporter.after_step(trainer_at(3, skipped=2, augmentation=SimpleNamespace(strength=0.25)), {"loss": 1.0})
    assert tracker.lines[0][1]["skipped_turns"] == 2.0
    assert tracker.lines[0][1]["augmentation"] == 0.25


def test_health_speaks_up_on_the_terminal(reporter: Reporter, stream: io.StringIO) -> None:
    for step in range(1, 6):
        reporter.after_step(trainer_at(step), {"diversity": 0.01})
    assert stream.getvalue().count("health: Generated samples differ from each other only 1%") == 1


def test_the_network_looked_at_is_the_average_if_there_is_one() -> None:
    trainer = trainer_at(1)
    assert evaluated_network(trainer) is trainer.game.generator
    trainer.ema = SimpleNamespace(module=nn.Linear(2, 2))
    assert evaluated_network(trainer) is trainer.ema.module


def test_pictures_are_made_when_it_is_time_by_a_network_at_rest(tmp_path: Path, tracker: Remembering) -> None:
    shown: list[nn.Module] = []

    def preview(network: nn.Module, file: Path) -> None:
        shown.append(network)
        file.touch()

    writer = SampleWriter(preview, tmp_path, [tracker], every=2)
    trainers = [trainer_at(step) for step in range(1, 5)]
    for trainer in trainers:
        writer.after_step(trainer, {})
    assert tracker.pictures == [(8, "samples-000000008.png"), (16, "samples-000000016.png")]
    assert not any(network.training for network in shown)
    assert all(trainer.game.generator.training for trainer in trainers)  # the one that trains was left alone
    assert torch.equal(shown[0].get_parameter("weight"), trainers[1].game.generator.weight)
    SampleWriter(preview, tmp_path, [tracker], every=None).after_step(trainers[1], {})
    assert len(shown) == 2


def test_a_task_may_have_nothing_to_show(tmp_path: Path, tracker: Remembering) -> None:
    SampleWriter(lambda network, file: None, tmp_path, [tracker], every=1).after_step(trainer_at(1), {})
    assert tracker.pictures == []


def test_measures_are_told_and_kept(tracker: Remembering, stream: io.StringIO) -> None:
    evaluator = Evaluator(lambda network: {"distance": 2.5}, [tracker], Progress(100, stream=stream), every=2)
    for step in (1, 2, 3):
        evaluator.after_step(trainer_at(step), {})
    assert tracker.lines == [(8, {"validation/distance": 2.5})]
    assert evaluator.last == {"distance": 2.5}
    assert "step 2: distance 2.5" in stream.getvalue()

"""The guard: a run that falls goes back to its best weights and says so. And beginning with a model."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

import toolkit
from tests.tiny import TINY
from toolkit.engine.checkpoint import CheckpointStore
from toolkit.errors import CheckpointError, ConfigError, TrainingError
from toolkit.runs import resume, train
from toolkit.runs.session import Session

GUARDED = [
    "trainer.fall_back=0.5",
    "trainer.evaluate_every=2",
    "trainer.best_metric=made_up",
    "trainer.best_is=highest",
    "trainer.checkpoint_every=100",
]


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch):
    """The measure of each evaluation, in order; the last one is repeated."""

    def set_scores(*scores: float) -> None:
        left = list(scores)
        monkeypatch.setattr(
            Session, "_measure", lambda self, network: {"made_up": left.pop(0) if len(left) > 1 else left[0]}
        )

    return set_scores


def weights(run: Path) -> dict[str, torch.Tensor]:
    return dict(toolkit.load(run).module.state_dict())


def notes(run: Path) -> str:
    return (run / "notes.txt").read_text()


def at(run: Path, step: int) -> dict[str, torch.Tensor]:
    return next(one for one in CheckpointStore(run / "checkpoints").all() if one.step == step).weights("ema")


def test_a_fall_is_undone_and_the_model_is_the_best(tmp_path: Path, scored) -> None:
    scored(3.0, 4.0, 3.2, 3.9, 3.8)  # at steps 0, 2, 4, 6, and 8
    run = train(TINY, tmp_path / "run", [*GUARDED, "trainer.steps=8", "trainer.keep_checkpoints=9"], quiet=True).path
    said = notes(run)
    assert "made_up is 3 at the beginning" in said
    assert "step 4, 32 samples, guard: made_up fell from 4 at step 2 to 3.2" in said
    assert "the game counts 0.5 of its weight" in said
    assert "the model is that of step 2" in said
    best = at(run, 2)
    ours = weights(run)
    assert all(torch.equal(ours[name], best[name]) for name in ours)
    last = CheckpointStore(run / "checkpoints").latest()
    assert last is not None
    assert last.state()["trainer"]["game"]["strength"] == 0.5


def test_no_run_ends_below_the_model_it_began_with(tmp_path: Path, scored) -> None:
    first = train(TINY, tmp_path / "first", ["trainer.steps=3"], quiet=True).path
    scored(3.0, 1.0)
    overrides = [*GUARDED, "trainer.steps=4", f"start={first}"]
    run = train(TINY, tmp_path / "second", overrides, quiet=True).path
    ours, theirs = weights(run), weights(first)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert "back to the weights of step 0" in notes(run)


def test_a_measure_that_is_no_number_is_a_fall(tmp_path: Path, scored) -> None:
    scored(3.0, float("nan"), 3.1)
    run = train(TINY, tmp_path / "run", [*GUARDED, "trainer.steps=4"], quiet=True).path
    assert "fell from 3 at step 0 to nan" in notes(run)


def test_an_interrupted_run_falls_back_as_an_uninterrupted_one(tmp_path: Path, scored) -> None:
    more = [*GUARDED, "trainer.checkpoint_every=1"]
    scored(3.0, 4.0, 3.2, 4.5)
    whole = train(TINY, tmp_path / "whole", [*more, "trainer.steps=6"], quiet=True).path
    scored(3.0, 4.0, 3.2, 4.5)
    parts = train(TINY, tmp_path / "parts", [*more, "trainer.steps=4"], quiet=True).path
    resume(parts, ["trainer.steps=6"], quiet=True)
    last = [CheckpointStore(run / "checkpoints").latest() for run in (whole, parts)]
    assert [one.state()["trainer"]["game"]["strength"] for one in last if one] == [0.5, 0.5]
    ours, theirs = (one.weights("generator") for one in last if one)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_metric_that_is_not_measured_is_said_before_anything_is_trained(tmp_path: Path) -> None:
    overrides = [*GUARDED, "trainer.best_metric=blue"]
    with pytest.raises(TrainingError, match=r"best_metric=blue.*none of the measures"):
        train(TINY, tmp_path / "run", overrides, quiet=True)


def test_settings_that_guard_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="evaluate_every"):
        train(TINY, tmp_path / "run", ["trainer.fall_back=1", "trainer.evaluate_every=null"], quiet=True)
    with pytest.raises(ConfigError, match="discriminator_warmup"):
        train(TINY, tmp_path / "run", ["trainer.accuracy_band=[0.7, 0.8]"], quiet=True)
    with pytest.raises(ConfigError, match="smaller number first"):
        train(
            TINY,
            tmp_path / "run",
            ["trainer.accuracy_band=[0.9, 0.8]", "trainer.discriminator_warmup=10"],
            quiet=True,
        )


def test_a_start_that_is_missing_or_of_another_shape_is_refused(tmp_path: Path, trained: Path) -> None:
    with pytest.raises(CheckpointError, match=r"(?s)begins with the model .*nowhere.*start=null"):
        train(TINY, tmp_path / "run", [f"start={tmp_path / 'nowhere'}"], quiet=True)
    with pytest.raises(CheckpointError, match="do not fit"):
        train(TINY, tmp_path / "run", [f"start={trained}", "generator.width=12"], quiet=True)
    damaged = tmp_path / "damaged"
    shutil.copytree(trained / "model", damaged)
    (damaged / "model.safetensors").write_bytes(b"no")
    with pytest.raises(CheckpointError, match="model"):
        train(TINY, tmp_path / "run", [f"start={damaged}"], quiet=True)

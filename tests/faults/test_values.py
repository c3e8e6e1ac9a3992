"""Losses that stop being finite."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.faults.scripts import write_script
from tests.tiny import assert_same_state, newest, refused, reports, steps_saved, tiny_recipe, toolkit


@pytest.fixture
def script(tmp_path: Path) -> Path:
    return write_script(tmp_path)


def test_one_bad_step_is_skipped_counted_and_told(script: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    arguments = tiny_recipe("terms=[{name: faults_nan, first: 3, last: 3}]")
    outcome = toolkit("--import", script, "train", *arguments, "--out", run, "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.json["step"] == 6
    assert "step 3: not finite, turn skipped: generator/not_a_number, gradient/generator" in outcome.err
    lines = reports(run)
    assert [line["skipped_turns"] for line in lines] == [0, 0, 1, 1, 1, 1]
    assert [line["generator/not_a_number"] is None for line in lines] == [False, False, True, False, False, False]
    assert newest(run).state()["trainer"]["progress"]["skipped_turns"] == 1
    assert newest(run).state()["trainer"]["progress"]["bad_steps"] == 0


@pytest.mark.parametrize(
    ("overrides", "name"),
    [
        (["terms=[{name: faults_nan, first: 5}]"], "generator/not_a_number"),
        (["loss={name: faults_nan, first: 5}"], "discriminator/adversarial"),
    ],
)
def test_a_loss_that_stays_bad_stops_the_run_with_its_name(
    script: Path, tmp_path: Path, overrides: list[str], name: str
) -> None:
    run = tmp_path / "run"
    arguments = tiny_recipe("trainer.steps=12", "trainer.max_bad_steps=3", *overrides)
    message = refused("--import", script, "train", *arguments, "--out", run, "--quiet", code=3)
    assert "values stopped being finite" in message
    assert name in message
    assert "in each of the last 3 steps (step 7)" in message
    assert "-> lower the learning rate" in message
    assert steps_saved(run) == [2, 4]  # none from among the bad steps
    newest(run).verify()
    assert [line["skipped_turns"] for line in reports(run)][-1] > 0


def test_a_run_stopped_by_bad_values_goes_on_from_its_last_checkpoint(script: Path, tmp_path: Path) -> None:
    good = tiny_recipe("terms=[{name: faults_nan, first: 1000}]", "trainer.max_bad_steps=1")
    assert toolkit("--import", script, "train", *good, "--out", tmp_path / "good", "--quiet").code == 0
    bad = tiny_recipe("terms=[{name: faults_nan, first: 5}]", "trainer.max_bad_steps=1")
    refused("--import", script, "train", *bad, "--out", tmp_path / "bad", "--quiet", code=3)
    assert newest(tmp_path / "bad").step == 4
    assert toolkit("resume", tmp_path / "bad", "terms.0.first=1000", "--quiet").code == 0
    assert_same_state(tmp_path / "good", tmp_path / "bad")


def test_a_learning_rate_that_explodes_ends_in_words_and_not_in_a_broken_model(tmp_path: Path) -> None:
    rate = "optimizer.generator.lr=1e30", "optimizer.discriminator.lr=1e30"
    arguments = tiny_recipe(*rate, "trainer.steps=30", "trainer.max_bad_steps=2", "penalties=[]")
    message = refused("train", *arguments, "--out", tmp_path / "run", "--quiet", code=3)
    assert "values stopped being finite" in message
    assert not (tmp_path / "run" / "model").exists()
    for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines():
        assert "NaN" not in line
        json.loads(line)

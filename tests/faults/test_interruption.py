"""Runs that are stopped: by Ctrl-C, by the system, by kill -9 at any moment."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.scripts import write_script
from tests.tiny import (
    Outcome,
    assert_same_state,
    fresh,
    newest,
    reports,
    spawn,
    start,
    steps_saved,
    tiny_recipe,
    toolkit,
    wait_until,
)
from toolkit.runs import load

STEPS = 12
Moment = Callable[[Path], bool]


def slow_recipe(*overrides: str) -> list[str]:
    """The tiny recipe with steps long enough to be interrupted in."""
    options = ["trainer.checkpoint_every=3", "report.trackers=[tensorboard]", *overrides]
    return tiny_recipe(f"trainer.steps={STEPS}", "terms=[faults_slow]", *options)


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_script(tmp_path_factory.mktemp("script"))


@pytest.fixture(scope="module")
def uninterrupted(script: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that all others must equal in the end."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    outcome = fresh(folder, "--import", script, "train", *slow_recipe(), "--out", folder / "run", "--quiet")
    assert outcome.code == 0, outcome.err
    return folder / "run"


# -- signals ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stopped(script: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[signal.Signals, tuple[Path, Outcome]]:
    """Real processes that got a signal in the middle of training, and what they left."""
    processes: dict[signal.Signals, tuple[Path, subprocess.Popen[str]]] = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        run = tmp_path_factory.mktemp(number.name) / "run"
        arguments = slow_recipe("trainer.steps=100000", "trainer.checkpoint_every=100000")
        processes[number] = run, start("--import", script, "train", *arguments, "--out", run, "--json")
    left = {}
    for number, (run, process) in processes.items():
        wait_until(lambda run=run, process=process: len(reports(run)) >= 3 or process.poll() is not None)  # type: ignore[misc]
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        left[number] = run, Outcome(process.returncode, out, err)
    return left


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_run_with_everything_saved(
    stopped: dict[signal.Signals, tuple[Path, Outcome]], number: signal.Signals, code: int
) -> None:
    run, outcome = stopped[number]
    assert outcome.code == code, outcome.err
    assert "Traceback" not in outcome.err
    assert outcome.json["stopped_by"] == number.name
    step = outcome.json["step"]
    assert step == newest(run).step == len(reports(run)) >= 3
    assert json.loads((run / "model" / "config.json").read_text())["trained"]["steps"] == step
    assert len(load(run).generate(2)) == 2


def test_a_run_ended_by_a_signal_goes_on_as_if_nothing_had_happened(
    stopped: dict[signal.Signals, tuple[Path, Outcome]], script: Path, tmp_path: Path
) -> None:
    run, outcome = stopped[signal.SIGTERM]
    until = f"trainer.steps={outcome.json['step'] + 2}"
    assert toolkit("resume", run, until, "terms.0.seconds=0", "--quiet").code == 0
    whole = tmp_path / "whole"
    arguments = slow_recipe("trainer.checkpoint_every=100000", until, "terms.0.seconds=0")
    assert toolkit("--import", script, "train", *arguments, "--out", whole, "--quiet").code == 0
    assert_same_state(whole, run)


def test_the_way_to_go_on_is_told_in_words(script: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = spawn(tmp_path, "--import", script, "train", *slow_recipe("trainer.steps=100000"), "--out", run)
    wait_until(lambda: len(reports(run)) >= 2)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGINT)
    process.join(60)
    assert process.exitcode == 130
    words = (tmp_path / "stdout.txt").read_text()
    assert words.startswith("stopped by SIGINT at step ")
    assert words.endswith(f"everything is saved. Go on with: toolkit resume {run}\n")


def test_a_second_ctrl_c_does_not_wait_and_loses_no_checkpoint(script: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    arguments = slow_recipe("trainer.checkpoint_every=1", "terms.0={name: faults_slow, seconds: 0.5}")
    process = spawn(tmp_path, "--import", script, "train", *arguments, "--out", run)
    wait_until(lambda: len(reports(run)) >= 2)
    process.join(0.1)  # into the third step
    assert process.pid is not None
    os.kill(process.pid, signal.SIGINT)
    process.join(0.1)  # two signals at once would be one
    os.kill(process.pid, signal.SIGINT)
    process.join(60)
    assert process.exitcode == 130
    assert "interrupted" in (tmp_path / "stderr.txt").read_text()
    assert "Traceback" not in (tmp_path / "stderr.txt").read_text()
    assert newest(run).step >= 2


# -- kill -9 ----------------------------------------------------------------------------------------------------------


def after_report(count: int) -> Moment:
    return lambda run: len(reports(run)) >= count


def while_writing(pattern: str) -> Moment:
    return lambda run: any(run.glob(pattern))


MOMENTS: dict[str, list[Moment]] = {
    "before the first checkpoint": [after_report(1)],
    "while a checkpoint is written": [while_writing("checkpoints/.step-*.partial")] * 2,
    "after the last checkpoint, before the model": [while_writing(f"checkpoints/step-{STEPS:08d}")],
    "while the model is written": [while_writing(".model.*.partial")],
    "at any moment, again and again": [after_report(2), after_report(5), after_report(6), after_report(10)],
}


def killed_at(moments: list[Moment], script: Path, run: Path, tmp_path: Path, chance: random.Random) -> int:
    """Start a run, kill it at the first moment, resume it, kill it at the next; how often it was alive then."""
    kills = 0
    arguments: list[object] = ["--import", script, "train", *slow_recipe(), "--out", run, "--quiet"]
    for moment in moments:
        process = spawn(tmp_path, *arguments)
        wait_until(lambda moment=moment, process=process: moment(run) or not process.is_alive())  # type: ignore[misc]
        process.join(chance.uniform(0, 0.02))  # anywhere within the step
        process.kill()
        process.join(60)
        kills += process.exitcode == -signal.SIGKILL
        arguments = ["resume", run, "--quiet"]
    return kills


@pytest.mark.parametrize("moments", MOMENTS.values(), ids=MOMENTS.keys())
def test_a_run_killed_and_resumed_ends_as_if_it_never_stopped(
    moments: list[Moment], script: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    for attempt in range(20):  # the shortest moments last milliseconds: a run that got away is tried again
        run = tmp_path / f"run{attempt}"
        if killed_at(moments, script, run, tmp_path, random.Random(attempt)):
            break
    else:
        pytest.fail("no run could be killed at that moment")
    outcome = fresh(tmp_path, "resume", run, "--quiet")
    assert outcome.code == 0, outcome.err
    assert_same_state(uninterrupted, run)
    assert set(steps_saved(run)) >= set(steps_saved(uninterrupted))
    assert [line["step"] for line in reports(run)] == list(range(1, STEPS + 1))
    model = (run / "model" / "model.safetensors").read_bytes()
    assert model == (uninterrupted / "model" / "model.safetensors").read_bytes()
    assert [path for path in run.rglob("*") if path.suffix in (".partial", ".replaced")] == []

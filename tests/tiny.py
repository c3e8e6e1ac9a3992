"""The smallest run, and ways to call the command line on it: in this process, in a fresh one, in one to be killed."""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from toolkit.cli import main
from toolkit.engine.checkpoint import Checkpoint, CheckpointStore
from toolkit.registry import REGISTRY

torch.set_num_threads(1)  # so little work only takes longer when it is shared, most of all beside a busy neighbour

TINY = Path(__file__).with_name("tiny.yaml")


def tiny_recipe(*overrides: str) -> list[str]:
    """Arguments of `toolkit train` and of `load_recipe`: the tiny recipe, changed."""
    return [str(TINY), *overrides]


# -- calling the command line -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What a call of the command line left: exit code and both streams."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """All of stdout as one JSON document."""
        return json.loads(self.out)


def toolkit(*arguments: object) -> Outcome:
    """Call the command line in this process, which is fast. Anything but a clean exit is an error of the test."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    code = ended.value.code
    return Outcome(code if isinstance(code, int) else 0, out.getvalue(), err.getvalue())


def refused(*arguments: object, code: int = 2) -> str:
    """Call the command line with a mistake; returns the message, which is on stderr only and has no traceback."""
    outcome = toolkit(*arguments)
    assert outcome.code == code, outcome
    assert outcome.out == ""
    assert "error: " in outcome.err.lower()
    assert "Traceback" not in outcome.err
    return outcome.err


def start(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    """A real `python -m toolkit` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "toolkit", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
    )


# -- processes that start at once, to be killed or to prove that nothing lives on in memory ---------------------------

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "pytest",
        "sklearn.datasets",
        "torch._dynamo",
        "toolkit.runs",
        "toolkit.image.pipeline",
        "toolkit.image.dcgan",
        "toolkit.image.augment",
        "toolkit.adversarial.optimizers",
        "toolkit.adversarial.penalties",
    ]
)


def _run(arguments: list[str], files: tuple[str, str]) -> None:
    with open(files[0], "w") as out, open(files[1], "w") as err:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
    main(arguments)


def spawn(folder: Path, *arguments: object) -> multiprocessing.process.BaseProcess:
    """Start the command line in a process that has torch loaded, but nothing of this one; streams go to `folder`."""
    files = str(folder / "stdout.txt"), str(folder / "stderr.txt")
    process = _CONTEXT.Process(target=_run, args=([str(argument) for argument in arguments], files))
    process.start()
    return process


def fresh(folder: Path, *arguments: object) -> Outcome:
    """Call the command line in such a process and wait for it."""
    process = spawn(folder, *arguments)
    process.join(60)
    assert process.exitcode is not None
    return Outcome(process.exitcode, (folder / "stdout.txt").read_text(), (folder / "stderr.txt").read_text())


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Look often enough to catch a moment within a training step."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.001)


def reports(run: Path) -> list[dict[str, Any]]:
    """The whole lines of a run's metrics.jsonl so far."""
    file = run / "metrics.jsonl"
    return [json.loads(line) for line in file.read_text().split("\n")[:-1]] if file.is_file() else []


# -- looking at what was written --------------------------------------------------------------------------------------


def newest(run: Path) -> Checkpoint:
    """The newest checkpoint, verified."""
    checkpoint = CheckpointStore(run / "checkpoints").latest()
    assert checkpoint is not None
    return checkpoint


def steps_saved(run: Path) -> list[int]:
    """Steps of all checkpoints."""
    return [checkpoint.step for checkpoint in CheckpointStore(run / "checkpoints").all()]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, to show that nothing changed."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def assert_same_state(one: Path, other: Path) -> None:
    """The newest checkpoints of two runs agree in every bit of every network, optimiser and controller."""
    mine, theirs = newest(one), newest(other)
    assert mine.step == theirs.step
    assert mine.players == theirs.players
    for player in mine.players:
        _assert_same(mine.weights(player), theirs.weights(player), player)
    _assert_same(mine.state(), theirs.state(), "state")


def _assert_same(one: Any, other: Any, place: str) -> None:
    assert type(one) is type(other), place
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other), place
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), place
        for key in one:
            _assert_same(one[key], other[key], f"{place}.{key}")
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), place
        for number, (first, second) in enumerate(zip(one, other, strict=True)):
            _assert_same(first, second, f"{place}.{number}")
    else:
        assert one == other, place


# -- fixtures ---------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def forget_scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test registers is gone after it."""
    REGISTRY.parts()  # outside packages are looked up once
    monkeypatch.setattr(REGISTRY, "_parts", dict(REGISTRY._parts))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("toolkit_script_"):
            del sys.modules[name]


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of six steps. Copy it before changing it."""
    run = tmp_path_factory.mktemp("trained") / "run"
    outcome = toolkit("train", *tiny_recipe(), "--out", run, "--json")
    assert outcome.code == 0, outcome.err
    (run.parent / "result.json").write_text(outcome.out)
    (run.parent / "stderr.txt").write_text(outcome.err)
    return run

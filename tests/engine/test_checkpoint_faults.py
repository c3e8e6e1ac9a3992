"""What is left after a kill at any moment, and after a full disk: always the last good checkpoint."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from toolkit.engine.checkpoint import CheckpointStore
from toolkit.errors import TrainingError

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX processes")

# For k = 0, 1, 2, ...: a child process saves, and kills itself right before its k-th system call of a kind that changes
# what is on the disk. It stops when a child comes through alive, and prints what a reader finds after each.
KILLER = """
import json, os, signal, sys
from pathlib import Path
import torch
from toolkit.engine.checkpoint import CheckpointStore

def save(folder, step, value):
    weights = {"generator": {"w": torch.full((50,), float(value))}}
    CheckpointStore(folder, keep_last=1, keep_best=0).save(step, weights, {"value": value})

def save_and_die(folder, step, k):
    calls = 0
    def dying(call):
        def wrapped(*arguments, **keywords):
            nonlocal calls
            if calls == k:
                os.kill(os.getpid(), signal.SIGKILL)
            calls += 1
            return call(*arguments, **keywords)
        return wrapped
    for name in ("fsync", "rename", "mkdir", "rmdir", "unlink"):
        setattr(os, name, dying(getattr(os, name)))
    torch.save = dying(torch.save)
    save(folder, step, 2)

for step in (20, 10):
    k, survived = 0, False
    while not survived:
        folder = Path(sys.argv[1]) / f"step-{step}-kill-{k}"
        save(folder, 10, 1)
        child = os.fork()
        if child == 0:
            save_and_die(folder, step, k)
            os._exit(0)
        survived = os.waitpid(child, 0)[1] == 0
        found = CheckpointStore(folder).latest()
        left = sorted(os.listdir(folder))
        kill = {"saved": step, "survived": survived, "step": found.step, "value": found.state()["value"],
                "weight": found.weights("generator")["w"].unique().tolist(), "left": left}
        save(folder, 30, 3)
        print(json.dumps(kill | {"after": sorted(os.listdir(folder))}))
        k += 1
"""

ENDLESS = """
import sys
from pathlib import Path
import torch
from toolkit.engine.checkpoint import CheckpointStore

store, step = CheckpointStore(Path(sys.argv[1])), 0
while True:
    step += 1
    store.save(step, {"generator": {"w": torch.full((100_000,), float(step))}}, {"step": step})
    print(step, flush=True)
"""


def python(code: str, *arguments: object) -> list[str]:
    return [sys.executable, "-W", "error", "-c", code, *map(str, arguments)]


@pytest.fixture(scope="module")
def all_kills(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    done = subprocess.run(python(KILLER, tmp_path_factory.mktemp("kills")), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("step", [20, 10], ids=["a new step", "the same step again"])
def test_a_kill_at_any_system_call_leaves_a_whole_checkpoint(all_kills: list[dict[str, Any]], step: int) -> None:
    kills = [kill for kill in all_kills if kill["saved"] == step]
    assert len(kills) > 8  # the save really was cut at many places
    assert [kill["survived"] for kill in kills] == [False] * (len(kills) - 1) + [True]
    for kill in kills:
        assert (kill["step"], kill["value"]) in {(10, 1), (step, 2)}, kill
        assert kill["weight"] == [kill["value"]], kill
    values = [kill["value"] for kill in kills]
    assert values == sorted(values)  # the new one is not lost again once it was there
    assert values[0] == 1
    assert values[-1] == 2
    assert any(name.startswith(".") for kill in kills for name in kill["left"])  # leftovers there were
    assert all(kill["after"] == ["step-00000030"] for kill in kills)  # and the next save removed them


def test_a_kill_out_of_the_blue_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    with subprocess.Popen(python(ENDLESS, tmp_path), stdout=subprocess.PIPE, text=True) as saver:
        assert saver.stdout is not None
        for _ in range(5):
            saver.stdout.readline()
        saver.kill()
        printed = [5, *(int(line) for line in saver.stdout.read().splitlines(keepends=True) if line.endswith("\n"))]
    found = CheckpointStore(tmp_path).latest()
    assert found is not None
    assert found.step >= printed[-1]  # what was reported as saved is saved
    assert found.weights("generator")["w"].unique().tolist() == [found.step]


def full(call: Callable[..., object], at: int) -> Callable[..., object]:
    """The call, which finds the disk full after `at` times."""
    count = 0

    def wrapped(*arguments: object, **keywords: object) -> object:
        nonlocal count
        count += 1
        if count > at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return call(*arguments, **keywords)

    return wrapped


@pytest.mark.parametrize("at", range(5))
def test_a_full_disk_costs_nothing_that_was_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    store = CheckpointStore(tmp_path, keep_last=1, keep_best=0)
    weights = {"generator": {"w": torch.zeros(3)}}
    store.save(1, weights, {"step": 1}, {"recipe.yaml": ""})
    with monkeypatch.context() as disk:
        for owner, name in ((os, "fsync"), (os, "mkdir"), (torch, "save"), (Path, "write_bytes")):
            disk.setattr(owner, name, full(getattr(owner, name), at))
        with pytest.raises(TrainingError, match=r"disk full while writing .*step-00000002"):
            store.save(2, weights, {"step": 2}, {"recipe.yaml": ""})
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000001"]
    store.save(3, weights, {"step": 3})
    found = store.latest()
    assert found is not None
    assert found.state() == {"step": 3}

"""Two gloo processes against one process with the whole batch, in float64."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist

from tests.engine import two_processes
from tests.engine.two_processes import LOSSES, Result
from toolkit.engine.processes import Processes, average_gradients, start_processes
from toolkit.errors import ToolkitError, TrainingError

ROOT = Path(__file__).parents[2]
ALONE = Processes(0, 1, 0)
ENVIRONMENT = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    """What rank 0 and rank 1 computed."""
    folder = tmp_path_factory.mktemp("two")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    common = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    running = [
        subprocess.Popen(
            [sys.executable, "-W", "error::FutureWarning", "-m", "tests.engine.two_processes", str(folder)],
            env={**os.environ, **common, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        for process in running:
            _, errors = process.communicate(timeout=100)
            assert process.returncode == 0, errors
    finally:
        for process in running:
            process.kill()
            process.wait()
    return [torch.load(folder / f"rank{rank}.pt", weights_only=True) for rank in range(2)]


def assert_same(actual: Any, expected: Any) -> None:
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-12)


def test_each_process_knows_its_place(two: list[Result]) -> None:
    assert [result["processes"] for result in two] == [(0, 2, 0, True), (1, 2, 1, False)]
    assert [result["device"] for result in two] == [["cpu", "cuda:0"], ["cpu", "cuda:1"]]


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_and_losses_are_those_of_the_whole_batch(two: list[Result], name: str) -> None:
    expected = two_processes.gradients(ALONE, name)
    assert max(gradient.abs().max() for gradient in expected["gradients"]) > 1e-3  # there is something to compare
    for result in two:
        assert_same(result["gradients"][name], expected)


def test_weights_stay_those_of_one_process_through_training(two: list[Result]) -> None:
    expected = two_processes.trained(ALONE)
    for result in two:
        assert_same(result["trained"], expected)


def test_the_global_mean_can_be_differentiated_twice(two: list[Result]) -> None:
    assert_same(torch.cat([result["twice"] for result in two]), two_processes.differentiated_twice(ALONE))


def test_a_gradient_missing_here_counts_as_zeros_and_one_missing_everywhere_stays_missing(two: list[Result]) -> None:
    for result in two:
        everywhere, only_one, nowhere, strided = result["uneven"]
        assert everywhere.tolist() == [1.5, 1.5]
        assert only_one.tolist() == [2.0, 2.0, 2.0]
        assert only_one.dtype == torch.float64
        assert nowhere is None
        assert torch.equal(strided, torch.arange(24.0).view(2, 3, 2, 2) * 1.5)


def test_a_value_that_is_not_finite_on_one_process_is_seen_by_all(two: list[Result]) -> None:
    for result in two:
        first, bad, last = result["extra"].tolist()
        assert (first, last) == (1.0, 3.5)
        assert bad != bad


def test_a_module_is_that_of_rank_0_afterwards(two: list[Result]) -> None:
    mine, other = (result["broadcast"] for result in two)
    assert mine["1.num_batches_tracked"].item() == 10
    assert mine["mask"].tolist() == [True, True]
    assert mine.keys() == other.keys()
    assert all(torch.equal(mine[name], other[name]) for name in mine)


def test_objects_and_votes_reach_everybody(two: list[Result]) -> None:
    for result in two:
        assert result["gathered"] == [{"rank": 0}, {"rank": 1}]
        assert result["agree"] == [False, True, True]


def test_alone_everything_is_plain_and_nothing_is_initialised(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    with start_processes(torch.device("cpu")) as processes:
        assert processes == ALONE
        assert processes.device(torch.device("cuda:3")) == torch.device("cuda:3")
        assert not dist.is_initialized()
        result = two_processes.everything(processes)
    assert result["gathered"] == [{"rank": 0}]
    assert result["agree"] == [False, False, True]
    assert result["uneven"][1] is None
    extra = torch.tensor([1.0, 2.0])
    assert average_gradients([], extra) is extra


def test_torchrun_with_one_process_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "1")
    monkeypatch.setenv("RANK", "0")
    with start_processes(torch.device("cpu")) as processes:
        assert processes == ALONE
        assert not dist.is_initialized()


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"WORLD_SIZE": "2"}, "WORLD_SIZE is 2, but RANK is missing"),
        ({"WORLD_SIZE": "2", "RANK": "one"}, "RANK is 'one'"),
        ({"WORLD_SIZE": "two"}, "WORLD_SIZE is 'two'"),
        ({"WORLD_SIZE": "2", "RANK": "2", "LOCAL_RANK": "2"}, "RANK is 2, but WORLD_SIZE is 2"),
    ],
)
def test_a_broken_environment_is_explained(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], complaint: str
) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ToolkitError, match=complaint), start_processes(torch.device("cpu")):
        pass


def test_a_missing_meeting_point_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    for name, value in {"WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    with (
        pytest.raises(TrainingError, match=r"process 1 of 2 cannot join the others.*\n.*torchrun"),
        start_processes(torch.device("cpu")),
    ):
        pass

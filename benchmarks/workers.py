"""Variants in processes of their own, timed in interleaved rounds: what the comparisons with published steps share.

A process each, so that the published step keeps the allocator and the waiting policy it was published with;
interleaved, so that a neighbour that takes the processor for a while hurts all alike.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from toolkit.engine.device import choose_device, choose_precision


class Worker:
    """One variant in a process of its own, which runs the calling script as `SCRIPT worker ARGUMENTS`.

    Args:
        arguments: what the script's own `worker` command understands.
        environment: variables to set, or to take out where the value is `None`.
    """

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str | None] | None = None) -> None:
        changed = {**os.environ, **(environment or {})}
        self._name = " ".join(arguments)
        self._process = subprocess.Popen(
            [sys.executable, sys.argv[0], "worker", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={name: value for name, value in changed.items() if value is not None},
        )

    def __call__(self) -> float:
        """Seconds of one call."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"the process of '{self._name}' ended (code {self._process.wait()}); -9 is want of memory")
        return float(answer)

    def close(self) -> float:
        """End the process; its peak resident MiB."""
        return float(self._process.communicate()[0])


def serve(call: Callable[[], Any], calls: int = 1) -> None:
    """What a worker does: answer every line on stdin with the seconds of a call; at its end, with the peak memory.

    Args:
        call: what is timed.
        calls: of so many in a row the last is timed: a short one otherwise meets the caches that its rivals left.
    """
    for _ in sys.stdin:
        for _ in range(calls - 1):
            call()
        print(timed(call), flush=True)
    print(high_water_mark(), flush=True)


def timed(call: Callable[[], Any]) -> float:
    """Seconds of one call."""
    started = time.perf_counter()
    call()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - started


def interleaved(workers: Mapping[str, Worker], rounds: int) -> dict[str, tuple[float, float]]:
    """Median seconds per call, after one round to warm up, and peak MiB; closes the workers."""
    taken: dict[str, list[float]] = {name: [] for name in workers}
    for place in range(rounds + 1):
        for name, call in workers.items():
            seconds = call()
            if place:
                taken[name].append(seconds)
    return {name: (statistics.median(taken[name]), each.close()) for name, each in workers.items()}


def one_by_one(workers: Mapping[str, Callable[[], Worker]], rounds: int) -> dict[str, tuple[float, float]]:
    """The same as `interleaved`, for steps so large that the memory holds only one of the processes at a time."""
    found = {}
    for name, start in workers.items():
        worker = start()
        worker()
        found[name] = (statistics.median(worker() for _ in range(rounds)), worker.close())
    return found


def matmul_peak() -> float:
    """FLOP/s of a 3072 x 3072 product in the precision that `auto` chooses, the best of six."""
    device = choose_device("auto")
    precision = choose_precision("auto", device)
    left = torch.randn(3072, 3072, device=device)

    def product() -> None:
        with precision.autocast():
            left @ left

    return float(2 * 3072**3 / min(timed(product) for _ in range(6)))


def high_water_mark() -> float:
    """Peak resident MiB. On Linux from /proc: `ru_maxrss` of a started process begins at its parent's."""
    status = Path("/proc/self/status")
    if status.is_file():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

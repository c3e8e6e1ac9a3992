"""Training steps of the toolkit against plain PyTorch, on the same networks, in the same run.

    python benchmarks/train_step.py overhead            # the core's own cost: same settings as the plain loop, batch 64
    python benchmarks/train_step.py options dcgan-64    # what each engine option gives
    python benchmarks/train_step.py all --out benchmarks/results/train_step.json

Rounds are interleaved (plain, toolkit, plain, ...), so a neighbour that takes the processor for a while hurts all
alike; medians are compared. Peak memory is read in a process of its own per variant.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch: see docs/decisions/0006

import torch
from networks import CASES, plain_step, toolkit_step
from workers import high_water_mark

from toolkit.engine.device import choose_device, describe_machine, tune_allocator

BATCH = 64
SAME: dict[str, Any] = {
    "engine__precision": "float32",
    "engine__channels_last": False,
    "trainer__micro_batch": None,
}
"""Settings with which the toolkit computes exactly what the plain loop computes."""


def variants(case: str) -> dict[str, dict[str, Any]]:
    """The engine options that are tried on a case, each added to the one before where that makes sense."""
    cuda = torch.cuda.is_available()
    found: dict[str, dict[str, Any]] = {
        "same settings": SAME,
        "+ channels last": {**SAME, "engine__channels_last": True},
        "+ bfloat16": {**SAME, "engine__precision": "bfloat16"},
        "+ channels last + bfloat16": {**SAME, "engine__channels_last": True, "engine__precision": "bfloat16"},
    }
    if not case.startswith("dcgan") and not cuda:
        best = found["+ channels last + bfloat16"]
        for piece in (8, 16, 32):
            found[f"+ channels last + bfloat16 + pieces of {piece}"] = {**best, "trainer__micro_batch": piece}
    if case == "residual-32":
        first_order = [
            {"name": "r1_first_order", "weight": 1.0},
            {"name": "r1_first_order", "weight": 1.0, "side": "fake"},
        ]
        found["first-order penalties, + channels last + bfloat16"] = {
            **found["+ channels last + bfloat16"],
            "penalties": first_order,
        }
    if case == "dcgan-64":
        found["+ channels last + bfloat16 + shared batch and fakes"] = {
            **found["+ channels last + bfloat16"],
            "trainer__shared_batch": True,
            "trainer__shared_fakes": True,
        }
    found["defaults"] = {}
    if cuda:
        found["defaults + compile"] = {"engine__compile": True}
    return found


def measure(steps: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """Median seconds per step of each, over interleaved rounds after two to warm up."""
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for place in range(rounds + 2):
        for name, step in steps.items():
            _wait()
            started = time.perf_counter()
            step()
            _wait()
            if place >= 2:
                taken[name].append(time.perf_counter() - started)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def overhead(case: str = "dcgan-32", rounds: int = 30) -> dict[str, Any]:
    """What the core adds to a loop that computes the same."""
    steps = {
        "plain": plain_step(case, BATCH),
        "plain, lean": plain_step(case, BATCH, lean=True),
        "toolkit": toolkit_step(case, BATCH, **_shared(case)),
    }
    found = measure(steps, rounds)
    return {
        "case": case,
        "batch": BATCH,
        "milliseconds": {name: round(seconds * 1e3, 2) for name, seconds in found.items()},
        "overhead_over_plain": round(found["toolkit"] / found["plain"] - 1, 4),
        "overhead_over_lean": round(found["toolkit"] / found["plain, lean"] - 1, 4),
    }


def _shared(case: str) -> dict[str, Any]:
    """The plain DCGAN loop shows the generator's turn the fakes of the discriminator's; so must the toolkit then."""
    if CASES[case]["loss"] == "relativistic":
        return SAME
    return {**SAME, "trainer__shared_batch": True, "trainer__shared_fakes": True}


def options(case: str, rounds: int) -> list[dict[str, Any]]:
    """Every variant against the plain loop, interleaved."""
    steps: dict[str, Callable[[], None]] = {"plain": plain_step(case, BATCH)}
    steps.update({name: toolkit_step(case, BATCH, **changes) for name, changes in variants(case).items()})
    found = measure(steps, rounds)
    rows = []
    for name, seconds in found.items():
        row = {
            "case": case,
            "variant": name,
            "ms": round(seconds * 1e3, 1),
            "images_per_second": round(BATCH / seconds, 1),
            "speed_up": round(found["plain"] / seconds, 2),
            "peak_mib": _peak_memory(case, name),
        }
        rows.append(row)
        print(
            f"{case:12} {name:58} {row['ms']:9.1f} ms {row['images_per_second']:8.1f} img/s "
            f"{row['speed_up']:5.2f}x {row['peak_mib']:6.0f} MiB",
            flush=True,
        )
    return rows


def _peak_memory(case: str, variant: str) -> float:
    """Peak resident MiB of a process that does three such steps and nothing else."""
    command = [sys.executable, *sys.argv[:1], "memory", case, variant]
    command += [flag for flag in sys.argv if flag == "--system-allocator"]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])


def memory(case: str, variant: str) -> None:
    """Three steps in this process; prints its peak resident MiB."""
    step = plain_step(case, BATCH) if variant == "plain" else toolkit_step(case, BATCH, **variants(case)[variant])
    for _ in range(3):
        step()
    print(high_water_mark())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["overhead", "options", "all", "memory"])
    parser.add_argument("rest", nargs="*")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--system-allocator", action="store_true", help="do not tune the allocator")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    if not arguments.system_allocator:
        tune_allocator()
    if arguments.what == "memory":
        memory(*arguments.rest)
        return
    result: dict[str, Any] = {
        "machine": describe_machine(choose_device("auto")),
        "allocator": "system" if arguments.system_allocator else "tuned",
    }
    if arguments.what in ("overhead", "all"):
        result["overhead"] = overhead()
        print(result["overhead"], flush=True)
    if arguments.what in ("options", "all"):
        cases = arguments.rest or list(CASES)
        result["options"] = [row for case in cases for row in options(case, arguments.rounds)]
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()

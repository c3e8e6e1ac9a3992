"""Recipes against each other at equal computing time: Fréchet distance on the test split, several seeds.

    python benchmarks/equal_time.py image/fashion_mnist residual dcgan --seconds 240 --seeds 0 1 2

Each variant first plays 40 steps to learn what a step costs; then every run gets as many steps as fit into the time,
with its schedules ending there. Time is processor time of one core (each run uses one thread), so neighbours do not
decide the result, and two runs can share a two-core machine: `--at-once 2`.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch: see docs/decisions/0006
os.environ["OMP_NUM_THREADS"] = "1"

import toolkit
from toolkit.engine.device import choose_device, describe_machine

QUIET = ["engine.threads=1", "trainer.samples_every=null", "trainer.checkpoint_every=1000000", "report.trackers=[]"]
TRIAL_STEPS = 40


def play(recipe: str, variant: str, seed: int, steps: int, out: Path, changes: list[str]) -> float:
    """Train; returns processor seconds."""
    started = time.process_time()
    overrides = [f"variant={variant}", f"seed={seed}", f"trainer.steps={steps}", *QUIET, *changes]
    toolkit.train(recipe, out=out, overrides=overrides, quiet=True)
    return time.process_time() - started


def step_cost(recipe: str, variant: str, out: Path, changes: list[str]) -> tuple[float, int]:
    """Processor seconds of a step, without what a run costs once; and the batch size."""
    short = play(recipe, variant, 0, 5, out / f"trial-{variant}-short", changes)
    long = play(recipe, variant, 0, 5 + TRIAL_STEPS, out / f"trial-{variant}-long", changes)
    batch = toolkit.load_recipe(recipe, [f"variant={variant}", *changes]).trainer.batch_size
    return (long - short) / TRIAL_STEPS, batch


def schedules(recipe: str, variant: str, samples: int, changes: list[str]) -> list[str]:
    """Overrides that end every schedule of the recipe after so many samples."""
    document = toolkit.load_recipe(recipe, [f"variant={variant}", *changes]).model_dump()
    found: list[str] = []

    def visit(node: Any, path: str) -> None:
        if isinstance(node, dict):
            if "samples" in node and node.get("name") in ("cosine", "linear", "exponential"):
                found.append(f"{path}.samples={samples}")
            for key, value in node.items():
                visit(value, f"{path}.{key}" if path else key)
        elif isinstance(node, (list, tuple)):
            for place, value in enumerate(node):
                visit(value, f"{path}.{place}")

    for section in ("penalties", "optimizer", "augmentation"):
        visit(document.get(section), section)
    return found


def compete(task: tuple[str, str, int, int, int, str, list[str]]) -> dict[str, Any]:
    """One run and its measures."""
    recipe, variant, seed, steps, batch, folder, changes = task
    out = Path(folder) / f"{variant}-{seed}"
    ending = schedules(recipe, variant, steps * batch, changes)
    seconds = play(recipe, variant, seed, steps, out, [*changes, *ending])
    result = toolkit.evaluate(out, seed=seed, repeats=0)
    row = {"variant": variant, "seed": seed, "steps": steps, "cpu_seconds": round(seconds, 1)}
    row["features"] = result["features"]
    row["metrics"] = {name: round(value, 5) for name, value in result["metrics"].items()}
    print(json.dumps(row), flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("variants", nargs="+")
    parser.add_argument("--seconds", type=float, default=240)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--runs", type=Path, default=Path("runs/equal_time"))
    parser.add_argument("--change", action="append", default=[], help="an override for every run")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    tasks = []
    for variant in arguments.variants:
        cost, batch = step_cost(arguments.recipe, variant, arguments.runs, arguments.change)
        steps = math.floor(arguments.seconds / cost)
        print(f"{variant}: {cost * 1e3:.1f} ms a step on one core, {steps} steps", file=sys.stderr, flush=True)
        tasks += [
            (arguments.recipe, variant, seed, steps, batch, str(arguments.runs), arguments.change)
            for seed in arguments.seeds
        ]
    with ProcessPoolExecutor(arguments.at_once) as pool:
        rows = list(pool.map(compete, sorted(tasks, key=lambda task: task[2])))
    summary = {}
    for variant in arguments.variants:
        values = [row["metrics"]["frechet_distance"] for row in rows if row["variant"] == variant]
        summary[variant] = {"mean": statistics.mean(values), "deviation": statistics.stdev(values)}
    print(json.dumps(summary, indent=2))
    result = {
        "machine": describe_machine(choose_device("auto")),
        "recipe": arguments.recipe,
        "seconds": arguments.seconds,
        "summary": summary,
        "runs": rows,
    }
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()

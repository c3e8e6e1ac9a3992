"""What the first-order stand-in for R1 + R2 costs in quality: the same recipe with both, equal steps, several seeds.

    python benchmarks/first_order.py --steps 300 --at-once 3 --out benchmarks/results/first_order.json

The digits at 16x16 with narrow networks; the weight of both penalties, gamma, is that of the recipe.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch: see docs/decisions/0006
os.environ["OMP_NUM_THREADS"] = "1"

import toolkit
from toolkit.engine.device import choose_device, describe_machine

RECIPE, GAMMA = "image/digits", 0.5
MEASURES = ("frechet_distance", "accuracy", "precision", "recall")


def overrides(difference: float | None, seed: int, steps: int, precision: str) -> list[str]:
    """The digits recipe with exact penalties, or with finite differences of this size."""
    if difference is None:
        penalties: list[dict[str, Any]] = [{"name": name, "weight": GAMMA} for name in ("r1", "r2")]
    else:
        kind = {"name": "r1_first_order", "weight": GAMMA, "step": difference}
        penalties = [{**kind, "side": side} for side in ("real", "fake")]
    quiet = ["engine.threads=1", "trainer.samples_every=null", "trainer.evaluate_every=null", "report.trackers=[]"]
    return [
        f"penalties={json.dumps(penalties)}",
        f"seed={seed}",
        f"trainer.steps={steps}",
        f"engine.precision={precision}",
        "trainer.checkpoint_every=1000000",
        "generator.width=16",
        "discriminator.width=16",
        *quiet,
    ]


def play(task: tuple[float | None, int, int, str]) -> dict[str, Any]:
    """One run and its measures."""
    difference, seed, steps, precision = task
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        changes = overrides(difference, seed, steps, precision)
        toolkit.train(RECIPE, out=Path(folder) / "run", overrides=changes, quiet=True)
        seconds = time.process_time() - started
        found = toolkit.evaluate(Path(folder) / "run", seed=seed, repeats=0)["metrics"]
    row: dict[str, Any] = {
        "penalties": name_of(difference),
        "seed": seed,
        "steps": steps,
        "computed_in": precision,
        "cpu_seconds": round(seconds, 1),
    }
    row |= {name: round(found[name], 4) for name in MEASURES}
    print(json.dumps(row), flush=True)
    return row


def name_of(difference: float | None) -> str:
    """`exact`, or the size of the finite difference."""
    return "exact" if difference is None else f"first order, step {difference:g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--differences", type=float, nargs="+", default=[0.05], help="of the first-order penalties")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    forms = [None, *arguments.differences]
    tasks = [(form, seed, arguments.steps, arguments.precision) for form in forms for seed in arguments.seeds]
    with ProcessPoolExecutor(arguments.at_once) as pool:
        rows = list(pool.map(play, tasks))
    summary = {
        form: {name: statistics.mean(row[name] for row in rows if row["penalties"] == form) for name in MEASURES}
        for form in map(name_of, forms)
    }
    print(json.dumps(summary, indent=2))
    if arguments.out:
        machine = describe_machine(choose_device("auto"))
        arguments.out.write_text(json.dumps({"machine": machine, "summary": summary, "runs": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()

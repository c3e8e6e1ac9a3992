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
FORMS = {
    "exact": [{"name": "r1"}, {"name": "r2"}],
    "first order": [{"name": "r1_first_order", "side": "real"}, {"name": "r1_first_order", "side": "fake"}],
}
MEASURES = ("frechet_distance", "accuracy", "precision", "recall")


def overrides(form: str, seed: int, steps: int) -> list[str]:
    """The digits recipe with these penalties,."""
    penalties = [{**spec, "weight": GAMMA} for spec in FORMS[form]]
    quiet = ["engine.threads=1", "trainer.samples_every=null", "trainer.evaluate_every=null", "report.trackers=[]"]
    return [
        f"penalties={json.dumps(penalties)}",
        f"seed={seed}",
        f"trainer.steps={steps}",
        "trainer.checkpoint_every=1000000",
        "generator.width=16",
        "discriminator.width=16",
        *quiet,
    ]


def play(task: tuple[str, int, int]) -> dict[str, Any]:
    """One run and its measures."""
    form, seed, steps = task
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        toolkit.train(RECIPE, out=Path(folder) / "run", overrides=overrides(form, seed, steps), quiet=True)
        seconds = time.process_time() - started
        found = toolkit.evaluate(Path(folder) / "run", seed=seed, repeats=0)["metrics"]
    row = {"penalties": form, "seed": seed, "steps": steps, "cpu_seconds": round(seconds, 1)}
    row |= {name: round(found[name], 4) for name in MEASURES}
    print(json.dumps(row), flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    tasks = [(form, seed, arguments.steps) for form in FORMS for seed in arguments.seeds]
    with ProcessPoolExecutor(arguments.at_once) as pool:
        rows = list(pool.map(play, tasks))
    summary = {
        form: {name: statistics.mean(row[name] for row in rows if row["penalties"] == form) for name in MEASURES}
        for form in FORMS
    }
    print(json.dumps(summary, indent=2))
    if arguments.out:
        machine = describe_machine(choose_device("auto"))
        arguments.out.write_text(json.dumps({"machine": machine, "summary": summary, "runs": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()

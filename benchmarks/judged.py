"""Judged against plain sampling: Fréchet distance of the same models, several seeds.

    python benchmarks/judged.py fashion-mnist fashion-mnist-conditional emoji --out benchmarks/results/judged.json

Each seed gives other latent vectors; the real pictures and their features are those of the model's own recipe,
held out.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch: see docs/decisions/0006

import toolkit
from toolkit.engine.device import choose_device, describe_machine


def distance(model: str, seed: int, judge: bool, samples: int | None) -> float:
    """Fréchet distance of one set of pictures to the held-out ones."""
    found = toolkit.evaluate(model, metrics=["frechet"], repeats=0, seed=seed, judge=judge, samples=samples)
    return round(found["metrics"]["frechet_distance"], 5)


def compare(model: str, seeds: list[int], samples: int | None) -> dict[str, Any]:
    """Both ways of sampling, seed by seed, and what judging changes on average."""
    plain = [distance(model, seed, judge=False, samples=samples) for seed in seeds]
    judged = [distance(model, seed, judge=True, samples=samples) for seed in seeds]
    changes = [after - before for before, after in zip(plain, judged, strict=True)]
    row = {
        "model": model,
        "seeds": seeds,
        "plain": plain,
        "judged": judged,
        "mean_plain": statistics.mean(plain),
        "mean_judged": statistics.mean(judged),
        "mean_change": statistics.mean(changes),
        "deviation_of_change": statistics.stdev(changes),
    }
    print(json.dumps(row), flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--samples", type=int, help="generated pictures; the recipe's evaluation_samples by default")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rows = [compare(model, arguments.seeds, arguments.samples) for model in arguments.models]
    if arguments.out:
        result = {"machine": describe_machine(choose_device("auto")), "rows": rows}
        arguments.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()

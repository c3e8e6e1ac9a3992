"""Golden losses: each recipe's first twenty steps in float32, made small.

`python -m tests.recipes.smoke` writes them anew. They live beside each recipe in `expected.json`, with the overrides
that made them, and are means over the twenty steps: they survive another processor's rounding, not a change of maths.
"""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2] / "recipes"
SMOKE = [
    "trainer.steps=20",
    "trainer.log_every=20",
    "trainer.batch_size=16",
    "trainer.samples_every=null",
    "trainer.evaluate_every=null",
    "engine.precision=float32",
    "engine.device=cpu",
    "report.trackers=[]",
    "report.samples=4",
]
TABLE: dict[str, dict[str, list[str]]] = {
    "image/digits": {
        "default": [],
        "unconditional": ["variant=unconditional"],
        "dcgan": ["variant=dcgan"],
        "residual": ["variant=residual"],
    },
    "image/fashion_mnist": {
        "default": ["generator.widths=[32, 32, 16, 16]", "discriminators.main.widths=[32, 32, 16, 16]"],
        "unconditional": [
            "variant=unconditional",
            "generator.widths=[32, 32, 16, 16]",
            "discriminators.main.widths=[32, 32, 16, 16]",
        ],
        "dcgan": ["variant=dcgan", "generator.width=16", "discriminators.main.width=16"],
    },
    "image/classifier": {"default": []},
}
"""Every packaged recipe, and the runs of it that are checked."""

NEEDS_DATA = {"image/fashion_mnist": "fashion-mnist"}
"""Recipes whose data does not come with the toolkit, and its folder in $TOOLKIT_DATA."""


def smoke(recipe: str, overrides: list[str]) -> dict[str, float]:
    """Losses of a smoke run, by name."""
    from toolkit.runs import train

    with tempfile.TemporaryDirectory() as folder:
        result = train(ROOT / recipe, Path(folder) / "run", [*overrides, *SMOKE], quiet=True)
    kept = ("generator/", "discriminator/", "gradient/")
    return {name: value for name, value in result.values.items() if name.startswith(kept) and math.isfinite(value)}


def write() -> None:
    """Write every recipe's `expected.json`."""
    for recipe, runs in TABLE.items():
        expected: dict[str, Any] = {
            "what": "mean losses of the first 20 steps in float32, made small by these overrides",
            "overrides": SMOKE,
            "relative_tolerance": 0.02,
            "runs": {name: {"overrides": extra, "losses": smoke(recipe, extra)} for name, extra in runs.items()},
        }
        (ROOT / recipe / "expected.json").write_text(json.dumps(expected, indent=2) + "\n")
        print(f"{recipe}: {len(runs)} runs")


if __name__ == "__main__":
    write()

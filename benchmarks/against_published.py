"""A full training step, and sampling, against the published code's own step on the same networks, in the same run.

    python benchmarks/against_published.py --out benchmarks/results/against_published.json
    python benchmarks/against_published.py dcgan-64 --rounds 9

Published steps are transcribed in `published.py`. Every variant runs in a process of its own, rounds are interleaved
and medians compared, batch 64. The share of
the peak is the arithmetic of the published step (counted by torch's FlopCounterMode; grouped convolutions by hand,
whose gradients it counts as dense) over the time, against a bfloat16 matrix product of the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch: see docs/decisions/0006

import torch
from networks import CASES, toolkit_step
from published import published
from torch.utils.flop_counter import FlopCounterMode
from workers import Worker, interleaved, matmul_peak, serve

from toolkit.engine.device import choose_device, describe_machine, tune_allocator
from toolkit.image.pipeline import ImagePipeline
from toolkit.runs.assemble import build_network

BATCH = 64
PUBLISHED = "published"
FIRST_ORDER = [
    {"name": "r1_first_order", "weight": 1.0},
    {"name": "r1_first_order", "weight": 1.0, "side": "fake"},
]
CASES["sngan-32"] = {
    "picture": (32, 3),
    "generator": {"name": "resnet", "resolution": 32, "channels": 3, "width": 256, "latent": 128},
    "discriminator": {"name": "resnet", "resolution": 32, "channels": 3, "width": 128},
    "loss": "hinge",
    "penalties": [],
}
CASES["residual-192"] = {
    **CASES["residual-32"],
    "generator": {**CASES["residual-32"]["generator"], "width": 192},
    "discriminator": {**CASES["residual-32"]["discriminator"], "width": 192},
}
SHARED = {"trainer__shared_batch": True, "trainer__shared_fakes": True}
VARIANTS: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {
    "dcgan-64": {"toolkit": ("dcgan-64", SHARED)},
    "sngan-32": {"toolkit": ("sngan-32", {}), "toolkit, shared fakes": ("sngan-32", SHARED)},
    "residual-192": {
        "toolkit, exact penalties": ("residual-192", {}),
        "toolkit, first-order penalties": ("residual-192", {"penalties": FIRST_ORDER}),
    },
}
"""Case -> name of a variant -> the toolkit's case and the changes of its recipe."""

TARGETS = {"dcgan-64": [2.1], "sngan-32": [2.7, 2.7], "residual-192": [2.5, 4.0]}


def worker(what: str, case: str, variant: str) -> None:
    """Answer every line on stdin with the seconds of a call, until stdin is closed."""
    serve(step_of(case, variant) if what == "step" else sampling_of(case, variant))


def step_of(case: str, variant: str) -> Callable[[], Any]:
    if variant == PUBLISHED:
        return published(case, BATCH)[2]
    tune_allocator()
    name, changes = VARIANTS[case][variant]
    return toolkit_step(name, BATCH, **changes)


def sampling_of(case: str, variant: str) -> Callable[[], Any]:
    """A call that makes a batch of pictures without gradients, as the published code and as the toolkit make them."""
    latent = 100 if case == "dcgan-64" else 128 if case == "sngan-32" else 64
    if variant == PUBLISHED:
        plain = published(case, BATCH)[0].eval()
        shape = (BATCH, latent, 1, 1) if case == "dcgan-64" else (BATCH, latent)
        return torch.no_grad()(lambda: plain(torch.randn(shape)))
    tune_allocator()
    device = choose_device("auto")
    spec = {**CASES[VARIANTS[case][variant][0]]["generator"], "latent": latent}
    pipeline = ImagePipeline(build_network("generators", spec, "generator", 0).to(device))
    pipeline.compute_in("auto")
    return lambda: pipeline.generate(BATCH, batch_size=BATCH)


def medians(what: str, case: str, variants: list[str], rounds: int) -> dict[str, float]:
    """Seconds per call, over interleaved rounds after one to warm up."""
    found = interleaved({variant: Worker([what, case, variant]) for variant in variants}, rounds)
    return {name: seconds for name, (seconds, _) in found.items()}


def work(case: str) -> float:
    """FLOP of one published step."""
    if case == "residual-192":  # 19 forward passes per picture, two of them of the generator; 1.11 GFLOP each
        return 19 * 1.11e9 * BATCH
    step = published(case, BATCH)[2]
    with FlopCounterMode(display=False) as counter:
        step()
    return float(counter.get_total_flops())


def compare(case: str, rounds: int, peak: float) -> dict[str, Any]:
    flop = work(case)
    found = medians("step", case, [PUBLISHED, *VARIANTS[case]], rounds)
    rows = []
    for (name, seconds), target in zip(found.items(), [None, *TARGETS[case]], strict=True):
        row = {
            "variant": name,
            "seconds": round(seconds, 4),
            "images_per_second": round(BATCH / seconds, 2),
            "ratio": round(found[PUBLISHED] / seconds, 2),
            "target": target,
            "share_of_peak": round(flop / seconds / peak, 3),
        }
        rows.append(row)
        print(
            f"{case:13} {name:34} {row['images_per_second']:8.2f} img/s {row['ratio']:5.2f}x (target {target}) "
            f"{row['share_of_peak']:6.1%} of the peak",
            flush=True,
        )
    first = next(iter(VARIANTS[case]))
    seconds = medians("sampling", case, [PUBLISHED, first], 4 * rounds)
    samples = {name: round(BATCH / value, 1) for name, value in seconds.items()}
    ratio = round(seconds[PUBLISHED] / seconds[first], 2)
    print(f"{case:13} sampling: {samples} img/s, {ratio}x (target 2)", flush=True)
    sampled = {"images_per_second": samples, "ratio": ratio, "target": 2.0}
    return {"case": case, "gflop": round(flop / 1e9, 1), "rounds": rounds, "steps": rows, "sampling": sampled}


def main() -> None:
    if sys.argv[1:2] == ["worker"]:
        worker(*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=list(VARIANTS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    peak = matmul_peak()
    print(f"peak {peak / 1e9:.0f} GFLOP/s")
    result = {
        "machine": describe_machine(choose_device("auto")),
        "peak_gflops": round(peak / 1e9),
        "cases": [compare(case, arguments.rounds, peak) for case in arguments.cases],
    }
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()

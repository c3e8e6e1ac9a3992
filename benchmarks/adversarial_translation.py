"""What a step of each objective costs, beside a step of cross entropy on the same batches.

`python benchmarks/adversarial_translation.py [--large]` plays the variants of `translation/dates_adversarial` from
random weights, the discriminator's turn included, and prints medians. `--large` takes a network of the size of small
translators in use (4 + 4 layers of width 256).
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import torch

from toolkit.config import load_recipe
from toolkit.engine.device import choose_device, choose_precision, describe_machine, tune_allocator
from toolkit.engine.processes import Processes
from toolkit.runs.assemble import build_game, build_loader, build_trainer, open_recipe

RECIPE = Path(__file__).resolve().parents[1] / "recipes" / "translation" / "dates_adversarial"
VARIANTS = ["more_mle", "game", "straight_through", "prefixes", "professor", "virtual", "reward", "risk"]
WARM, MEASURED = 2, 7
PLAIN = [
    "start=null",
    "trainer.accuracy_band=null",
    "trainer.discriminator_warmup=0",
    "trainer.fall_back=null",
    "data.count=2000",
    "data.held_out=20",
]
LARGE = [
    "generator.width=256",
    "generator.hidden=1024",
    "generator.encoder_layers=4",
    "generator.decoder_layers=4",
]


def seconds_per_step(variant: str, more: list[str]) -> float:
    """Median seconds of a step."""
    chosen = [] if variant == "game" else [f"variant={variant}"]
    if variant == "professor" and more:
        more = [*more, "discriminators.main.states=256"]
    recipe = load_recipe(RECIPE, [*chosen, *PLAIN, *more])
    device = choose_device("cpu")
    precision = choose_precision("float32", device)
    opened = open_recipe(recipe, precision.parameter_dtype)
    trainer = build_trainer(opened, build_game(opened, device, precision), device, precision, Processes())
    batches: Any = build_loader(opened, Processes())
    stream = (batches.batch(number) for number in range(1000))
    times = []
    for _ in range(WARM + MEASURED):
        began = time.perf_counter()
        trainer.step(stream)
        times.append(time.perf_counter() - began)
    return statistics.median(times[WARM:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    tune_allocator()
    print(describe_machine(choose_device("cpu")), f"threads {given.threads}")
    plain = None
    for variant in VARIANTS:
        seconds = seconds_per_step(variant, LARGE if given.large else [])
        plain = seconds if plain is None else plain
        print(f"{variant:18} {1000 * seconds:8.0f} ms  {seconds / plain:5.2f} x", flush=True)


if __name__ == "__main__":
    main()

"""What a step of each objective costs, beside a step of cross entropy on the same batches.

`python benchmarks/adversarial_translation.py [--large | --captions]` plays the variants of
`translation/dates_adversarial` from random weights, the discriminator's turn included, and prints medians. `--large`
takes a network of the size of small translators in use (4 + 4 layers of width 256), `--captions` the recipe
`translation/multi30k_adversarial` with its data and, with `--start RUN`, the weights that it begins with: random ones
write longer. `moving` is the game without the greedy translation that its baseline
needs; what plays `alone` has no cross entropy mixed in.
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
from toolkit.engine.models import load_weights, locate_model, read_model
from toolkit.engine.processes import Processes
from toolkit.runs.assemble import build_game, build_loader, build_trainer, open_recipe

RECIPES = Path(__file__).resolve().parents[1] / "recipes" / "translation"
VARIANTS = {
    "dates_adversarial": [
        "more_mle",
        "game",
        "moving",
        "straight_through",
        "prefixes",
        "professor",
        "virtual",
        "reward",
        "risk",
    ],
    "multi30k_adversarial": [
        "more_mle",
        "game",
        "moving",
        "moving alone",
        "straight_through",
        "straight_through alone",
        "virtual",
        "doubly",
        "reward",
        "risk",
    ],
}
WARM, MEASURED = 2, 7
PLAIN = [
    "start=null",
    "trainer.accuracy_band=null",
    "trainer.discriminator_warmup=0",
    "trainer.fall_back=null",
]
CHANGES = {  # of the recipe itself
    "game": [],
    "moving": ["estimator.baseline=moving"],
    "moving alone": ["estimator.baseline=moving", "terms=[]"],
    "straight_through alone": ["variant=straight_through", "terms=[]"],
}
FEW_DATES = ["data.count=2000", "data.held_out=20"]
LARGE = [
    "generator.width=256",
    "generator.hidden=1024",
    "generator.encoder_layers=4",
    "generator.decoder_layers=4",
]


def seconds_per_step(name: str, variant: str, more: list[str], start: str | None) -> float:
    """Median seconds of a step."""
    chosen = CHANGES.get(variant, [f"variant={variant}"])
    if variant == "professor" and LARGE[0] in more:
        more = [*more, "discriminators.main.states=256"]
    recipe = load_recipe(RECIPES / name, [*chosen, *PLAIN, *more])
    device = choose_device("cpu")
    precision = choose_precision(recipe.engine.precision, device)
    opened = open_recipe(recipe, precision.parameter_dtype)
    game = build_game(opened, device, precision)
    if start is not None:
        load_weights(game.generator, read_model(locate_model(start)).weights, start)
    trainer = build_trainer(opened, game, device, precision, Processes())
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
    parser.add_argument("--captions", action="store_true")
    parser.add_argument("--start", help="with --captions: a run of translation/multi30k_en_de")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    tune_allocator()
    print(describe_machine(choose_device("cpu")), f"threads {given.threads}")
    plain = None
    name = "multi30k_adversarial" if given.captions else "dates_adversarial"
    more = [] if given.captions else FEW_DATES
    for variant in VARIANTS[name]:
        seconds = seconds_per_step(name, variant, [*more, *(LARGE if given.large else [])], given.start)
        plain = seconds if plain is None else plain
        print(f"{variant:24} {1000 * seconds:8.0f} ms  {seconds / plain:5.2f} x", flush=True)


if __name__ == "__main__":
    main()

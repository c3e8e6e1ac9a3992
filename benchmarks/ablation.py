"""The same losses and penalties on pictures, a vocoder and a translator, through the one trainer.

    python benchmarks/ablation.py images vocoder translation --at-once 2 --out benchmarks/results/ablation.json
    python benchmarks/ablation.py --table benchmarks/results/ablation.json --plot docs/pictures/ablation.png

Five losses by three penalties, three seeds; small networks and short games, in minutes on a processor. The vocoder and
the translator begin each game with the same weights, learned without one, as their recipes do; `no game` goes on for as
many steps without discriminators. Rows that `--out` holds already are kept, so the command goes on where it stopped.
Weights of penalties are the same for every loss of a modality and were not tuned for any.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch: see docs/decisions/0006
os.environ["OMP_NUM_THREADS"] = "1"

from PIL import Image, ImageDraw

import toolkit
from toolkit.engine.device import choose_device, describe_machine

LOSSES = ("non_saturating", "hinge", "least_squares", "wasserstein", "relativistic")
PENALTIES = ("none", "r1 + r2", "gradient cap")
NO_GAME = "no game"
QUIET = [
    "engine.threads=1",
    "engine.precision=float32",
    "trainer.samples_every=null",
    "trainer.evaluate_every=null",
    "trainer.checkpoint_every=1000000",
    "report.trackers=[]",
]


@dataclass(frozen=True)
class Modality:
    """What is trained, and what counts.

    Attributes:
        recipe: packaged recipe.
        changes: overrides that make it small.
        first: further ones for the training without a game that every game begins with; empty for none.
        game: further ones for the game.
        without: further ones that take the discriminators away.
        weight: of R1 and R2, gamma.
        cap: gradient norm above which `gradient_cap` acts, weight 10.
        measure: name of the number that counts.
        better: whether less of it is better, or more.
        samples: to measure with; the recipe's own when `None`.
    """

    recipe: str
    changes: tuple[str, ...]
    first: tuple[str, ...]
    game: tuple[str, ...]
    without: tuple[str, ...]
    weight: float
    cap: float
    measure: str
    better: str
    samples: int | None = None


MODALITIES = {
    "images": Modality(
        recipe="image/digits",
        changes=("generator.width=16", "discriminator.width=16"),
        first=(),
        game=("trainer.steps=250",),
        without=(),
        weight=0.5,
        cap=1.0,
        measure="frechet_distance",
        better="less",
    ),
    "vocoder": Modality(
        recipe="speech/espeak",
        changes=(
            "data.synthesiser=additive",
            "data.sentences=40",
            "generator.channels=64",
            "generator.hidden=192",
            "generator.blocks=2",
        ),
        first=("trainer.steps=600", "trainer.generator_warmup=2400", "optimizer.generator.lr.samples=2400"),
        game=("trainer.steps=30", "trainer.generator_warmup=0", "optimizer.generator.lr=2e-4", "ema.half_life=60"),
        without=("trainer.generator_warmup=120",),
        weight=1e-4,
        cap=100.0,
        measure="mel_distance",
        better="less",
    ),
    "translation": Modality(
        recipe="translation/dates_adversarial",
        changes=("data.count=8000", "generator.width=64", "generator.hidden=128", "trainer.fall_back=null"),
        first=("variant=mle", "trainer.steps=700", "optimizer.generator.lr.then.samples=54000"),
        game=(
            "variant=straight_through",
            "trainer.steps=60",
            "trainer.accuracy_band=null",
            "trainer.discriminator_warmup=0",
        ),
        without=("variant=more_mle",),
        weight=0.01,
        cap=10.0,
        measure="exact_match",
        better="more",
        samples=300,
    ),
}


def penalties(name: str, modality: Modality) -> list[dict[str, Any]]:
    """Specs of a column's penalties."""
    if name == "none":
        return []
    if name == "r1 + r2":
        return [{"name": part, "weight": modality.weight} for part in ("r1", "r2")]
    return [{"name": "gradient_cap", "weight": 10.0 * modality.weight, "cap": modality.cap}]


def begin(name: str, place: Path) -> Path | None:
    """Train what every game of a modality begins with, if it is not there yet."""
    modality = MODALITIES[name]
    run = place / name
    if modality.first and not (run / "model").is_dir():
        toolkit.train(modality.recipe, out=run, overrides=[*modality.changes, *modality.first, *QUIET], quiet=True)
    return run if modality.first else None


def play(name: str, loss: str, penalty: str, seed: int, start: str | None) -> dict[str, Any]:
    """One game and what became of it."""
    modality = MODALITIES[name]
    changes = [*modality.changes, *modality.game, *QUIET, f"seed={seed}"]
    if loss == NO_GAME:
        changes = [item for item in changes if not item.startswith("variant=") or not modality.without]
        changes += modality.without
    else:
        changes += [f"loss={loss}", f"penalties={json.dumps(penalties(penalty, modality))}"]
    if start is not None:
        changes.append(f"start={start}")
    row: dict[str, Any] = {"modality": name, "loss": loss, "penalty": penalty, "seed": seed}
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        try:
            toolkit.train(modality.recipe, out=Path(folder) / "run", overrides=changes, quiet=True)
        except toolkit.errors.TrainingError as error:  # a game that ends in values that are not finite is a result
            return {**row, "failed": error.message}
        row["cpu_seconds"] = round(time.process_time() - started, 1)
        found = toolkit.evaluate(Path(folder) / "run", seed=seed, repeats=0, samples=modality.samples)["metrics"]
    return {**row, modality.measure: round(found[modality.measure], 5)}


def wanted(names: Sequence[str], seeds: Sequence[int]) -> list[tuple[str, str, str, int]]:
    """Every run."""
    runs = []
    for name in names:
        cells = [(loss, penalty) for loss in LOSSES for penalty in PENALTIES]
        if MODALITIES[name].without:
            cells.append((NO_GAME, "none"))
        runs += [(name, loss, penalty, seed) for loss, penalty in cells for seed in seeds]
    return runs


def cell(rows: Sequence[dict[str, Any]], name: str, loss: str, penalty: str) -> list[float] | None:
    """The values of a cell, one for each seed; `None` where a run failed or is missing."""
    measure = MODALITIES[name].measure
    own = [row for row in rows if (row["modality"], row["loss"], row["penalty"]) == (name, loss, penalty)]
    return None if not own or any(measure not in row for row in own) else [row[measure] for row in own]


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown: means over the seeds, with half of their range."""
    lines = []
    for name, modality in MODALITIES.items():
        if not any(row["modality"] == name for row in rows):
            continue
        lines += [f"{name}: {modality.measure}, {modality.better} is better", ""]
        lines += [f"| loss | {' | '.join(PENALTIES)} |", "| --- |" + " --- |" * len(PENALTIES)]
        for loss in (*LOSSES, NO_GAME):
            cells = [cell(rows, name, loss, penalty) for penalty in PENALTIES]
            if loss == NO_GAME and cells[0] is None:
                continue
            words = [
                "-" if one is None else f"{statistics.mean(one):.3g} ± {(max(one) - min(one)) / 2:.1g}" for one in cells
            ]
            lines.append(f"| {loss} | {' | '.join(words)} |")
        lines.append("")
    return "\n".join(lines)


def plot(rows: Sequence[dict[str, Any]]) -> Image.Image:
    """A map of each modality: green is the best cell, red the worst, grey is missing or not finite."""
    side, tall, left, top = 110, 30, 120, 60
    names = [name for name in MODALITIES if any(row["modality"] == name for row in rows)]
    page = Image.new("RGB", (left + len(names) * (len(PENALTIES) * side + 30), top + len(LOSSES) * tall + 10), "white")
    pen = ImageDraw.Draw(page)
    for down, loss in enumerate(LOSSES):
        pen.text((8, top + down * tall + 9), loss, fill="black")
    for place, name in enumerate(names):
        modality, x = MODALITIES[name], left + place * (len(PENALTIES) * side + 30)
        pen.text((x, 8), f"{name}: {modality.measure} ({modality.better} is better)", fill="black")
        means = {
            (loss, penalty): statistics.mean(found)
            for loss in LOSSES
            for penalty in PENALTIES
            if (found := cell(rows, name, loss, penalty)) is not None
        }
        ordered = sorted(means.values(), reverse=modality.better == "more")
        for right, penalty in enumerate(PENALTIES):
            pen.text((x + right * side + 6, top - 20), penalty, fill="black")
            for down, loss in enumerate(LOSSES):
                value = means.get((loss, penalty))
                worse = 0.5 if value is None else ordered.index(value) / max(1, len(ordered) - 1)
                colour = (200, 200, 200) if value is None else (int(90 + 150 * worse), int(210 - 110 * worse), 110)
                box = (x + right * side, top + down * tall, x + (right + 1) * side - 2, top + (down + 1) * tall - 2)
                pen.rectangle(box, fill=colour)
                pen.text((box[0] + 8, box[1] + 8), "-" if value is None else f"{value:.3g}", fill="black")
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modalities", nargs="*", metavar="|".join(MODALITIES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--starts", type=Path, default=Path("runs/ablation"), help="where the games begin")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--table", type=Path, help="only print the table of this file")
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    place = options.table or options.out
    rows: list[dict[str, Any]] = json.loads(place.read_text())["rows"] if place and place.is_file() else []
    done = {(row["modality"], row["loss"], row["penalty"], row["seed"]) for row in rows}
    left = [run for run in wanted(options.modalities, options.seeds) if run not in done]
    starts = {name: begin(name, options.starts) for name in dict.fromkeys(run[0] for run in left)}
    with ProcessPoolExecutor(options.at_once) as pool:
        tasks = [pool.submit(play, *run, None if starts[run[0]] is None else str(starts[run[0]])) for run in left]
        for task in as_completed(tasks):
            rows.append(task.result())
            print(json.dumps(rows[-1]), flush=True)
            if options.out:
                document = {"machine": describe_machine(choose_device("cpu")), "rows": rows}
                options.out.write_text(json.dumps(document, indent=1) + "\n")
    print(table(rows))
    if options.plot:
        plot(rows).save(options.plot)


if __name__ == "__main__":
    main()

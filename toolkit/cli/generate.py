"""`toolkit generate <what> MODEL`."""

from __future__ import annotations

import time
from pathlib import Path

import click

from toolkit.cli.main import print_json
from toolkit.errors import ToolkitError


@click.group()
def generate() -> None:
    """Generate with a trained model."""


@generate.command()
@click.argument("model", metavar="RUN|MODEL")
@click.option("--count", type=click.IntRange(min=1), default=16, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same pictures.")
@click.option("--class", "label", help="Class name or number, for a conditional model.")
@click.option("--out", type=click.Path(), default="pictures", show_default=True, help="Folder for the pictures.")
@click.option("--device", default="auto", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print each picture's file, seed and index as JSON.")
def image(model: str, count: int, seed: int, label: str | None, out: str, device: str, as_json: bool) -> None:
    """Pictures, each a PNG, and all of them in grid.png."""
    from toolkit.runs import load

    pipeline = load(model, device)
    if getattr(pipeline, "modality", None) != "image":
        raise ToolkitError(f"{model} is a model for {pipeline.modality}, it makes no pictures")
    started = time.perf_counter()
    pictures = pipeline.generate(count, seed, label)
    seconds = time.perf_counter() - started
    written = pictures.save(out)
    if as_json:
        grid = str(Path(out) / "grid.png")
        print_json({"model": model, "count": count, "seconds": round(seconds, 3), "grid": grid, "pictures": written})
    else:
        click.echo(f"{count} pictures in {seconds:.2f} s: {out}/  (all of them: {Path(out) / 'grid.png'})")

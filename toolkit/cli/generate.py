"""`toolkit generate <what> MODEL`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from toolkit.cli.generate_speech import speech
from toolkit.cli.generate_translation import translation
from toolkit.cli.main import print_json
from toolkit.errors import ToolkitError


@click.group()
def generate() -> None:
    """Generate with a trained model."""


generate.add_command(speech)
generate.add_command(translation)


@generate.command()
@click.argument("model", metavar="RUN|MODEL")
@click.option("--count", type=click.IntRange(min=1), default=16, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same pictures.")
@click.option("--class", "label", help="Class name or number, for a conditional model.")
@click.option(
    "--truncation",
    type=click.FloatRange(0, 1),
    help="From 1, as they come, towards 0: less varied and more typical.",
)
@click.option("--judge", is_flag=True, help="Keep only pictures that the model's own discriminator accepts.")
@click.option(
    "--acceptance",
    type=click.FloatRange(0, 1, min_open=True),
    help="With --judge: least share to accept; less is stricter. By default what was found best.",
)
@click.option(
    "--precision",
    type=click.Choice(["float32", "bfloat16", "auto"]),
    default="float32",
    show_default=True,
    help="auto: bfloat16 where the processor has it, twice as fast; pictures differ by a few levels of grey.",
)
@click.option("--out", type=click.Path(), default="pictures", show_default=True, help="Folder for the pictures.")
@click.option("--device", default="auto", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print each picture's file, seed, index and score as JSON.")
def image(
    model: str,
    count: int,
    seed: int,
    label: str | None,
    truncation: float | None,
    judge: bool,
    acceptance: float | None,
    precision: str,
    out: str,
    device: str,
    as_json: bool,
) -> None:
    """Pictures, each a PNG, all of them in grid.png, and where they came from in pictures.json.

    A picture is a function of its seed and index. With --judge, candidates are generated until enough of them are
    accepted by discriminator rejection sampling, and the result is compared with unjudged pictures.
    """
    from toolkit.runs import load

    pipeline = load(model, device)
    if getattr(pipeline, "modality", None) != "image":
        raise ToolkitError(f"{model} is a model for {pipeline.modality}, it makes no pictures")
    pipeline.compute_in(precision)
    started = time.perf_counter()
    pictures = pipeline.generate(count, seed, label, truncation=truncation, judge=judge, acceptance=acceptance)
    seconds = time.perf_counter() - started
    written = pictures.save(out)
    judged = pipeline.compare(pictures) if judge else None
    made = len(pictures)
    if as_json:
        grid = str(Path(out) / "grid.png")
        told: dict[str, Any] = {"model": model, "count": made, "seconds": round(seconds, 3), "grid": grid}
        if truncation is not None:
            told["truncation"] = truncation
        if judged is not None:
            told |= {"acceptance_rate": pictures.acceptance_rate, "candidates": pictures.candidates, "judged": judged}
        print_json({**told, "pictures": written})
        return
    click.echo(f"{made} pictures in {seconds:.2f} s: {out}/  (all of them: {Path(out) / 'grid.png'})")
    if judged is not None:
        click.echo(f"the judge accepted {pictures.acceptance_rate:.0%} of {pictures.candidates} candidates")
        _echo_comparison(judged)


def _echo_comparison(judged: dict[str, Any]) -> None:
    before, after = judged["before"], judged["after"]
    click.echo(f"mean probability of being real: {before['mean_score']:.3f} unjudged, {after['mean_score']:.3f} judged")
    if after["frechet_distance"] is None:
        click.echo(f"no Fréchet distance: {judged['reason']}")
    else:
        click.echo(
            f"Fréchet distance to {judged['real']}: {before['frechet_distance']:.4g} unjudged, "
            f"{after['frechet_distance']:.4g} judged  (features: {judged['features']})"
        )

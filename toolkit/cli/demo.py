"""`toolkit demo`: the main job on data that is always there."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

import click

from toolkit.cli.main import print_json

RECIPE = "image/digits"
MARK = ".toolkit-demo"
"""A file in the folder that says it may be replaced by the next demo."""


@click.command()
@click.option(
    "--out", type=click.Path(), default="runs/demo", show_default=True, help="Run folder; an old demo is replaced."
)
@click.option("--steps", type=click.IntRange(min=1), help="How long to train; the recipe's own length by default.")
@click.option("--quick", is_flag=True, help="A quarter of the training: rougher digits, in about half a minute.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def demo(out: str, steps: int | None, quick: bool, as_json: bool) -> None:
    """Train a generator on handwritten digits that come with scikit-learn, and show what it makes.

    Two networks play: the generator paints digits from random numbers, the discriminator tells them from real ones.
    """
    from toolkit.cli.terminal_pictures import as_text
    from toolkit.config import load_recipe
    from toolkit.runs import evaluate, load, train

    folder = Path(out)
    recipe = load_recipe(RECIPE)
    steps = steps or (recipe.trainer.steps // 4 if quick else recipe.trainer.steps)
    _clear(folder)
    say = (lambda text: click.echo(text, err=True)) if as_json else click.echo
    say(f"Training {RECIPE}: {steps} steps of {recipe.trainer.batch_size} digits, into {folder}/")
    started = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text("made by `toolkit demo`, which replaces this folder\n")
    train(RECIPE, folder, [f"trainer.steps={steps}"])
    seconds = time.perf_counter() - started

    pictures = load(folder).generate(count=100, seed=1)
    written = pictures.save(folder / "pictures")
    result = evaluate(folder, repeats=0)
    accuracy = result["metrics"].get("accuracy")
    grid = folder / "pictures" / "grid.png"
    if as_json:
        print_json({"run": str(folder), "seconds": round(seconds, 1), "grid": str(grid), "evaluation": result})
        return
    click.echo("\nThe first ten of what it makes, one of each class:\n")
    click.echo(as_text(pictures.pixels[:10], colour=sys.stdout.isatty()))
    if accuracy is not None:
        click.echo(
            f"\nA classifier trained on real digits reads {accuracy:.1%} of them as the digit that was asked for."
        )
    click.echo(f"Trained in {seconds:.0f} s. All {len(written)} pictures: {grid}")
    click.echo("Go on:")
    click.echo(f"  toolkit generate image {folder} --class 7 --count 16 --out sevens/")
    click.echo(f"  toolkit evaluate {folder}")
    click.echo(f"  toolkit resume {folder} trainer.steps={2 * steps}")
    click.echo("  toolkit list recipes")


def _clear(folder: Path) -> None:
    """Remove an old demo, and nothing that is not one."""
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not (folder / MARK).is_file():
        raise click.UsageError(f"{folder} holds something that is not a demo; choose another folder with --out")
    shutil.rmtree(folder)

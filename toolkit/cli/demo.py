"""`toolkit demo`: every shipped model at work, and the main job on data that is always there, on one page."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import click

from toolkit.cli.main import print_json

RECIPE = "image/digits"
MARK = ".toolkit-demo"
"""A file in the folder that says it may be replaced by the next demo."""
PAGE = "index.html"
TIMINGS = "timings.json"
PUBLISHED = Path(__file__).resolve().parent / "demonstration" / "published.json"
"""The timings of one demonstration, with the machine it ran on, to compare others with."""


@click.command()
@click.option(
    "--out", type=click.Path(), default="runs/demo", show_default=True, help="Folder to fill; an old demo is replaced."
)
@click.option("--text", help="What the voice says.")
@click.option("--steps", type=click.IntRange(min=1), help="How long to train; the recipe's own length by default.")
@click.option("--quick", is_flag=True, help="Less of everything, in under a minute: rougher digits.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def demo(out: str, text: str | None, steps: int | None, quick: bool, as_json: bool) -> None:
    """Show what the toolkit does, on this machine: pictures, speech, translations, faces, and a training run.

    Everything lands on one page, OUT/index.html, which needs nothing else. Two networks are trained on the way, on
    handwritten digits that come with scikit-learn: one paints digits from random numbers, the other tells them from
    real ones. What is not installed is left out, and said.
    """
    from toolkit.cli.demonstration import sections as make
    from toolkit.cli.demonstration.commands import Commands
    from toolkit.cli.demonstration.page import Section

    folder = Path(out)
    _clear(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text("made by `toolkit demo`, which replaces this folder\n")
    say = (lambda words: click.echo(words, err=True)) if as_json else click.echo
    began = time.perf_counter()
    sections: list[Section] = []
    for title, fill in (
        ("Pictures", lambda section, commands: make.pictures(section, commands, quick)),
        ("Speech", lambda section, commands: make.speech(section, commands, text or make.TEXT)),
        ("Translations", lambda section, commands: make.translations(section, commands, quick)),
        ("Faces", lambda section, commands: make.faces(section, commands, quick)),
    ):
        commands = Commands(folder)
        section = make.attempt(title, lambda one, fill=fill, commands=commands: fill(one, commands))  # type: ignore[misc]
        section.commands = commands.said
        sections.append(section)
        say(
            f"{title}: {section.missing or ', '.join(f'{what} {took:.1f} s' for what, took in section.seconds.items())}"
        )
    made = _train(folder / "digits", steps, quick, say)
    learnt = Section("A generator is trained")
    make.training(learnt, folder / "digits", made)
    learnt.commands = made["commands"]
    sections.append(learnt)
    page = _write(folder, sections, time.perf_counter() - began)
    if as_json:
        missing = {section.title: section.missing for section in sections if section.missing}
        print_json({"page": str(page), "missing": missing, **_timings(sections), "digits": made})
        return
    _tell(page, sections, made, folder)


def _train(folder: Path, steps: int | None, quick: bool, say: Any) -> dict[str, Any]:
    """Train, generate and measure the digits; what happened in words and numbers."""
    from toolkit.config import load_recipe
    from toolkit.runs import evaluate, load, train

    recipe = load_recipe(RECIPE)
    steps = steps or (recipe.trainer.steps // 4 if quick else recipe.trainer.steps)
    say(f"Training {RECIPE}: {steps} steps of {recipe.trainer.batch_size} digits, into {folder}/")
    changes = [f"trainer.steps={steps}", f"trainer.samples_every={max(steps // 8, 1)}"]
    started = time.perf_counter()
    train(RECIPE, folder, changes)
    seconds = time.perf_counter() - started
    pictures = load(folder).generate(count=100, seed=1)
    pictures.save(folder / "pictures")
    result = evaluate(folder, repeats=0)
    named = shlex.quote(str(folder))
    return {
        "run": str(folder),
        "steps": steps,
        "seconds": round(seconds, 1),
        "grid": str(folder / "pictures" / "grid.png"),
        "accuracy": result["metrics"].get("accuracy"),
        "evaluation": result,
        "commands": [
            f"toolkit train {RECIPE} --out {named} {' '.join(changes)}",
            f"toolkit generate image {named} --count 100 --seed 1 --out {named}/pictures",
            f"toolkit evaluate {named} --no-intervals",
        ],
    }


def _write(folder: Path, sections: list[Any], seconds: float) -> Path:
    """The page, and the timings as a file of their own."""
    import torch

    from toolkit.cli.demonstration import page
    from toolkit.engine.device import choose_device, describe_machine

    machine = describe_machine(choose_device("auto"))
    timings = _timings(sections)
    (folder / TIMINGS).write_text(json.dumps({"machine": machine, "seconds": round(seconds, 1), **timings}, indent=2))
    published = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    rows = [
        (what, f"{took:.1f} s", f"{published['timings'][what]:.1f} s" if what in published["timings"] else "-")
        for what, took in timings["timings"].items()
    ]
    there = published["machine"]
    head = ["what", "here", f"{there['cores']} cores of {there['processor']}"]
    compared = page.Section("How fast this machine is", [page.table(head, rows)])
    here = f"{machine['cores']} cores of {machine['processor']}, {machine['device']}, torch {torch.__version__}"
    page.write_page(
        folder / PAGE,
        "What was made here",
        f"Everything on this page was made on this machine in {seconds:.0f} seconds, without a network.",
        [*sections, compared],
        here,
    )
    return folder / PAGE


def _timings(sections: list[Any]) -> dict[str, dict[str, float]]:
    return {"timings": {what: round(took, 3) for one in sections for what, took in one.seconds.items()}}


def _tell(page: Path, sections: list[Any], made: dict[str, Any], folder: Path) -> None:
    from toolkit.cli.terminal_pictures import as_text
    from toolkit.runs import load

    click.echo("\nThe first ten of the digits that it makes, one of each class:\n")
    click.echo(as_text(load(made["run"]).generate(count=10, seed=1).pixels, colour=sys.stdout.isatty()))
    if made["accuracy"] is not None:
        click.echo(f"\nA classifier trained on real digits reads {made['accuracy']:.1%} of them as what was asked for.")
    click.echo(f"Trained in {made['seconds']:.0f} s.")
    for section in sections:
        if section.missing:
            click.echo(f"Left out: {section.title}: {section.missing}")
    click.echo(f"\nAll of it on one page: {page}\nGo on:")
    click.echo(f"  toolkit generate image {made['run']} --class 7 --count 16 --out sevens/")
    click.echo(f"  toolkit resume {made['run']} trainer.steps={2 * made['steps']}")
    click.echo("  toolkit models")
    click.echo("  toolkit list recipes")


def _clear(folder: Path) -> None:
    """Remove an old demo, and nothing that is not one."""
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not (folder / MARK).is_file():
        raise click.UsageError(f"{folder} holds something that is not a demo; choose another folder with --out")
    shutil.rmtree(folder)

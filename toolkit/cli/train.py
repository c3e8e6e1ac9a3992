"""`toolkit train` and `toolkit resume`."""

from __future__ import annotations

import signal
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from toolkit.cli.main import print_json

if TYPE_CHECKING:
    from toolkit.runs.training import RunResult


@click.command(context_settings={"ignore_unknown_options": False})
@click.argument("recipe")
@click.argument("overrides", nargs=-1, metavar="[A.B=VALUE ...]")
@click.option("--out", type=click.Path(), help="Run folder; runs/<name of the recipe> by default.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
@click.pass_obj
def train(
    scripts: tuple[str, ...], recipe: str, overrides: tuple[str, ...], out: str | None, as_json: bool, quiet: bool
) -> None:
    """Train RECIPE: a recipe folder, a file, or the name of a packaged recipe such as image/digits.

    Options of the recipe are changed with dotted overrides: generator.width=64 penalties.0.weight=3 variant=dcgan
    """
    from toolkit.runs import train as run

    started = time.perf_counter()
    _report(run(recipe, out, overrides, imports=scripts, quiet=quiet), time.perf_counter() - started, as_json)


@click.command()
@click.argument("run", metavar="RUN")
@click.argument("overrides", nargs=-1, metavar="[A.B=VALUE ...]")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
@click.pass_obj
def resume(scripts: tuple[str, ...], run: str, overrides: tuple[str, ...], as_json: bool, quiet: bool) -> None:
    """Go on with RUN from its newest good checkpoint, e.g. for longer: trainer.steps=4000."""
    from toolkit.runs import resume as go_on

    started = time.perf_counter()
    _report(go_on(run, overrides, imports=scripts, quiet=quiet), time.perf_counter() - started, as_json)


def _report(result: RunResult, seconds: float, as_json: bool) -> None:
    from toolkit.runs.training import finished_words

    if not result.main:
        return
    if as_json:
        print_json({**asdict(result), "path": str(result.path), "seconds": round(seconds, 2)})
    else:
        click.echo(finished_words(result, seconds))
    if result.stopped_by:
        raise SystemExit(128 + signal.Signals[result.stopped_by].value)

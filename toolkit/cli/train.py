"""`toolkit train` and `toolkit resume`."""

from __future__ import annotations

import shlex
import signal
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli.main import print_json
from toolkit.errors import ToolkitError
from toolkit.registry import REGISTRY

if TYPE_CHECKING:
    from toolkit.runs.training import RunResult


@click.command(context_settings={"ignore_unknown_options": False})
@click.argument("recipe", metavar="RECIPE|KIND")
@click.argument("overrides", nargs=-1, metavar="[A.B=VALUE ...]")
@click.option("--data", type=click.Path(), help="Start on this folder: KIND (image) says what is in it.")
@click.option("--out", type=click.Path(), help="Run folder; runs/<name of the recipe or data> by default.")
@click.option("--no-probe", is_flag=True, help="With --data: no trial games for the penalty weight.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
@click.pass_obj
def train(
    scripts: tuple[str, ...],
    recipe: str,
    overrides: tuple[str, ...],
    data: str | None,
    out: str | None,
    no_probe: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Train RECIPE: a recipe folder, a file, or the name of a packaged recipe such as image/digits.

    Options of the recipe are changed with dotted overrides: generator.width=64 penalties.0.weight=3 variant=dcgan

    With --data, a recipe is written for a folder of data, and every choice is explained: toolkit train image --data
    pictures/ --out RUN. The same command again goes on with the run, for longer with trainer.steps=20000.
    """
    if data is not None:
        _start(scripts, recipe, overrides, data, out, no_probe, as_json, quiet)
        return
    _refuse_without_data(recipe, no_probe)
    from toolkit.runs import train as run

    started = time.perf_counter()
    _report(run(recipe, out, overrides, imports=scripts, quiet=quiet), time.perf_counter() - started, as_json)


def _start(
    scripts: tuple[str, ...],
    kind: str,
    overrides: tuple[str, ...],
    data: str,
    out: str | None,
    no_probe: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Start on a folder, or go on with what was started there."""
    starters = [part.name for part in REGISTRY.parts("starters")]
    if kind not in starters:
        raise ToolkitError(
            f"--data goes with {' or '.join(starters)}, which say what the folder holds; '{kind}' is none of them",
            f"toolkit train {starters[0]} --data {data}; or, to train a recipe on it: toolkit train {kind} "
            f"data.path={data}",
        )
    from toolkit.runs import start

    began = time.perf_counter()
    started = start(
        kind,
        data,
        out,
        overrides,
        imports=scripts,
        quiet=quiet,
        probe=not no_probe,
        say=lambda text: click.echo(text, err=as_json),
    )
    path = started.result.path
    more = {"state": started.state, "plan": started.plan}
    if started.state == "finished" and not as_json:
        click.echo(f"the model is {path / 'model'}")
    else:
        _report(started.result, time.perf_counter() - began, as_json, more)
    if as_json or not started.result.main or started.result.stopped_by:
        return
    run, place = shlex.quote(str(path)), shlex.quote(data)
    click.echo(f"look at it:  toolkit generate {kind} {run} --count 64 --out pictures/")
    click.echo(f"go on:       toolkit train {kind} --data {place} --out {run} trainer.steps={2 * started.result.step}")


def _refuse_without_data(recipe: str, no_probe: bool) -> None:
    """The name of a starter alone, or its options, mean that --data was forgotten."""
    from toolkit.config.documents import recipe_names

    named = any(part.name == recipe for part in REGISTRY.parts("starters"))
    if named and not Path(recipe).exists() and recipe not in recipe_names():
        raise ToolkitError(
            f"'{recipe}' alone is no recipe",
            f"to start on a folder of your own: toolkit train {recipe} --data FOLDER --out RUN; "
            f"for a packaged recipe: toolkit train {recipe}/...; toolkit list recipes names them",
        )
    if no_probe:
        raise ToolkitError("--no-probe means something with --data only", "leave it out")


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


def _report(result: RunResult, seconds: float, as_json: bool, more: Mapping[str, Any] | None = None) -> None:
    from toolkit.runs.training import finished_words

    if not result.main:
        return
    if as_json:
        print_json({**asdict(result), "path": str(result.path), "seconds": round(seconds, 2), **(more or {})})
    else:
        click.echo(finished_words(result, seconds))
    if result.stopped_by:
        raise SystemExit(128 + signal.Signals[result.stopped_by].value)

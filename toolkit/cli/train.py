"""`toolkit train` and `toolkit resume`."""

from __future__ import annotations

import json
import shlex
import signal
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli.main import print_json
from toolkit.errors import ToolkitError
from toolkit.registry import REGISTRY

if TYPE_CHECKING:
    from toolkit.runs.training import RunResult

_USES = {
    "image": "look at it:  toolkit generate {kind} {run} --count 64 --out pictures/",
    "vocoder": "listen:      toolkit vocode {run} in.wav --out out.wav",
    "speech": "listen:      toolkit generate speech {run} --text '...' --out hello.wav",
    "translation": "use it:      toolkit generate translation {run} --text '...'",
}
_STARTS = {"translation": "--source a.en --target a.de"}


@click.command(context_settings={"ignore_unknown_options": False})
@click.argument("recipe", metavar="RECIPE|KIND")
@click.argument("overrides", nargs=-1, metavar="[A.B=VALUE ...]")
@click.option("--data", type=click.Path(), help="Start on this folder or file: KIND (image) says what is in it.")
@click.option("--source", type=click.Path(), help="Translation: text file, a sentence a line (a.en).")
@click.option("--target", type=click.Path(), help="Translation: text file with the translations, line by line (a.de).")
@click.option(
    "--pairs", type=click.Path(), help="Translation: a file with both sides: TSV, CSV, JSONL, TMX, PO, XLIFF."
)
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
    source: str | None,
    target: str | None,
    pairs: str | None,
    out: str | None,
    no_probe: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Train RECIPE: a recipe folder, a file, or the name of a packaged recipe such as image/digits.

    Options of the recipe are changed with dotted overrides: generator.width=64 penalties.0.weight=3 variant=dcgan

    With --data, a recipe is written for a folder of data, and every choice is explained: toolkit train image --data
    pictures/ --out RUN. The same command again goes on with the run, for longer with trainer.steps=20000.

    A translator starts on sentence pairs: toolkit train translation --source a.en --target a.de --out RUN, or with
    both sides in one file: --pairs memory.tmx
    """
    given = _Given(data, source, target, pairs)
    if given:
        _start(scripts, recipe, overrides, given, out, no_probe, as_json, quiet)
        return
    _refuse_without_data(recipe, no_probe)
    from toolkit.runs import train as run

    started = time.perf_counter()
    _report(run(recipe, out, overrides, imports=scripts, quiet=quiet), time.perf_counter() - started, as_json)


@dataclass(frozen=True)
class _Given:
    """Where the data lies, as it was given: a folder or file, or two files whose lines belong together."""

    data: str | None
    source: str | None
    target: str | None
    pairs: str | None

    def __bool__(self) -> bool:
        return any(value is not None for value in (self.data, self.source, self.target, self.pairs))

    def resolved(self, kind: str) -> tuple[str, list[str]]:
        """The first file or the folder, and what the recipe must be told besides.

        Raises:
            ToolkitError: the options do not go together.
        """
        texts = [f"--{name}" for name in ("source", "target", "pairs") if getattr(self, name) is not None]
        if texts and kind != "translation":
            raise ToolkitError(f"{' and '.join(texts)} goes with translation, not with '{kind}'", "use --data FOLDER")
        if (self.source is None) != (self.target is None):
            there, absent = ("--source", "--target") if self.target is None else ("--target", "--source")
            raise ToolkitError(
                f"{there} needs {absent}: the lines of both files belong together",
                "a file that holds both sides is given with --pairs FILE",
            )
        found = [value for value in (self.data, self.source, self.pairs) if value is not None]
        if len(found) > 1:
            raise ToolkitError(
                "the data was given twice",
                "give --source and --target, or --pairs FILE, or --data; not several of them",
            )
        if self.target is None:
            return found[0], []
        return found[0], [f"data.target={json.dumps(str(Path(self.target).expanduser().absolute()))}"]

    def words(self) -> str:
        """The options as they are written on the command line."""
        given = [(name, getattr(self, name)) for name in ("data", "source", "target", "pairs")]
        return " ".join(f"--{name} {shlex.quote(value)}" for name, value in given if value is not None)


def _start(
    scripts: tuple[str, ...],
    kind: str,
    overrides: tuple[str, ...],
    given: _Given,
    out: str | None,
    no_probe: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Start on data, or go on with what was started there."""
    starters = [part.name for part in REGISTRY.parts("starters")]
    data, more_overrides = given.resolved(kind)
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
        [*more_overrides, *overrides],
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
    run = shlex.quote(str(path))
    click.echo(_USES.get(kind, _USES["image"]).format(kind=kind, run=run))
    click.echo(f"go on:       toolkit train {kind} {given.words()} --out {run} trainer.steps={2 * started.result.step}")


def _refuse_without_data(recipe: str, no_probe: bool) -> None:
    """The name of a starter alone, or its options, mean that --data was forgotten."""
    from toolkit.config.documents import recipe_names

    named = any(part.name == recipe for part in REGISTRY.parts("starters"))
    if named and not Path(recipe).exists() and recipe not in recipe_names():
        raise ToolkitError(
            f"'{recipe}' alone is no recipe",
            f"to start on data of your own: toolkit train {recipe} {_STARTS.get(recipe, '--data FOLDER')} --out RUN; "
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

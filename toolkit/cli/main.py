"""`toolkit`: the command and its frame. Nothing here imports torch; each command imports what it needs when it runs."""

from __future__ import annotations

import errno
import json
import sys
import warnings
from collections.abc import Sequence
from typing import Any, TextIO

import click

import toolkit
from toolkit.cli.waiting import wait_passively
from toolkit.errors import ToolkitError

wait_passively()


class _Lazy(click.Group):
    """A group whose commands live in modules that are imported when they are called."""

    def __init__(self, *arguments: Any, lazy: dict[str, tuple[str, str]], **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._lazy_commands = lazy

    def list_commands(self, context: click.Context) -> list[str]:
        """In the order in which a newcomer needs them."""
        return list(self._lazy_commands)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Import the command's module."""
        import importlib

        if name not in self._lazy_commands:
            return None
        module, attribute = self._lazy_commands[name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The help texts stand in the table below, so that showing them imports nothing."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in self._lazy_commands.items()])


_COMMANDS = {
    "demo": ("toolkit.cli.demo:demo", "Train a generator on real digits and show what it makes."),
    "train": ("toolkit.cli.train:train", "Train a recipe."),
    "resume": ("toolkit.cli.train:resume", "Go on with a run."),
    "evaluate": ("toolkit.cli.evaluate:evaluate", "Measure a run or a model."),
    "compare": ("toolkit.cli.compare:compare", "Train variants from one start and say which helped."),
    "adapt": ("toolkit.cli.adapt:adapt", "Go on with a translator on sentences of another kind."),
    "robustness": ("toolkit.cli.robustness:robustness", "Measure a translator on noisy sources."),
    "generate": ("toolkit.cli.generate:generate", "Generate with a trained model."),
    "predict": ("toolkit.cli.predict:predict", "Mel spectrograms of a voice, to fine-tune its vocoder on."),
    "vocode": ("toolkit.cli.vocode:vocode", "Recordings through a vocoder, or mel spectrograms to audio."),
    "face": ("toolkit.cli.face:face", "Libraries of faces, and new faces made of those found in them."),
    "studio": ("toolkit.cli.studio:studio", "One local web page for everything that the toolkit makes."),
    "export": ("toolkit.cli.export:export", "Write a model in another format."),
    "import": ("toolkit.cli.importing:import_command", "Make a model of another program's weights."),
    "models": ("toolkit.cli.models:models", "List the models that come with the toolkit."),
    "push": ("toolkit.cli.models:push", "Put a model on the Hugging Face Hub."),
    "list": ("toolkit.cli.listing:list_parts", "List the parts that recipes can use."),
    "show": ("toolkit.cli.listing:show", "Signature, documentation and source of a part; the card of a model."),
    "new": ("toolkit.cli.new:new", "Begin a plugin package or a recipe of your own."),
    "prepare": ("toolkit.cli.prepare:prepare", "Get a recipe's data ready."),
    "doctor": ("toolkit.cli.doctor:doctor", "What is installed, what is missing, which device; a short self-test."),
}


@click.group(
    cls=_Lazy,
    lazy=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Adversarial generation of images, speech and translations.",
)
@click.version_option(toolkit.__version__, prog_name="toolkit")
@click.option(
    "--import", "scripts", multiple=True, metavar="FILE.py", help="Register the parts of a Python file first."
)
@click.pass_context
def cli(context: click.Context, scripts: tuple[str, ...]) -> None:
    """Register scripts before any command looks at the registry; training remembers them."""
    from toolkit.registry import import_script

    for script in scripts:
        import_script(script)
    context.obj = scripts


# Troubles of a user's own surroundings; any other error of the system is a defect of ours and keeps its traceback.
_SURROUNDINGS = (
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EEXIST,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ENAMETOOLONG,
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; mistakes end with one clear message on stderr and no traceback."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            code = cli.main(
                list(arguments) if arguments is not None else None, prog_name="toolkit", standalone_mode=False
            )
    except click.exceptions.Abort:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except ToolkitError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        if error.errno not in _SURROUNDINGS:
            raise
        print(f"error: {error.filename or 'a file'}: {error.strerror}", file=sys.stderr)
        sys.exit(ToolkitError.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A sentence, without the place in our code that it came from."""
    print(f"warning: {message}", file=sys.stderr)


def print_json(value: Any) -> None:
    """One JSON document on stdout; numbers that are not finite become null."""
    print(json.dumps(_finite(value), indent=2, ensure_ascii=False))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value

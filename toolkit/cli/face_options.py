"""Options that the commands of `toolkit face` share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

library_file = click.argument("path", metavar="LIB.db", type=click.Path())
as_json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
licence_option = click.option("--license", "--licence", "licence", help="SPDX identifier, e.g. CC0-1.0.")
consent_option = click.option("--consent", help="Who agreed to what, or why nobody has to, in words.")

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _face_number(text: str) -> Any:
    if text == "largest":
        return text
    if text.isdecimal():
        return int(text)
    raise click.BadParameter(f"'{text}' is neither 'largest' nor a number from 0")


def face_number(value: Any) -> Any:
    """Which face of a picture: `largest`, or a number from 0."""
    return _face_number(str(value))


def models(command: _Command) -> _Command:
    """`--landmarker`, `--embedder`, `--driver`, `--detector` and `--device`, as `FaceModels` takes them."""
    return _reading(_model("--embedder", "face-embedder")(_model("--driver", "face-driver")(command)))


def reading_models(command: _Command) -> _Command:
    """The same without `--driver`, for commands that generate nothing."""
    return _reading(_model("--embedder", "face-embedder")(command))


def _reading(command: _Command) -> _Command:
    detector = click.option("--detector", default="dlib", show_default=True, help="Detector; see `list detectors`.")
    device = click.option("--device", default="auto", show_default=True)
    return _model("--landmarker", "face-landmarks")(detector(device(command)))


def _model(option: str, default: str) -> Callable[[_Command], _Command]:
    words = "Run, model folder or name of a shipped model."
    return click.option(option, default=default, show_default=True, metavar="MODEL", help=words)


def print_note(words: str) -> None:
    """A note on stderr."""
    click.echo(f"note: {words}", err=True)

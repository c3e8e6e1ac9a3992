"""The frame of the command line: help, errors, streams, exit codes."""

from __future__ import annotations

import errno
import json
import math
import subprocess
import sys
import warnings
from pathlib import Path

import click
import pytest

import toolkit as package
from tests.tiny import refused, start, tiny_recipe, toolkit
from toolkit.cli import main as frame
from toolkit.cli.main import cli, print_json
from toolkit.errors import TrainingError

COMMANDS = ("demo", "train", "resume", "evaluate", "generate", "export", "list", "show", "prepare", "doctor")


def test_help_names_every_command_in_words() -> None:
    outcome = toolkit("--help")
    assert outcome.code == 0
    for name in COMMANDS:
        [line] = [line for line in outcome.out.splitlines() if line.split()[:1] == [name]]
        assert len(line.split()) > 3
    assert toolkit("-h").out == outcome.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    outcome = toolkit(name, "--help")
    assert outcome.code == 0
    assert outcome.out.startswith(f"Usage: toolkit {name}")


def test_the_version_is_told() -> None:
    assert package.__version__ in toolkit("--version").out


def test_help_and_lists_start_without_torch() -> None:
    code = (
        "import sys\n"
        "from toolkit.cli.main import main\n"
        "for arguments in (['--help'], ['list'], ['list', 'losses', '--json'], ['list', 'recipes']):\n"
        "    try:\n"
        "        main(arguments)\n"
        "    except SystemExit as ended:\n"
        "        assert not ended.code\n"
        "print({'torch', 'sklearn', 'PIL'} & set(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == "set()\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["frobnicate"], "No such command 'frobnicate'"),
        (["train"], "Missing argument 'RECIPE|KIND'"),
        (["train", "image/digits", "--colour"], "No such option"),
        (["generate", "sculpture"], "No such command 'sculpture'"),
        (["generate", "image", "run", "--count", "0"], "not in the range"),
        (["export", "run", "--out", "x", "--to", "tflite"], "'onnx', 'torch', 'safetensors'"),
        (["evaluate", "run", "--split", "all"], "'train', 'validation', 'test'"),
    ],
)
def test_a_wrong_call_says_how_it_should_be(arguments: list[str], words: str) -> None:
    message = refused(*arguments)
    assert words in message
    assert "--help" in message


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (TrainingError("it diverged", "lower the rate"), 3, "error: it diverged\n  -> lower the rate\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (PermissionError(errno.EACCES, "Permission denied", "/root/x"), 2, "error: /root/x: Permission denied\n"),
        (OSError(errno.ENOSPC, "No space left on device"), 2, "error: a file: No space left on device\n"),
    ],
)
def test_errors_end_with_one_message_and_their_exit_code(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, words: str
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(cli, "get_command", lambda context, name: click.Command(name, callback=fail))
    outcome = toolkit("train")
    assert (outcome.code, outcome.out, outcome.err.lstrip("\n")) == (code, "", words)


@pytest.mark.parametrize("defect", [ValueError("ours"), KeyError("ours"), FileNotFoundError(errno.ENOENT, "gone", "x")])
def test_a_defect_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch, defect: Exception) -> None:
    def fail() -> None:
        raise defect

    monkeypatch.setattr(cli, "get_command", lambda context, name: click.Command(name, callback=fail))
    with pytest.raises(type(defect)):
        frame(["train"])


def test_warnings_are_sentences_on_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    def warn() -> None:
        warnings.warn("mind the gap", RuntimeWarning, stacklevel=1)

    before = warnings.showwarning
    monkeypatch.setattr(cli, "get_command", lambda context, name: click.Command(name, callback=warn))
    outcome = toolkit("train")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "warning: mind the gap\n")
    assert warnings.showwarning is before


def test_json_has_no_numbers_that_json_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"bad": [math.nan, math.inf, -math.inf], "good": [1, 0.5, True, None], "text": "größer"})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"bad": [None, None, None], "good": [1, 0.5, True, None], "text": "größer"}
    assert "größer" in printed


def test_a_reader_that_goes_away_is_no_error() -> None:
    process = start("list")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait(60) in (0, 1)


def test_a_real_process_keeps_its_streams_apart(tmp_path: Path) -> None:
    process = start("train", *tiny_recipe("trainer.steps=2"), "--out", tmp_path / "run", "--json")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert json.loads(out)["step"] == 2
    assert "samples/s" in err
    assert "Traceback" not in err

"""What a reader of README and docs does: types the commands, runs the code. With less training."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.recipes import smoke
from toolkit.cli import main

CHECKOUT = Path(__file__).resolve().parents[1]
SMALL = ["generator.width=8", "discriminator.width=8", "trainer.batch_size=8", "report.evaluation_samples=64"]
SMALLER = {
    "translation": [*smoke.SMALL_MARIAN, "report.evaluation_samples=8"],
    "translation/dates": [*smoke.SMALL_MARIAN, "data.count=300", "data.held_out=8", "data.vocabulary=200"],
    "vocoder": [*smoke.SMALL_VOCOS, *smoke.LIGHT, "report.evaluation_samples=2"],
    "speech": [*smoke.SMALL_ACOUSTIC, "data.cache=false", "report.evaluation_samples=2"],
}
"""Networks and data for the recipes of other modalities."""


def commands(text: str) -> list[list[str]]:
    """Every indented line that calls the toolkit; a backslash joins lines."""
    joined = text.replace("\\\n", " ")
    return [shlex.split(line, comments=True) for line in re.findall(r"^    (toolkit .+)$", joined, re.MULTILINE)]


def code_blocks(text: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def furnish(folder: Path) -> Path:
    """The recipes and forty pictures of noise, as they lie beside a reader."""
    (folder / "recipes").symlink_to(CHECKOUT / "recipes")
    (folder / "pictures").mkdir()
    source = np.random.default_rng(0)
    for place in range(40):
        size = int(source.integers(20, 60))
        pixels = source.integers(0, 256, (size, size + place, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "pictures" / f"{place}.{'jpg' if place % 2 else 'png'}")
    return folder


def smaller(command: list[str]) -> list[str]:
    """What has to be added to a command so that a training takes seconds."""
    if "train" in command:
        return [*SMALLER.get(command[2], SMALL), "trainer.steps=6"]
    return ["trainer.steps=9"] if "resume" in command else []


def type_command(command: list[str], folder: Path) -> None:
    """Run a command as it stands, but for a training of seconds; it must end well."""
    done = subprocess.run(
        [sys.executable, "-m", *command, *smaller(command)], cwd=folder, capture_output=True, text=True, env=os.environ
    )
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stderr}"


def type_here(found: list[list[str]], folder: Path) -> None:
    """The same for many commands, in this process, which has loaded everything already."""
    here = Path.cwd()
    os.chdir(folder)  # contextlib.chdir came with Python 3.11
    try:
        for command in found:
            with pytest.raises(SystemExit) as ended:
                main([*command[1:], *smaller(command)])
            assert ended.value.code == 0, shlex.join(command)
    finally:
        os.chdir(here)


def run_code(code: str, folder: Path) -> str:
    """Run a piece of Python as a script of its own; gives what it printed."""
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr
    return done.stdout

"""The README's commands and code, run as written, with less training."""

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

README = (Path(__file__).resolve().parents[1] / "README.md").read_text()
SMALL = ["generator.width=8", "discriminator.width=8", "trainer.batch_size=8", "report.evaluation_samples=64"]


def commands() -> list[list[str]]:
    """Every indented line that calls the toolkit; a backslash joins lines."""
    joined = README.replace("\\\n", " ")
    return [shlex.split(line) for line in re.findall(r"^    (toolkit .+)$", joined, re.MULTILINE)]


def code_blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("reader")
    (made / "recipes").symlink_to(Path(__file__).resolve().parents[1] / "recipes")
    (made / "pictures").mkdir()
    source = np.random.default_rng(0)
    for place in range(40):
        size = int(source.integers(20, 60))
        pixels = source.integers(0, 256, (size, size + place, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(made / "pictures" / f"{place}.{'jpg' if place % 2 else 'png'}")
    (made / "my.py").write_text(next(block for block in code_blocks() if "@register" in block))
    return made


def test_every_command_works_as_written(folder):
    found = commands()
    assert len(found) >= 8
    for command in found:
        small = (
            [*SMALL, "trainer.steps=6"] if "train" in command else ["trainer.steps=9"] if "resume" in command else []
        )
        done = subprocess.run(
            [sys.executable, "-m", *command, *small], cwd=folder, capture_output=True, text=True, env=os.environ
        )
        assert done.returncode == 0, f"{shlex.join(command)}\n{done.stderr}"


def test_the_python_code_works_as_written(folder):
    code = next(block for block in code_blocks() if "toolkit.train" in block)
    code = code.replace('"trainer.steps=2000"', f'"trainer.steps=6", {", ".join(map(repr, SMALL))}')
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(list((folder / "sevens").glob("0*.png"))) == 16

"""The README's commands and code, run as written, with less training."""

from __future__ import annotations

import pytest

from tests.reader import CHECKOUT, SMALL, code_blocks, commands, furnish, run_code, type_command, type_here

README = (CHECKOUT / "README.md").read_text()
CHINESE = (CHECKOUT / "README.zh.md").read_text()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = furnish(tmp_path_factory.mktemp("reader"))
    (made / "my.py").write_text(next(block for block in code_blocks(README) if "@register" in block))
    return made


def test_every_command_works_as_written(folder):
    found = commands(README)
    assert len(found) >= 8
    alone = [command for command in found if "--import" in command]  # a part is registered once in a process
    assert alone
    for command in alone:
        type_command(command, folder)
    type_here([command for command in found if command not in alone], folder)


def test_the_python_code_works_as_written(folder):
    code = next(block for block in code_blocks(README) if "toolkit.train" in block)
    run_code(code.replace('"trainer.steps=2000"', f'"trainer.steps=6", {", ".join(map(repr, SMALL))}'), folder)
    assert len(list((folder / "sevens").glob("0*.png"))) == 16


def test_the_chinese_readme_gives_the_same_commands(folder):
    english = commands(README)
    assert commands(CHINESE)
    assert all(command in english for command in commands(CHINESE))
    run_code(code_blocks(CHINESE)[0], folder)
    assert len(list((folder / "clothes").glob("0*.png"))) == 16

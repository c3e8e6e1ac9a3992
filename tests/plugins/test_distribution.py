"""What is published: the archives of the toolkit itself, and that an installed wheel works from any folder."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.plugins.environment import CHECKOUT, Environment

MEBIBYTE = 2**20


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The source archive and the wheel, built without an index, the wheel from the source archive."""
    for module, words in (("build", "build"), ("hatchling", "the build tool hatchling"), ("pip", "pip")):
        pytest.importorskip(module, reason=f"{words} is not installed in this environment (extra 'dev')")
    folder = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(CHECKOUT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {file.suffix: file for file in folder.iterdir()}


@pytest.fixture(scope="module")
def installed(archives: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment that has the toolkit from the wheel alone."""
    environment = Environment(tmp_path_factory.mktemp("wheel"), checkout=False)
    environment.install_file(archives[".whl"])
    return environment


def test_the_wheel_holds_what_an_installed_toolkit_needs_and_no_more(archives: dict[str, Path]) -> None:
    assert archives[".whl"].stat().st_size <= 30 * MEBIBYTE
    with zipfile.ZipFile(archives[".whl"]) as wheel:
        sizes = {item.filename: item.file_size for item in wheel.infolist()}
        metadata = wheel.read(next(name for name in sizes if name.endswith(".dist-info/METADATA"))).decode()
    assert max(sizes.values()) <= 10 * MEBIBYTE
    assert {
        "toolkit/py.typed",
        "toolkit/_recipes/image/digits/recipe.yaml",
        "toolkit/pretrained/fashion-mnist/model.safetensors",
        "toolkit/pretrained/face-library/library.db",
    } <= set(sizes)
    assert any(name.endswith("licenses/LICENSE") for name in sizes)
    assert {name.split("/")[0] for name in sizes if ".dist-info" not in name} == {"toolkit"}
    assert "License-Expression: Apache-2.0" in metadata
    assert "Provides-Extra: studio" in metadata


def test_the_source_archive_holds_tests_and_documents_but_nothing_made(archives: dict[str, Path]) -> None:
    with tarfile.open(archives[".gz"]) as source:
        names = {name.partition("/")[2] for name in source.getnames()}
    assert {
        "tests/conftest.py",
        "docs/index.md",
        "setup.cfg",
        "CITATION.cff",
        "recipes/image/digits/recipe.yaml",
    } <= names
    assert not [name for name in names if name.split("/")[0] in ("runs", "data", ".venv", "build", "dist")]
    assert not [name for name in names if "__pycache__" in name]


def test_the_demonstration_of_an_installed_wheel(installed: Environment) -> None:
    place = installed.run("-c", "import toolkit; print(toolkit.__file__)").stdout
    assert str(installed.python.parent.parent) in place
    installed.run("-m", "toolkit", "demo", "--quick", "--steps", "2", "--out", "page")
    page = (installed.work / "page" / "index.html").read_text()
    assert "Pictures" in page
    timings = json.loads((installed.work / "page" / "timings.json").read_text())
    assert timings["timings"]["2 steps"] > 0


def test_its_recipes_and_models_are_found_by_name(installed: Environment) -> None:
    models = {model["name"] for model in installed.toolkit("models")}
    assert {"fashion-mnist", "emoji", "vocoder-small", "kathleen", "tatoeba-en-zh", "face-landmarks"} <= models
    short = ["trainer.steps=2", "trainer.batch_size=8", "generator.width=8", "discriminator.width=8"]
    result = installed.toolkit("train", "image/digits", *short, "--out", "digits", "--quiet")
    assert result["step"] == 2

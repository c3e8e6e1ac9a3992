"""The newcomer's two commands, as processes of their own."""

from __future__ import annotations

import base64
import json
import shlex
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from toolkit.cli.demonstration.sections import attempt
from toolkit.cli.terminal_pictures import as_text
from toolkit.errors import MissingExtraError


class Page(HTMLParser):
    """What a browser would find on a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.titles: set[str] = set()
        self.addresses: list[str] = []
        self.pictures: list[str] = []
        self.text = ""
        self._tag = ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self._tag = tag
        self.text += "\n"
        for name, value in attributes:
            if name in ("src", "href") and not value.startswith("#"):
                self.addresses.append(value)
                if tag == "img":
                    self.pictures.append(value)

    def handle_data(self, data):
        self.text += data
        if self._tag == "h2":
            self.titles.add(data)
            self._tag = ""


def toolkit(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "toolkit", *arguments], capture_output=True, text=True, cwd=folder)


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Where a demonstration was given, and the process that gave it."""
    folder = tmp_path_factory.mktemp("newcomer")
    done = toolkit("demo", "--quick", "--steps", "10", "--text", "Hello <there>.", folder=folder)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_the_demo_makes_one_page_of_everything(shown):
    folder, done = shown[0] / "runs" / "demo", shown[1]
    grid = folder / "digits" / "pictures" / "grid.png"
    assert Image.open(grid).size[0] > 400
    assert len(list(grid.parent.glob("0*.png"))) == 100
    assert "A classifier trained on real digits reads" in done.stdout
    assert "samples/s" in done.stderr, "progress is shown"
    found = Page((folder / "index.html").read_text())
    assert found.titles >= {"Pictures", "A generator is trained", "How fast this machine is"}
    assert all(address.startswith("data:") for address in found.addresses), "the page needs nothing but itself"
    assert len(found.addresses) >= 8
    assert all(len(base64.b64decode(address.partition("base64,")[2])) > 100 for address in found.pictures)
    assert "toolkit generate image fashion-mnist-conditional --count 20 --judge" in found.text
    assert json.loads((folder / "timings.json").read_text())["timings"]["10 steps"] > 0


def test_a_command_of_the_page_makes_the_same_pictures(shown):
    folder, _ = shown
    text = Page((folder / "runs" / "demo" / "index.html").read_text()).text
    command = next(line for line in text.splitlines() if "generate image emoji" in line)
    grid = folder / "runs" / "demo" / "emoji" / "grid.png"
    before = grid.read_bytes()
    shutil.rmtree(grid.parent)
    assert toolkit(*shlex.split(command)[1:], folder=folder).returncode == 0
    assert grid.read_bytes() == before


def test_what_is_missing_is_said_with_the_command_that_helps():
    def lacks(section):
        raise MissingExtraError("Speech needs the package 'soundfile'.", "pip install 'adversarial-toolkit[speech]'")

    section = attempt("Speech", lacks)
    assert "adversarial-toolkit[speech]" in section.missing


def test_the_demo_replaces_an_old_demo_and_nothing_else(shown):
    folder, _ = shown
    kept = folder / "mine" / "letter.txt"
    kept.parent.mkdir()
    kept.write_text("dear")
    (kept.parent / "recipe.yaml").write_text("name: a run that took a week")
    refused = toolkit("demo", "--steps", "2", "--out", "mine", folder=folder)
    assert refused.returncode == 2
    assert "not a demo" in refused.stderr
    assert kept.read_text() == "dear"
    done = toolkit("demo", "--quick", "--steps", "2", "--json", folder=folder)
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / "runs" / "demo" / "timings.json").read_text())["timings"]["2 steps"] > 0
    assert json.loads(done.stdout)["digits"]["evaluation"]["metrics"]["accuracy"] >= 0


def test_the_doctor_names_what_is_missing_and_trains(tmp_path):
    done = toolkit("doctor", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["self_test"]["passed"] is True
    assert found["machine"]["cores"] >= 1
    assert "speech" in found["extras"]
    assert found["extras"]["export"]["onnxruntime"], "the set-up of a checkout installs this extra"
    words = toolkit("doctor", "--no-test", folder=tmp_path).stdout
    missing = [extra for extra, packages in found["extras"].items() if None in packages.values()]
    assert all(f"adversarial-toolkit[{extra}]" in words for extra in missing)


def test_pictures_as_text_keep_their_form():
    pixels = np.zeros((2, 4, 4, 1), np.uint8)
    pixels[0, :, 1] = 255
    lines = as_text(pixels, colour=False, columns=2).splitlines()
    assert lines == [" @", " @"]
    coloured = as_text(pixels, colour=True, columns=2)
    assert coloured.count("\u2580") == 16
    assert "38;2;255;255;255" in coloured

"""The newcomer's two commands, as processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from toolkit.cli.terminal_pictures import as_text


def toolkit(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "toolkit", *arguments], capture_output=True, text=True, cwd=folder)


def test_the_demo_trains_shows_and_measures(tmp_path):
    done = toolkit("demo", "--steps", "10", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    grid = tmp_path / "runs" / "demo" / "pictures" / "grid.png"
    assert Image.open(grid).size[0] > 400
    assert len(list(grid.parent.glob("0*.png"))) == 100
    assert "A classifier trained on real digits reads" in done.stdout
    assert "samples/s" in done.stderr, "progress is shown"


def test_the_demo_replaces_an_old_demo_and_nothing_else(tmp_path):
    kept = tmp_path / "mine" / "letter.txt"
    kept.parent.mkdir()
    kept.write_text("dear")
    (kept.parent / "recipe.yaml").write_text("name: a run that took a week")
    refused = toolkit("demo", "--steps", "2", "--out", "mine", folder=tmp_path)
    assert refused.returncode == 2
    assert "not a demo" in refused.stderr
    assert kept.read_text() == "dear"
    for _ in range(2):
        done = toolkit("demo", "--steps", "2", "--out", "demo", "--json", folder=tmp_path)
        assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["evaluation"]["metrics"]["accuracy"] >= 0


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

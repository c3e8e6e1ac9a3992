"""The documentation is built as it is published, and no reference in it is broken."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.reader import CHECKOUT


def test_the_documentation_builds_without_a_warning(tmp_path):
    for module in ("sphinx", "furo", "myst_parser"):
        pytest.importorskip(module, reason=f"{module} is not installed (extra 'docs')")
    options = ["-W", "--keep-going", "-q", "-b", "html", "-d", str(tmp_path / "doctrees")]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, str(CHECKOUT / "docs"), str(tmp_path / "html")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    pages = (tmp_path / "html" / "reference").rglob("*.html")
    assert any("hinge" in page.read_text() for page in pages), "the registered parts are in the reference"

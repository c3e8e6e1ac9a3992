"""Sphinx: `make docs` builds the pages of this folder, and a reference of every registered part, into build/docs."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import parts_reference  # noqa: E402

import toolkit  # noqa: E402

project = "adversarial-toolkit"
author = "the adversarial-toolkit developers"
release = version = toolkit.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["pictures"]
html_theme = "furo"
html_title = "adversarial-toolkit"
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
autodoc_typehints = "none"  # the signatures show them
autodoc_member_order = "bysource"
napoleon_google_docstring = True
# Pages link to recipes, benchmarks and cards, which are read in the repository and are no pages here.
suppress_warnings = ["myst.xref_missing"]


def setup(app: object) -> None:
    """Write the reference of the registered parts before the pages are read."""
    parts_reference.write(HERE / "reference")

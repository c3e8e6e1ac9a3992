"""The documentation: its commands and code run, its links lead somewhere, its pages are all to be found."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import pytest

from tests.reader import CHECKOUT, code_blocks, commands, furnish, run_code, type_command

DOCS = CHECKOUT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *CHECKOUT.glob("*.md"), *(CHECKOUT / "recipes").rglob("*.md")])
PAGES = [page for page in PAGES if "reference" not in page.parts]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return furnish(tmp_path_factory.mktemp("reader"))


def test_the_tutorial_works_as_written(folder):
    found = commands((DOCS / "tutorial.md").read_text())
    assert len(found) >= 8
    for command in found:
        type_command(command, folder)


def test_the_code_of_the_pages_on_use_works(folder):
    assert "(4, 32, 32, 1)" in run_code(code_blocks((DOCS / "how-to.md").read_text())[0], folder)
    run_code(code_blocks((DOCS / "plugins.md").read_text())[0], folder)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_links_lead_to_files_that_there_are(page: Path):
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), target


def test_every_page_is_in_the_contents():
    listed = set(re.findall(r"^([\w/-]+)$", (DOCS / "index.md").read_text(), re.MULTILINE))
    pages = {page.stem for page in DOCS.glob("*.md")} - {"index"}
    assert pages <= listed


def test_every_decision_is_in_its_list():
    text = (DOCS / "decisions" / "README.md").read_text()
    for record in (DOCS / "decisions").glob("0*.md"):
        assert record.name in text, record.name


def test_the_licence_of_every_package_is_listed():
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 has no tomllib")
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    names = {re.match(r"[\w.-]+", requirement)[0] for requirement in wanted} - {project["name"]}
    listed = set(re.findall(r"[\w.-]+", (DOCS / "licences.md").read_text()))
    assert not names - listed

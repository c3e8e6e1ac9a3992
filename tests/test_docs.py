"""The documentation: its commands and code run, its links lead somewhere, its pages are all to be found."""

from __future__ import annotations

import re
import shutil
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.reader import CHECKOUT, code_blocks, commands, furnish, run_code, type_here
from tests.recipes import stand_ins
from toolkit.engine.shelf import SHIPPED
from toolkit.translation.dates.pairs import DatePairs

DOCS = CHECKOUT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *CHECKOUT.glob("*.md"), *(CHECKOUT / "recipes").rglob("*.md")])
PAGES = [page for page in PAGES if "reference" not in page.parts]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return furnish(tmp_path_factory.mktemp("reader"))


def test_the_tutorial_works_as_written(folder):
    finish("tutorial.md", folder)


def test_the_tutorial_of_translation_works_as_written(tmp_path):
    for module in ("transformers", "sentencepiece", "sacrebleu", "ctranslate2"):
        pytest.importorskip(module, reason=f"{module} is not installed (extras 'translation' and 'ctranslate2')")
    pairs = list(DatePairs(0, 300, "en", "de", "train"))
    for language, side in zip(("en", "de"), zip(*pairs, strict=True), strict=True):
        (tmp_path / f"corpus.{language}").write_text("".join(f"{line}\n" for line in side))
    (tmp_path / "letter.txt").write_text("Saturday, May 4, 2031\n\nForty-two\n")
    (tmp_path / "messages.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\nLanguage: zh\\n"\n\nmsgid "Hello."\nmsgstr ""\n'
    )
    finish("tutorial_translation.md", tmp_path)
    assert (tmp_path / "letter.de.txt").read_text().count("\n") == 3
    assert 'msgstr "' in (tmp_path / "messages.zh.po").read_text().partition("Hello.")[2]


def test_the_tutorial_of_speech_works_as_written(tmp_path):
    for module in ("librosa", "soundfile", "gruut"):
        pytest.importorskip(module, reason=f"{module} is not installed (extras 'speech' and 'phonemes')")
    stand_ins.recordings(tmp_path / "recordings", 6)
    stand_ins.spoken_texts(tmp_path / "my_voice", 24)
    (tmp_path / "book.txt").write_text("It was late. Nobody came.\n")
    finish("tutorial_speech.md", tmp_path)
    assert soundfile_seconds(tmp_path / "copy.wav") == pytest.approx(1.5, abs=0.1)
    assert soundfile_seconds(tmp_path / "book.wav") > 0.2


def test_the_tutorial_of_faces_works_as_written(tmp_path):
    pytest.importorskip("dlib", reason="dlib is not installed (extra 'face')")
    photos = sorted((SHIPPED / "face-library" / "examples").glob("*.jpg"))
    shutil.copy(photos[0], tmp_path / "me.jpg")
    (tmp_path / "faces").mkdir()
    for photo in photos[1:]:
        shutil.copy(photo, tmp_path / "faces")
    finish("tutorial_faces.md", tmp_path)
    first, second = (np.asarray(Image.open(tmp_path / name)) for name in ("new.png", "other.png"))
    assert first.shape == second.shape
    assert not np.array_equal(first, second)


def finish(page: str, folder: Path) -> None:
    """Type every command of a tutorial."""
    found = commands((DOCS / page).read_text())
    assert len(found) >= 5
    type_here(found, folder)


def soundfile_seconds(path: Path) -> float:
    info = pytest.importorskip("soundfile").info(path)
    return float(info.frames / info.samplerate)


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

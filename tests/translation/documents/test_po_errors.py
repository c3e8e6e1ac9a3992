"""Catalogues that cannot be right are refused, naming the line and the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.errors import DataError
from toolkit.translation.documents.po_document import PoDocument

pytest.importorskip("polib")
pytest.importorskip("babel")

HEADER = 'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n"Plural-Forms: {plural}\\n"\n\n'
BODY = 'msgid "a"\nmsgid_plural "b"\nmsgstr[0] ""\nmsgstr[1] ""\n'


@pytest.mark.parametrize(
    ("plural", "words"),
    [
        ("nplurals=3; plural=(n != 1);", "never gives form 2"),
        ("nplurals=1; plural=0;", "has 1 forms, but de has 2"),
        ("nplurals=2; plural=n;", "gives form 2 for the number 2"),
        ("nplurals=2; plural=(n != );", "no rule"),
        ("nplurals=two; plural=n;", "no rule"),
        ("nplurals=2; plural=__import__('os').getpid();", "no rule"),
        ("nplurals=2; plural=n/0;", "no rule"),
        ("2", "no rule"),
    ],
)
def test_wrong_plural_headers(tmp_path: Path, plural: str, words: str) -> None:
    path = tmp_path / "in.po"
    path.write_text(HEADER.format(language="de", plural=plural) + BODY, "utf-8")
    with pytest.raises(DataError, match=words) as caught:
        PoDocument(path, "de")
    assert f"{path}:2" in caught.value.message
    assert "Plural-Forms: nplurals=2; plural=(n != 1);" in caught.value.way_out


def test_more_forms_than_the_header_has(tmp_path: Path) -> None:
    path = tmp_path / "in.po"
    path.write_text(HEADER.format(language="de", plural="nplurals=2; plural=n!=1;") + BODY + 'msgstr[2] "c"\n', "utf-8")
    with pytest.raises(DataError, match=r":6: has a text for plural form 2"):
        PoDocument(path, "de")


def test_translations_into_another_language(tmp_path: Path) -> None:
    path = tmp_path / "in.po"
    path.write_text(HEADER.format(language="fr", plural="nplurals=2; plural=n>1;") + 'msgid "a"\nmsgstr "b"\n', "utf-8")
    with pytest.raises(DataError, match="in 'fr', not in 'de'"):
        PoDocument(path, "de")


def test_an_untranslated_catalogue_of_another_language_may_be_begun(tmp_path: Path) -> None:
    path = tmp_path / "in.po"
    path.write_text(HEADER.format(language="ru", plural="nplurals=3; plural=n%3;") + BODY, "utf-8")
    assert PoDocument(path, "de").rule.count == 2


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b'msgid "a"\nmsgstr "b"\n\nmsgid "c"\nnonsense\n', ":5"),
        (b'msgid "a"\nmsgstr "b\n', ":2"),
        (b'msgid "a"\nmsgstr "b"c"\n', ":2"),
        (b"", ""),
        (b'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "\xff"\nmsgstr ""\n', ":4"),
        (b'msgid ""\nmsgstr "Content-Type: text/plain; charset=klingon\\n"\n', ""),
    ],
)
def test_broken_files(tmp_path: Path, content: bytes, line: str) -> None:
    path = tmp_path / "in.po"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        PoDocument(path, "de")
    assert f"{path}{line}" in caught.value.message
    assert caught.value.way_out

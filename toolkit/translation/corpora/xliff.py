"""Pairs from XLIFF 1.2 and 2.0 files (OASIS standards of 2008 and 2014)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from toolkit.errors import DataError
from toolkit.translation.corpora.pair import Pair
from toolkit.translation.corpora.tmx import plain_text
from toolkit.translation.languages import check_language, same_language
from toolkit.translation.xml_files import Element, read_elements

UNITS = ("trans-unit", "unit")
_LANGUAGES = (("source-language", "srcLang"), ("target-language", "trgLang"))


def read_xliff(path: Path, source_language: str | None, target_language: str | None) -> Iterator[Pair]:
    """The translated segments of an XLIFF file; those without a translation are passed over.

    Args:
        path: the file.
        source_language: refused when the file says another one; `None` takes it as it is.
        target_language: likewise.

    Raises:
        DataError: the file is broken or unsafe, holds no units, or other languages than these.
    """
    units = 0
    for unit in read_elements(path, UNITS):
        units += 1
        check_languages(path, unit, source_language, target_language)
        for segment in [unit] if unit.name == "trans-unit" else unit.all("segment"):
            source, target = segment.first("source"), segment.first("target")
            if source is not None and target is not None and target.text().strip():
                name = unit.attributes.get("id", "?")
                yield Pair(plain_text(source), plain_text(target), f"{path}:{segment.line}, unit {name}")
    if not units:
        raise DataError(f"{path} holds no translation units", "is it an XLIFF 1.2 or 2.0 file?")


def check_languages(path: Path, unit: Element, source: str | None, target: str | None) -> None:
    """Compare the languages that an XLIFF file names with those that are wanted.

    Raises:
        DataError: it names another one, or one that does not exist.
    """
    for names, wanted, side in zip(_LANGUAGES, (source, target), ("source", "target"), strict=True):
        given = next((code for name in names if (code := unit.inherited(name))), None)
        if given and wanted and not same_language(check_language(given, f"{path}:{unit.line}"), wanted):
            raise DataError(
                f"{path}:{unit.line}: its {side} language is '{given}', not '{wanted}'", f"give the language {given}"
            )

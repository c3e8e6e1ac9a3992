"""A document from a file, by its ending."""

from __future__ import annotations

from pathlib import Path

from toolkit.errors import DataError
from toolkit.translation.corpora.tabular import Column
from toolkit.translation.documents.json_document import JsonLinesDocument
from toolkit.translation.documents.markdown_document import MarkdownDocument
from toolkit.translation.documents.po_document import PoDocument
from toolkit.translation.documents.segment import Document
from toolkit.translation.documents.text_document import TextDocument
from toolkit.translation.documents.tmx_document import TmxDocument
from toolkit.translation.documents.tsv_document import TsvDocument
from toolkit.translation.documents.xliff_document import XliffDocument
from toolkit.translation.languages import check_language
from toolkit.translation.text_files import UTF8

FORMATS = {
    ".txt": "txt",
    ".text": "txt",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".po": "po",
    ".pot": "po",
    ".tmx": "tmx",
    ".xlf": "xliff",
    ".xliff": "xliff",
    ".md": "markdown",
    ".markdown": "markdown",
}
"""The format of a file by its ending; `.gz` may follow."""


def open_document(
    path: Path | str,
    source_language: str,
    target_language: str,
    *,
    format: str | None = None,
    encoding: str | None = None,
    source: Column | None = None,
    target: Column | None = None,
) -> Document:
    """Open a file for translation.

    Args:
        path: a PO, TMX, XLIFF, TXT, TSV, JSON lines or Markdown file.
        source_language: ISO 639 code of its texts.
        target_language: of the translations.
        format: one of txt, tsv, jsonl, po, tmx, xliff, markdown; by default from the file's ending.
        encoding: of a text file; by default UTF-8, or what a PO file's header says. XML files declare their own.
        source: the column (TSV; by default the first) or field (JSON lines; by default `source`) with the texts.
        target: the column (by default the second) or field (by default `target`) for the translations.

    Raises:
        DataError: the file cannot be read as that, or there is no such language or format; the message names file and
            line.
        MissingExtraError: a library for this format is not installed.
    """
    file = Path(path)
    check_language(source_language)
    check_language(target_language)
    name = format or _format_of(file)
    text = encoding or UTF8
    if name == "txt":
        return TextDocument(file, text)
    if name == "tsv":
        return TsvDocument(file, 0 if source is None else source, 1 if target is None else target, text)
    if name == "jsonl":
        return JsonLinesDocument(file, str(source or "source"), str(target or "target"), text)
    if name == "po":
        return PoDocument(file, target_language, encoding)
    if name == "tmx":
        return TmxDocument(file, source_language, target_language)
    if name == "xliff":
        return XliffDocument(file, target_language, source_language)
    if name == "markdown":
        return MarkdownDocument(file, text)
    raise DataError(f"there is no format '{name}'", f"formats: {', '.join(sorted(set(FORMATS.values())))}")


def _format_of(path: Path) -> str:
    ending = Path(path.stem).suffix if path.suffix.lower() == ".gz" else path.suffix
    if ending.lower() not in FORMATS:
        raise DataError(
            f"{path}: the ending '{ending}' stands for no format that can be translated",
            f"endings are {', '.join(FORMATS)} (.gz may follow)",
        )
    return FORMATS[ending.lower()]

"""Pairs from a file in any of the known formats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from toolkit.errors import DataError
from toolkit.translation.corpora.gettext_files import read_mo, read_po
from toolkit.translation.corpora.huggingface_pairs import read_dataset
from toolkit.translation.corpora.pair import Pair
from toolkit.translation.corpora.tabular import (
    Column,
    parse_json_line,
    read_csv,
    read_json_lines,
    read_tsv,
    usual_columns,
)
from toolkit.translation.corpora.tmx import read_tmx
from toolkit.translation.corpora.xliff import read_xliff
from toolkit.translation.languages import check_language
from toolkit.translation.text_files import UTF8, lines

FORMATS = {
    ".tsv": "tsv",
    ".tab": "tsv",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".tmx": "tmx",
    ".po": "po",
    ".pot": "po",
    ".mo": "mo",
    ".xlf": "xliff",
    ".xliff": "xliff",
}
"""The format of a file by its ending; `.gz` may follow."""

_USUAL = (("source", "src", "source_text"), ("target", "tgt", "trg", "target_text", "translation"))


def format_of(path: Path, formats: Iterable[str] = tuple(FORMATS)) -> str:
    """The format that the ending of a file stands for.

    Raises:
        DataError: none does.
    """
    ending = Path(path.stem).suffix if path.suffix.lower() == ".gz" else path.suffix
    if ending.lower() not in formats:
        raise DataError(
            f"{path}: the ending '{ending}' stands for no format of sentence pairs",
            f"endings are {', '.join(formats)} (.gz may follow); two plain text files are given as source and target",
        )
    return FORMATS[ending.lower()]


def read_pairs(
    path: Path | str,
    source_language: str | None = None,
    target_language: str | None = None,
    *,
    format: str | None = None,
    encoding: str | None = None,
    source: Column | None = None,
    target: Column | None = None,
    delimiter: str = ",",
    split: str = "train",
    configuration: str | None = None,
    fuzzy: bool = False,
) -> Iterator[Pair]:
    """The pairs of a file, one by one; nothing is cleaned (see `toolkit.translation.corpora.cleaning.clean`).

    Args:
        path: TSV, CSV, JSON lines, TMX, PO, MO or XLIFF, compressed with gzip or not; or a folder or name of a
            Hugging Face data set (`format="datasets"`).
        source_language: ISO 639 code; TMX needs it, XLIFF is checked against it, columns may be called after it.
        target_language: likewise.
        format: one of tsv, csv, jsonl, tmx, po, mo, xliff, datasets; by default from the file's ending.
        encoding: of a text file; by default UTF-8, or what a PO file's header says.
        source: the column or field of the sentences: its name, or in TSV and CSV its number from 0. By default the one
            called `source`, `src` or after the language, otherwise the first.
        target: likewise; otherwise the second column.
        delimiter: between the columns of a CSV file.
        split: of a Hugging Face data set.
        configuration: of a Hugging Face data set.
        fuzzy: also the doubtful messages of a PO file.

    Raises:
        DataError: the file cannot be read as that, or a language code is unknown; the message names file and line.
    """
    file = Path(path)
    languages = (source_language, target_language)
    for language in languages:
        if language is not None:
            check_language(language)
    name = format or ("datasets" if file.is_dir() else format_of(file))
    text = encoding or UTF8
    usual = [
        [language.lower(), *known] if language else [*known] for language, known in zip(languages, _USUAL, strict=True)
    ]
    if name in ("tsv", "csv"):
        separator = "\t" if name == "tsv" else delimiter
        if source is None or target is None:
            first, second = usual_columns(file, text, separator, usual)
            source, target = first if source is None else source, second if target is None else target
        if name == "tsv":
            return read_tsv(file, text, source, target)
        return read_csv(file, text, source, target, separator)
    if name == "jsonl":
        return read_json_lines(file, text, *_fields(file, text, source, target, usual))
    if name == "tmx":
        if not source_language or not target_language:
            raise DataError(f"{file}: a TMX file holds many languages", "give the source and the target language")
        return read_tmx(file, source_language, target_language)
    if name == "xliff":
        return read_xliff(file, source_language, target_language)
    if name == "po":
        return read_po(file, encoding, fuzzy)
    if name == "mo":
        return read_mo(file)
    if name == "datasets":
        columns = [str(column or language or "") for column, language in zip((source, target), languages, strict=True)]
        return read_dataset(str(path), columns[0], columns[1], split, configuration)
    raise DataError(f"there is no format '{name}'", f"formats: {', '.join(sorted(set(FORMATS.values())))}, datasets")


def _fields(
    path: Path, encoding: str, source: Column | None, target: Column | None, usual: list[list[str]]
) -> tuple[Column, Column]:
    """The fields of a JSON lines file: the given ones, or those of its first line with usual names."""
    if source is not None and target is not None:
        return source, target
    first = next(((number, line) for number, line in enumerate(lines(path, encoding), 1) if line.strip()), None)
    names = _text_fields(parse_json_line(path, *first)) if first else []
    found: list[Column] = []
    for given, known, side in zip((source, target), usual, ("source", "target"), strict=True):
        choice = given or next((name for name in names if name.split(".")[-1].lower() in known), None)
        if choice is None and names:
            raise DataError(
                f"{path}: it is not clear which field holds the {side} text", f"name it; there are {', '.join(names)}"
            )
        found.append(choice or known[-1])
    return found[0], found[1]


def _text_fields(record: dict[str, Any]) -> list[str]:
    """The names of all texts in an object and in those directly in it."""
    found = [name for name, value in record.items() if isinstance(value, str)]
    for name, value in record.items():
        if isinstance(value, dict):
            found += [f"{name}.{inner}" for inner, text in value.items() if isinstance(text, str)]
    return found

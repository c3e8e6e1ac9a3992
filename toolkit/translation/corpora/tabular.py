"""Pairs in the columns of TSV and CSV files and in the fields of JSON lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from toolkit.errors import DataError, nearest
from toolkit.translation.corpora.pair import Pair
from toolkit.translation.text_files import encoding_error, lines, open_text

Column = int | str


def read_tsv(path: Path, encoding: str, source: Column, target: Column) -> Iterator[Pair]:
    """Pairs from a file with tabs between its columns; a tab or quotation mark in a text has no special meaning.

    Args:
        path: the file.
        encoding: of its characters.
        source: the column of the sentences: its number from 0, or its name when the first line names the columns.
        target: the column of their translations.

    Raises:
        DataError: a line has too few columns, or no column has that name.
    """
    columns: tuple[int, int] | None = None
    for number, line in enumerate(lines(path, encoding), start=1):
        fields = line.split("\t")
        if columns is None:
            columns = _columns(path, fields, source, target)
            if isinstance(source, str) or isinstance(target, str):
                continue
        if line.strip():
            yield _pair(path, number, fields, columns)


def read_csv(path: Path, encoding: str, source: Column, target: Column, delimiter: str = ",") -> Iterator[Pair]:
    """Pairs from a CSV file (RFC 4180): texts in quotation marks may hold delimiters and line ends.

    Args:
        path: the file.
        encoding: of its characters.
        source: as for `read_tsv`.
        target: as for `read_tsv`.
        delimiter: between columns.

    Raises:
        DataError: as `read_tsv`, or a quotation mark is never closed.
    """
    columns: tuple[int, int] | None = None
    limit = csv.field_size_limit(max(csv.field_size_limit(), 1 << 24))
    try:
        for number, fields in _records(path, encoding, delimiter):
            if columns is None:
                columns = _columns(path, fields, source, target)
                if isinstance(source, str) or isinstance(target, str):
                    continue
            if any(field.strip() for field in fields):
                yield _pair(path, number, fields, columns)
    finally:
        csv.field_size_limit(limit)


def read_json_lines(path: Path, encoding: str, source: Column, target: Column) -> Iterator[Pair]:
    """Pairs from a file with one JSON object in each line; a dot in a name goes into an object: `translation.en`.

    Args:
        path: the file.
        encoding: of its characters.
        source: the field of the sentences.
        target: the field of their translations.

    Raises:
        DataError: a line is no JSON object, or lacks a field; the message names the line.
    """
    for number, line in enumerate(lines(path, encoding), start=1):
        if line.strip():
            record = parse_json_line(path, number, line)
            texts = [json_field(path, number, record, str(name)) for name in (source, target)]
            yield Pair(texts[0], texts[1], f"{path}:{number}")


def parse_json_line(path: Path, number: int, line: str) -> dict[str, Any]:
    """The object in one line.

    Raises:
        DataError: it is none.
    """
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}:{number}: is not JSON: {error}", "each line must be one whole JSON object") from error
    if not isinstance(record, dict):
        raise DataError(f"{path}:{number}: holds {type(record).__name__}, not an object with fields", "write {...}")
    return record


def json_field(path: Path, number: int, record: dict[str, Any], name: str) -> str:
    """The text of a field.

    Raises:
        DataError: there is no such field, or it holds no text.
    """
    found: Any = record
    for part in [name] if name in record else name.split("."):
        if not isinstance(found, dict) or part not in found:
            raise DataError(
                f"{path}:{number}: has no field '{name}'",
                f"name the field that holds the text; {nearest(name, map(str, record))}",
            )
        found = found[part]
    if not isinstance(found, str):
        raise DataError(f"{path}:{number}: the field '{name}' holds {type(found).__name__}, not text")
    return found


def _records(path: Path, encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The records of a CSV file, each with the line it begins in."""
    with open_text(path, encoding, newline="") as file:
        reader = csv.reader(_plain_ends(file), delimiter=delimiter, strict=True)
        begins = 1
        try:
            for fields in reader:
                yield begins, fields
                begins = reader.line_num + 1
        except csv.Error as error:
            raise DataError(
                f"{path}:{begins}: is not CSV: {error}",
                "a text with a quotation mark in it is written with it doubled, within quotation marks",
            ) from error
        except UnicodeError as error:
            raise encoding_error(path, encoding, reader.line_num + 1, error) from error


def _plain_ends(file: io.TextIOWrapper) -> Iterator[str]:
    """Its lines; one that ends with `\\r` alone is ended as the csv module expects."""
    for line in file:
        yield line[:-1] + "\n" if line.endswith("\r") else line


def _columns(path: Path, header: list[str], source: Column, target: Column) -> tuple[int, int]:
    names = [name.strip() for name in header]
    numbers = []
    for column in (source, target):
        if isinstance(column, str) and column not in names:
            raise DataError(
                f"{path}:1: no column is called '{column}'",
                f"name one of the columns, or give its number from 0; {nearest(column, names)}",
            )
        numbers.append(names.index(column) if isinstance(column, str) else column)
    return numbers[0], numbers[1]


def _pair(path: Path, number: int, fields: list[str], columns: tuple[int, int]) -> Pair:
    if max(columns) >= len(fields):
        count = "1 column" if len(fields) == 1 else f"{len(fields)} columns"
        raise DataError(
            f"{path}:{number}: has {count}; the texts should stand in columns {columns[0]} and {columns[1]} "
            "(counted from 0)",
            "mend the line, or say which columns and which delimiter the file has",
        )
    return Pair(fields[columns[0]], fields[columns[1]], f"{path}:{number}")


def usual_columns(path: Path, encoding: str, delimiter: str, names: Iterable[Iterable[str]]) -> tuple[Column, Column]:
    """The columns to read when the user names none: two with usual names, or else the first two.

    Args:
        path: the file.
        encoding: of its characters.
        delimiter: between its columns.
        names: for source and target, what a column with it may be called.
    """
    first = next(iter(lines(path, encoding)), "")
    header = [name.strip().strip('"') for name in first.split(delimiter)]
    lower = [name.lower() for name in header]
    found = [next((header[lower.index(name)] for name in usual if name in lower), None) for usual in names]
    if len(found) == 2 and found[0] is not None and found[1] is not None:
        return found[0], found[1]
    return 0, 1

"""Columns parted by tabs: one is translated into another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from toolkit.errors import DataError, nearest
from toolkit.translation.corpora.tabular import Column
from toolkit.translation.documents.saving import check_keys, save
from toolkit.translation.documents.segment import Segment, Translated
from toolkit.translation.documents.text_document import one_line, read_stored, split_lines
from toolkit.translation.text_files import UTF8


class TsvDocument:
    """A TSV file: the texts of one column are segments, their translations go into another one.

    Args:
        path: the file; `.gz` is unpacked on the way.
        source: the column of the texts: its number from 0, or its name when the first line names the columns.
        target: the column of the translations, likewise. One that a line lacks is added behind its last column, and a
            name that the first line lacks is added there.
        encoding: of its characters.

    Raises:
        DataError: the file cannot be read, there is no such source column, or a line ends before it.
    """

    def __init__(self, path: Path | str, source: Column = 0, target: Column = 1, encoding: str = UTF8) -> None:
        self.path = Path(path)
        self._stored = read_stored(self.path, encoding)
        self._rows = [(line.split("\t"), end) for line, end in split_lines(self._stored.text)]
        named = isinstance(source, str) or isinstance(target, str)
        header = [name.strip() for name in self._rows[0][0]] if self._rows else []
        self._source = self._place(source, header)
        self._target = header.index(target) if target in header and isinstance(target, str) else target
        if isinstance(self._target, str):
            self._rows[0][0].append(self._target)
            self._target = len(header)
        self._first = 1 if named else 0
        self._segments = [
            self._segment(number) for number in range(self._first, len(self._rows)) if self._text(number).strip()
        ]

    @property
    def segments(self) -> list[Segment]:
        """The texts of the source column."""
        return self._segments

    def write(self, path: Path, translations: Mapping[str, Translated]) -> None:
        """Write the table with these translations in the target column.

        Raises:
            DataError: a key is unknown, or the file's encoding lacks a character.
        """
        check_keys(self._segments, translations, self.path)
        written = []
        for number, (fields, end) in enumerate(self._rows):
            translated = translations.get(f"row {number + 1}")
            if translated is not None:
                fields = [*fields, *[""] * (int(self._target) + 1 - len(fields))]
                fields[int(self._target)] = one_line(translated.text)
            written.append("\t".join(fields) + end)
        save(path, self._stored.encode("".join(written), self.path))

    def _segment(self, number: int) -> Segment:
        fields = self._rows[number][0]
        place = int(self._target)
        existing = fields[place] if place < len(fields) and fields[place].strip() else None
        return Segment(f"row {number + 1}", self._text(number), existing=existing, origin=f"{self.path}:{number + 1}")

    def _text(self, number: int) -> str:
        fields = self._rows[number][0]
        if fields == [""]:
            return ""
        if self._source >= len(fields):
            raise DataError(
                f"{self.path}:{number + 1}: has {len(fields)} columns; the text should stand in column {self._source} "
                "(counted from 0)",
                "mend the line, or say which column holds the text",
            )
        return fields[self._source]

    def _place(self, column: Column, header: list[str]) -> int:
        if isinstance(column, int):
            return column
        if column not in header:
            raise DataError(f"{self.path}:1: no column is called '{column}'", nearest(column, header))
        return header.index(column)

"""JSON lines: one field is translated into another; not one other character of a line is touched."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from toolkit.errors import DataError
from toolkit.translation.corpora.tabular import json_field, parse_json_line
from toolkit.translation.documents.saving import check_keys, save
from toolkit.translation.documents.segment import Segment, Translated
from toolkit.translation.documents.text_document import read_stored, split_lines
from toolkit.translation.text_files import UTF8

_BLANKS = re.compile(r"[ \t]*")
_DECODER = json.JSONDecoder()


class JsonLinesDocument:
    """A file with one JSON object in each line: the texts of one field are segments.

    Args:
        path: the file; `.gz` is unpacked on the way.
        source: the field with the text; a dot goes into an object (`translation.en`).
        target: the field for the translation, likewise; it is added at the end of its object where it is missing.
        encoding: of its characters.

    Raises:
        DataError: the file cannot be read, a line is no JSON object, or lacks the field; the message names the line.
    """

    def __init__(self, path: Path | str, source: str = "source", target: str = "target", encoding: str = UTF8) -> None:
        self.path = Path(path)
        self._stored = read_stored(self.path, encoding)
        self._lines = split_lines(self._stored.text)
        self._target = target
        self._segments = []
        for number, (line, _) in enumerate(self._lines, start=1):
            if not line.strip():
                continue
            record = parse_json_line(self.path, number, line)
            text = json_field(self.path, number, record, source)
            if text.strip():
                found = _lookup(record, target)
                existing = found if isinstance(found, str) and found.strip() else None
                self._segments.append(
                    Segment(f"line {number}", text, existing=existing, origin=f"{self.path}:{number}")
                )

    @property
    def segments(self) -> list[Segment]:
        """The texts of the source field."""
        return self._segments

    def write(self, path: Path, translations: Mapping[str, Translated]) -> None:
        """Write the file with these translations in the target field.

        Raises:
            DataError: a key is unknown, the target field lies in something that is no object, or the file's encoding
                lacks a character.
        """
        check_keys(self._segments, translations, self.path)
        written = []
        for number, (line, end) in enumerate(self._lines, start=1):
            translated = translations.get(f"line {number}")
            if translated is not None:
                try:
                    line = _with_field(line, self._target.split("."), translated.text)
                except ValueError as error:
                    raise DataError(f"{self.path}:{number}: {error}", "choose another field") from error
            written.append(line + end)
        save(path, self._stored.encode("".join(written), self.path))


def _lookup(record: object, name: str) -> object:
    for part in name.split("."):
        record = record.get(part) if isinstance(record, dict) else None
    return record


def _with_field(line: str, names: list[str], text: str) -> str:
    """The line with a field set, in the object that begins at its first brace."""
    start = line.index("{")
    for depth, name in enumerate(names):
        fields, last = _fields(line, start)
        if name not in fields:
            value = json.dumps(text, ensure_ascii=line.isascii() and "\\u" in line)
            for missing in reversed(names[depth + 1 :]):
                value = f"{{{json.dumps(missing)}: {value}}}"
            comma = ", " if fields else ""
            return line[:last] + f"{comma}{json.dumps(name, ensure_ascii=False)}: {value}" + line[last:]
        begin, end = fields[name]
        if depth == len(names) - 1:
            return line[:begin] + json.dumps(text, ensure_ascii=line.isascii() and "\\u" in line) + line[end:]
        if line[begin] != "{":
            raise ValueError(f"the field '{name}' holds no object")
        start = begin
    return line


def _fields(line: str, start: int) -> tuple[dict[str, tuple[int, int]], int]:
    """Where the values of an object stand, by name, and the place after its last value."""
    found: dict[str, tuple[int, int]] = {}
    place = last = start + 1
    while True:
        place = _skip(line, place)
        if line[place] == "}":
            return found, last
        if line[place] == ",":
            place = _skip(line, place + 1)
        name, place = _DECODER.raw_decode(line, place)
        begin = _skip(line, _skip(line, place) + 1)
        _, last = _DECODER.raw_decode(line, begin)
        found[name] = (begin, last)
        place = last


def _skip(line: str, place: int) -> int:
    match = _BLANKS.match(line, place)
    return match.end() if match else place

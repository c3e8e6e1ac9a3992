"""Plain text, line by line."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from toolkit.errors import DataError
from toolkit.translation.documents.saving import check_keys, save
from toolkit.translation.documents.segment import Segment, Translated, has_words
from toolkit.translation.text_files import UTF8, encoding_error, open_text

_UTF8_MARK = codecs.BOM_UTF8
_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")


@dataclass(frozen=True, slots=True)
class StoredText:
    """The text of a file, with all that is needed to write it back byte for byte.

    Attributes:
        text: with its line ends as they are.
        encoding: for writing.
        mark: the byte order mark it began with.
    """

    text: str
    encoding: str
    mark: bytes = b""

    def encode(self, text: str, path: Path) -> bytes:
        """Another text as this one is stored.

        Raises:
            DataError: the encoding lacks one of its characters.
        """
        try:
            return self.mark + text.encode(self.encoding)
        except UnicodeEncodeError as error:
            raise DataError(
                f"{path}: the encoding {self.encoding.upper()} has no '{text[error.start]}'",
                "convert the input to UTF-8 first, and translate that",
            ) from error


def read_stored(path: Path, encoding: str = UTF8) -> StoredText:
    """Read a text file.

    Raises:
        DataError: it cannot be read, or is not in this encoding; the message names the line.
    """
    with open_text(path, encoding, newline="") as file:
        try:
            text = file.read()
        except UnicodeError as error:
            raise encoding_error(path, encoding, 1, error) from error
        file.seek(0)
        mark = _UTF8_MARK if file.buffer.read(3) == _UTF8_MARK and file.encoding == "utf-8-sig" else b""
    name = file.encoding if file.encoding != "utf-8-sig" else UTF8
    return StoredText(text, name, mark)


def split_lines(text: str) -> list[tuple[str, str]]:
    r"""Lines with their ends, `\n`, `\r\n` or `\r` (`str.splitlines` would also break at other characters).

    >>> split_lines("a\r\nb\u2028c\n")
    [('a', '\r\n'), ('b\u2028c', '\n')]
    """
    found = _LINE.findall(text)
    return found[:-1] if found and found[-1] == ("", "") else found


def one_line(text: str) -> str:
    """A translation without line ends and tabs, for formats where these part the texts."""
    return re.sub(r"[\r\n\t]+", " ", text)


class TextDocument:
    """A text file; each line with words in it is a segment. Blanks at the ends of a line and line ends are kept.

    Args:
        path: the file; `.gz` is unpacked on the way.
        encoding: of its characters.

    Raises:
        DataError: it cannot be read, or is not in this encoding.
    """

    def __init__(self, path: Path | str, encoding: str = UTF8) -> None:
        self.path = Path(path)
        self._stored = read_stored(self.path, encoding)
        self._lines = split_lines(self._stored.text)
        self._segments = [
            Segment(f"line {number}", line.strip(), origin=f"{self.path}:{number}")
            for number, (line, _) in enumerate(self._lines, start=1)
            if has_words(line)
        ]

    @property
    def segments(self) -> list[Segment]:
        """The lines with words in them."""
        return self._segments

    def write(self, path: Path, translations: Mapping[str, Translated]) -> None:
        """Write the text with these lines translated.

        Raises:
            DataError: a key is unknown, or the file's encoding lacks a character.
        """
        check_keys(self._segments, translations, self.path)
        written = []
        for number, (line, end) in enumerate(self._lines, start=1):
            translated = translations.get(f"line {number}")
            if translated is not None:
                content = line.strip()
                start = line.index(content)
                line = line[:start] + one_line(translated.text).strip() + line[start + len(content) :]
            written.append(line + end)
        save(path, self._stored.encode("".join(written), self.path))

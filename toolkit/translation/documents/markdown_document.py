"""Markdown files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from toolkit.translation.documents.markdown_blocks import Piece, pieces, starts_block
from toolkit.translation.documents.saving import check_keys, save
from toolkit.translation.documents.segment import Segment, Translated, has_words
from toolkit.translation.documents.text_document import one_line, read_stored, split_lines
from toolkit.translation.text_files import UTF8

_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]")
_SHORTEST = 40  # lines are not broken below this width, however short those of the source are


class MarkdownDocument:
    """A Markdown file; its paragraphs, headings and list items are segments.

    Code, HTML blocks, tables, link definitions and front matter are left as they are. Emphasis, code spans and links
    within a paragraph are part of its text, where `toolkit.translation.placeholders` finds what must be kept. A
    paragraph of several lines is broken again at about the width that it had.

    Args:
        path: the file; `.gz` is unpacked on the way.
        encoding: of its characters.

    Raises:
        DataError: it cannot be read, or is not in this encoding.
        MissingExtraError: markdown-it-py is not installed.
    """

    def __init__(self, path: Path | str, encoding: str = UTF8) -> None:
        self.path = Path(path)
        self._stored = read_stored(self.path, encoding)
        rows = split_lines(self._stored.text)
        self._lines = [line for line, _ in rows]
        self._ends = [end for _, end in rows]
        self._pieces: dict[str, Piece] = {}
        self._segments: list[Segment] = []
        for piece in pieces(self._lines):
            text = _joined(piece.contents)
            if has_words(text):
                key = f"line {piece.line + 1}"
                self._pieces[key] = piece
                self._segments.append(Segment(key, text, origin=f"{self.path}:{piece.line + 1}"))

    @property
    def segments(self) -> list[Segment]:
        """The paragraphs, headings and list items."""
        return self._segments

    def write(self, path: Path, translations: Mapping[str, Translated]) -> None:
        """Write the file with these translations.

        Raises:
            DataError: a key is unknown, or the file's encoding lacks a character.
        """
        check_keys(self._segments, translations, self.path)
        begins = {piece.line: (piece, translations[key]) for key, piece in self._pieces.items() if key in translations}
        written: list[str] = []
        place = 0
        while place < len(self._lines):
            if place not in begins:
                written.append(self._lines[place] + self._ends[place])
                place += 1
                continue
            piece, translated = begins[place]
            ends = self._ends[place : place + len(piece.contents)]
            rows = _rows(piece, one_line(translated.text).strip() or _joined(piece.contents))
            written += [row + (ends[0] or "\n") for row in rows[:-1]]
            written.append(rows[-1] + ends[-1])
            place += len(piece.contents)
        save(path, self._stored.encode("".join(written), self.path))


def _joined(contents: tuple[str, ...]) -> str:
    """The lines of a paragraph as one; between two wide characters no blank is put."""
    text = contents[0]
    for line in contents[1:]:
        wide = text and line and _WIDE.match(text[-1]) and _WIDE.match(line)
        text += line if wide else f" {line}"
    return text


def _rows(piece: Piece, text: str) -> list[str]:
    """The lines of a translated piece with their prefixes."""
    if starts_block(text) and not starts_block(piece.contents[0]) and not piece.heading:
        text = re.sub(r"^(\d*)", r"\1\\", text, count=1)  # a backslash before the sign that would begin a block
    width = max(len(prefix) + len(line) for prefix, line in zip(piece.prefixes, piece.contents, strict=True))
    rows = [text] if len(piece.contents) == 1 or piece.heading else _wrapped(text, max(width, _SHORTEST), piece)
    later = piece.prefixes[1] if len(piece.prefixes) > 1 else " " * len(piece.prefixes[0])
    prefixed = [(later if number else piece.prefixes[0]) + row for number, row in enumerate(rows)]
    prefixed[-1] += piece.suffixes[-1]
    return prefixed


def _wrapped(text: str, width: int, piece: Piece) -> list[str]:
    """The text in lines that do not begin with a sign that would begin a block."""
    room = width - max(map(len, piece.prefixes))
    rows: list[str] = [""]
    for word in _unbroken(text):
        if rows[-1] and len(rows[-1]) + 1 + len(word) > room and not starts_block(f"{word} "):
            rows.append(word)
        else:
            rows[-1] = f"{rows[-1]} {word}" if rows[-1] else word
    return rows


def _unbroken(text: str) -> list[str]:
    """The words of a text; code spans stay whole."""
    return re.findall(r"(?:`[^`]*`|\S)+", text)

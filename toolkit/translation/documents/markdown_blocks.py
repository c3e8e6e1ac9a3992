"""Where the words of a Markdown file stand, line by line.

markdown-it-py (CommonMark 0.31) tells which lines are paragraphs and headings, and which are code, tables, HTML or
link definitions. Its tokens know their lines but not their columns, so that the marks at the beginning of a line
(`> `, `- `, `## `) are found here, by looking for the content of the token in its line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from toolkit.errors import require

_FRONT_MATTER = re.compile(r"(---|\+\+\+)[ \t]*")
_BEFORE_WORDS = re.compile(r"(?:\[\^[^\]\s]{1,80}\]:[ \t]+|\[[ xX]\][ \t]+|\[![A-Za-z]+\][ \t]*$)")
_HARD_BREAK = re.compile(r"(?: {2,}|\\)$")


@dataclass(frozen=True, slots=True)
class Piece:
    """What is translated at once: lines of one paragraph up to a forced line break, or a heading.

    Attributes:
        line: number of its first line, from 0.
        prefixes: what stands before the words in each of its lines.
        contents: the words in each of its lines.
        suffixes: what stands behind them: closing `##`, blanks that force a line break.
        heading: it must stay in one line.
    """

    line: int
    prefixes: tuple[str, ...]
    contents: tuple[str, ...]
    suffixes: tuple[str, ...]
    heading: bool


def pieces(lines: list[str]) -> list[Piece]:
    """The translatable pieces of a Markdown file, in order; none in code, HTML, tables, definitions or front matter.

    Args:
        lines: without their ends.
    """
    parser = require("markdown_it", "translation", "Reading Markdown").MarkdownIt("commonmark").enable("table")
    skipped = _front_matter(lines)
    found: list[Piece] = []
    inside_table = 0
    kind = ""
    for token in parser.parse("\n".join([*[""] * skipped, *lines[skipped:]])):
        inside_table += {"table_open": 1, "table_close": -1}.get(token.type, 0)
        if token.type in ("heading_open", "paragraph_open"):
            kind = token.type
        elif token.type == "inline" and not inside_table and token.map is not None:
            found += _pieces_of(lines, token.map[0], token.content.split("\n"), kind == "heading_open")
    return found


def starts_block(text: str) -> bool:
    """Whether a line that begins so would become something else than words of a paragraph.

    >>> [starts_block(text) for text in ("- a", "1. a", "# a", "1.5 a", "a - b", "---", "> a")]
    [True, True, True, False, False, True, True]
    """
    return _BLOCK.match(text) is not None


_BLOCK = re.compile(
    r"(?:[-+*][ \t]|\d{1,9}[.)][ \t]|\#{1,6}(?:[ \t]|$)|>|```|~~~|(?:[-*_=][ \t]*){3,}$|-+$|=+$|[-+*]$|\||<[A-Za-z/!?])"
)


def _front_matter(lines: list[str]) -> int:
    """Number of lines of the settings that many tools put before the text."""
    if not lines or not _FRONT_MATTER.fullmatch(lines[0]):
        return 0
    mark = lines[0].strip()
    return next((number + 1 for number, line in enumerate(lines[1:], 1) if line.strip() in (mark, "...")), 0)


def _pieces_of(lines: list[str], first: int, contents: list[str], heading: bool) -> list[Piece]:
    """The pieces of one paragraph."""
    rows: list[tuple[str, str, str]] = []
    for number, content in enumerate(contents):
        row = _divided(lines[first + number], content.strip(), first_line=number == 0)
        if row is None:  # a tab was widened: the words cannot be told from their surroundings with certainty
            return []
        rows.append(row)
    found: list[Piece] = []
    begin = 0
    for number, (_, _, suffix) in enumerate(rows):
        if _HARD_BREAK.search(suffix) or number == len(rows) - 1:
            prefixes, words, suffixes = zip(*rows[begin : number + 1], strict=True)
            found.append(Piece(first + begin, prefixes, words, suffixes, heading))
            begin = number + 1
    return found


def _divided(line: str, content: str, first_line: bool) -> tuple[str, str, str] | None:
    """A line as what is before its words, the words, and what is behind them."""
    bare = line.rstrip()
    start = len(bare) - len(content) if bare.endswith(content) else line.find(content)
    if start < 0 or (not content and bare):
        return None
    end = start + len(content)
    if content.endswith("\\"):
        end -= 1
    before = _BEFORE_WORDS.match(line, start, end) if first_line else None
    start = before.end() if before else start
    return line[:start], line[start:end], line[end:]

"""Markdown: words are translated, the rest is kept as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit.translation.documents.markdown_document import MarkdownDocument
from toolkit.translation.documents.segment import Translated
from toolkit.translation.placeholders import find

markdown_it = pytest.importorskip("markdown_it")

TEXT = """---
title: Kept
---
# Heading with `code` ##

First line of a paragraph that goes on and
on in [a link](docs/a.md "Title") line.
With a break:\x20\x20
after it\\
and after that.

> Quoted words
> in two lines that are quite long
>
> - item one
>   goes on here
> - [ ] a task

1. numbered

       indented code in it
2. next

```python
print("kept")
```

    kept code

<div align="center">
kept html
</div>

| a | b |
|---|---|
| kept | table |

[ref]: https://example.org "Kept"
[^1]: A footnote.

Underlined
heading
=======

![](only.png) 12:30 `x`

* * *
Last without end"""


def shouted(text: str) -> str:
    written, end = "", 0
    for found in find(text):
        written += text[end : found.start].upper() + found.text
        end = found.end
    return written + text[end:].upper()


def test_the_words_are_offered_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "in.md"
    path.write_text(TEXT, "utf-8")
    assert [one.source for one in MarkdownDocument(path).segments] == [
        "Heading with `code`",
        'First line of a paragraph that goes on and on in [a link](docs/a.md "Title") line. With a break:',
        "after it",
        "and after that.",
        "Quoted words in two lines that are quite long",
        "item one goes on here",
        "a task",
        "numbered",
        "next",
        "A footnote.",
        "Underlined heading",
        "Last without end",
    ]


def test_the_translation_stands_in_the_same_frame(tmp_path: Path) -> None:
    path = tmp_path / "in.md"
    path.write_text(TEXT, "utf-8")
    document = MarkdownDocument(path)
    document.write(path, {one.key: Translated(shouted(one.source)) for one in document.segments})
    expected = TEXT
    for before, after in CHANGED.items():
        assert expected.count(before) == 1
        expected = expected.replace(before, after)
    assert path.read_text("utf-8") == expected


CHANGED = {
    "Heading with": "HEADING WITH",
    "First line of a paragraph that goes on and": "FIRST LINE OF A PARAGRAPH THAT GOES ON AND",
    "on in [a link](docs/a.md": "ON IN [A LINK](docs/a.md",
    ") line.\nWith a break:": ") LINE.\nWITH A BREAK:",
    "after it\\\nand after that.": "AFTER IT\\\nAND AFTER THAT.",
    "> Quoted words\n> in two lines that are quite long": "> QUOTED WORDS IN TWO LINES THAT ARE\n> QUITE LONG",
    "item one\n>   goes on here": "ITEM ONE GOES ON HERE",  # fits into one line of the least width
    "a task": "A TASK",
    "numbered": "NUMBERED",
    "next": "NEXT",
    "A footnote": "A FOOTNOTE",
    "Underlined\nheading": "UNDERLINED HEADING",  # a heading that is underlined stays in one line
    "Last without end": "LAST WITHOUT END",
}


@pytest.mark.parametrize("text", ["- x", "1. x", "# x", "> x", "---", "===", "```", "+ x", "<div>", "| x"])
def test_a_translation_never_becomes_another_block(tmp_path: Path, text: str) -> None:
    path = tmp_path / "in.md"
    path.write_text("Above\n\nwords\n\nbelow\n")
    document = MarkdownDocument(path)
    document.write(path, {document.segments[1].key: Translated(text)})
    types = [token.type for token in markdown_it.MarkdownIt("commonmark").enable("table").parse(path.read_text())]
    assert types == ["paragraph_open", "inline", "paragraph_close"] * 3


def test_wrapped_lines_never_begin_another_block(tmp_path: Path) -> None:
    path = tmp_path / "in.md"
    path.write_text("some words that fill a line of text\nand go on\n")
    document = MarkdownDocument(path)
    document.write(path, {document.segments[0].key: Translated("eine Aufzählung hat Zeichen davor - 1. # > | + " * 4)})
    types = [token.type for token in markdown_it.MarkdownIt("commonmark").parse(path.read_text())]
    assert types == ["paragraph_open", "inline", "paragraph_close"]
    assert len(path.read_text().splitlines()) > 2


def test_lines_of_chinese_are_joined_without_blanks(tmp_path: Path) -> None:
    path = tmp_path / "in.md"
    path.write_text("第一行\n第二行 and\nmore\n", "utf-8")
    assert [one.source for one in MarkdownDocument(path).segments] == ["第一行第二行 and more"]


MARKS = ["# a #", "- a", "1. b", "> c", "```", "    code", "| a |", "|---|", "<b>", "---", "===", "   - d", "* [x] e"]
LINES = [*MARKS, "a b", "  two  ", "", "\tx", "a\\", "[a]: b", "é `c`"]


@given(st.lists(st.sampled_from(LINES), max_size=9), st.sampled_from(["\n", "\r\n"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_the_same_words_give_the_same_document(tmp_path: Path, lines: list[str], end: str) -> None:
    path, output = tmp_path / "in.md", tmp_path / "out.md"
    path.write_bytes(end.join(lines).encode())
    document = MarkdownDocument(path)
    document.write(output, {})
    assert output.read_bytes() == path.read_bytes()
    document.write(output, {one.key: Translated(one.source) for one in document.segments})
    parse = markdown_it.MarkdownIt("commonmark").enable("table").render
    assert parse(output.read_text("utf-8")).split() == parse(path.read_text("utf-8")).split()

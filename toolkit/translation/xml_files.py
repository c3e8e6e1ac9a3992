"""XML read safely and piece by piece, with the line of every element and, for editing in place, its bytes.

Expat is used directly. What is read here (TMX, XLIFF) needs no entities of its own, so that a document that declares
some is refused before any is expanded: neither entity bombs nor files from elsewhere can get in. The usual
`<!DOCTYPE tmx SYSTEM "tmx14.dtd">` declares none and is let through; the file it names is never opened.

Libraries that build a tree of the whole document were tried first; they cannot give a file back byte for byte, and hold
a translation memory of a gigabyte several times over.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat

from toolkit.errors import DataError
from toolkit.translation.text_files import open_binary

XML_LANG = "xml:lang"
_START_TAG = re.compile(rb"""<[^\s/>]+(?:[^"'>]|"[^"]*"|'[^']*')*>""")
_DEPTH = 200


@dataclass(slots=True, eq=False)
class Element:
    """An element of an XML file.

    Attributes:
        name: without its namespace prefix.
        attributes: as written, with prefixes (`xml:lang`).
        line: of its start tag, from 1.
        parent: the element around it.
        children: texts and elements, in order; only kept within the elements that were asked for.
        start: the place of its `<` in the bytes of the file (uncompressed, in UTF-8).
        end: the place after it.
        inner_start: the place after its start tag; equal to `end` in an empty element (`<target/>`).
        inner_end: the place of its end tag.
    """

    name: str
    attributes: dict[str, str]
    line: int
    parent: Element | None
    start: int
    children: list[Element | str] = field(default_factory=list)
    end: int = -1
    inner_start: int = -1
    inner_end: int = -1

    def all(self, name: str) -> list[Element]:
        """Its direct children of that name."""
        return [child for child in self.children if isinstance(child, Element) and child.name == name]

    def first(self, name: str) -> Element | None:
        """Its first direct child of that name."""
        return next(iter(self.all(name)), None)

    def text(self) -> str:
        """All text in it and below it."""
        return "".join(child if isinstance(child, str) else child.text() for child in self.children)

    def inherited(self, attribute: str) -> str | None:
        """An attribute of its own, or of the nearest element around it that has it."""
        element: Element | None = self
        while element is not None:
            if attribute in element.attributes:
                return element.attributes[attribute]
            element = element.parent
        return None


def read_elements(path: Path, names: Collection[str]) -> Iterator[Element]:
    """The elements of an XML file that have one of these names, each when it is complete; then it can be forgotten.

    Args:
        path: the file; `.gz` is unpacked on the way.
        names: without prefixes. Of elements within each other only the outermost is given.

    Raises:
        DataError: the file cannot be read, is no well-formed XML, or declares entities; the message names the line.
    """
    with open_binary(path) as file:
        yield from _Reader(path, names).read(_blocks(file))


def parse(data: bytes, path: Path, names: Collection[str]) -> list[Element]:
    """The elements of a document in memory, with their places.

    Args:
        data: the document in UTF-8, whatever its declaration says.
        path: for messages.
        names: as for `read_elements`.

    Raises:
        DataError: as for `read_elements`.
    """
    found = list(_Reader(path, names, encoding="utf-8").read([data]))
    for element in found:
        _locate(element, data)
    return found


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(1 << 16):
        yield block


class _Reader:
    """Keeps the elements that are open, and those that are complete and were not given out yet."""

    def __init__(self, path: Path, names: Collection[str], encoding: str | None = None) -> None:
        self.path = path
        self.names = frozenset(names)
        self.ready: list[Element] = []
        self.current: Element | None = None
        self.wanted: Element | None = None
        self.depth = 0
        self.parser = expat.ParserCreate(encoding)
        self.parser.buffer_text = True
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.parser.EntityDeclHandler = self._entity
        self.parser.SkippedEntityHandler = self._unknown_entity
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._finish
        self.parser.CharacterDataHandler = self._characters

    def read(self, blocks: Iterable[bytes]) -> Iterator[Element]:
        try:
            for block in blocks:
                self.parser.Parse(block, False)
                yield from self._given()
            self.parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise DataError(
                f"{self.path}:{error.lineno}: is broken XML: {expat.ErrorString(error.code)} "
                f"(column {error.offset + 1})",
                "mend it there, or export the file again from the program that made it",
            ) from error
        except (LookupError, UnicodeError, ValueError) as error:
            raise DataError(
                f"{self.path}:{self.parser.CurrentLineNumber}: cannot be read as XML: {error}", "save it as UTF-8"
            ) from error
        yield from self._given()

    def _given(self) -> list[Element]:
        ready, self.ready = self.ready, []
        return ready

    def _entity(self, name: str, *_: object) -> None:
        raise DataError(
            f"{self.path}:{self.parser.CurrentLineNumber}: declares the entity '{name}'; such files are refused, "
            "since entities can be used to exhaust the memory or to read other files",
            "write the text of the entity where it is used and remove the declaration",
        )

    def _unknown_entity(self, name: str, parameter: bool) -> None:
        if not parameter:  # without this its character would be lost without a word
            raise DataError(
                f"{self.path}:{self.parser.CurrentLineNumber}: is broken XML: uses the entity '&{name};', which "
                "is declared nowhere",
                "write the character itself, or its number: &#160; for &nbsp;",
            )

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > _DEPTH:
            raise DataError(
                f"{self.path}:{self.parser.CurrentLineNumber}: has more than {_DEPTH} elements within each other",
                "this is no translation file",
            )
        element = Element(
            name.rpartition(":")[2],
            attributes,
            self.parser.CurrentLineNumber,
            self.current,
            self.parser.CurrentByteIndex,
        )
        if self.wanted is not None and self.current is not None:
            self.current.children.append(element)
        elif element.name in self.names:
            self.wanted = element
        self.current = element

    def _finish(self, name: str) -> None:
        self.depth -= 1
        element = self.current
        if element is None:  # expat has checked that start and end tags belong together
            return
        element.inner_end = self.parser.CurrentByteIndex
        if element is self.wanted:
            self.ready.append(element)
            self.wanted = None
        self.current = element.parent

    def _characters(self, text: str) -> None:
        if self.wanted is not None and self.current is not None:
            self.current.children.append(text)


def _locate(element: Element, data: bytes) -> None:
    """Complete the places of an element: expat tells where tags begin, and where an empty element ends."""
    tag = _START_TAG.match(data, element.start)
    after_tag = tag.end() if tag else element.start
    if data[after_tag - 2 : after_tag] == b"/>":
        element.inner_start = element.inner_end = element.end = after_tag
    else:
        element.inner_start = after_tag
        element.end = data.index(b">", element.inner_end) + 1
    for child in element.children:
        if isinstance(child, Element):
            _locate(child, data)

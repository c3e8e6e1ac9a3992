"""What TMX and XLIFF have in common: an XML file in which pieces are exchanged by their place."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from toolkit.errors import DataError
from toolkit.translation.documents.segment import Segment, Translated
from toolkit.translation.documents.xml_text import escape, to_xml
from toolkit.translation.text_files import UTF8, encoding_error, read_bytes
from toolkit.translation.xml_files import Element

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Edit:
    """A piece of a document that is exchanged.

    Attributes:
        start: place of its first byte.
        end: place after its last one; the same as `start` where something is put in.
        text: what stands there instead.
    """

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A text of an XML document.

    Attributes:
        segment: what is offered to be translated.
        source: its element.
        target: the element of the translation; `None` when there is none yet.
        codes: what the short tags of the segment stand for.
        holder: the element around both that carries the state (`tuv`, `trans-unit`, `segment`).
    """

    segment: Segment
    source: Element
    target: Element | None
    codes: Mapping[str, str]
    holder: Element


class StoredXml:
    """An XML file in UTF-8, with all that is needed to write it back byte for byte.

    Attributes:
        data: the document in UTF-8, without a byte order mark.

    Raises:
        DataError: the file cannot be read, or is not in the encoding that it declares.
    """

    def __init__(self, path: Path) -> None:
        content = read_bytes(path)
        self._mark, self._encoding = next(
            ((mark, name) for mark, name in _MARKS if content.startswith(mark)), (b"", "")
        )
        content = content[len(self._mark) :]
        declared = _DECLARED.match(content)
        self._encoding = self._encoding or (declared[1].decode() if declared else UTF8)
        try:
            self.data = content.decode(self._encoding).encode()
        except LookupError as error:
            raise DataError(
                f"{path}:1: declares the unknown encoding '{self._encoding}'", "save it as UTF-8"
            ) from error
        except UnicodeError as error:
            start = error.start if isinstance(error, UnicodeDecodeError) else 0
            raise encoding_error(path, self._encoding, content.count(b"\n", 0, start) + 1, error) from error

    def edited(self, edits: Iterable[Edit]) -> bytes:
        """The file with some pieces exchanged; characters that its encoding lacks are written as references."""
        pieces: list[bytes] = []
        place = 0
        for edit in sorted(edits, key=lambda one: (one.start, one.end)):
            pieces += [self.data[place : edit.start], edit.text.encode("utf-8", "replace")]
            place = edit.end
        pieces.append(self.data[place:])
        whole = b"".join(pieces)
        if self._encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
            return self._mark + whole
        return self._mark + whole.decode().encode(self._encoding, "xmlcharrefreplace")


def set_attribute(data: bytes, element: Element, name: str, value: str) -> Edit:
    """An edit that sets an attribute in a start tag, in its place or behind the others."""
    end = _tag_end(data, element)
    found = re.compile(rf"""(\s){re.escape(name)}(\s*=\s*)("[^"]*"|'[^']*')""".encode()).search(
        data, element.start, end
    )
    if found:
        return Edit(found.start(), found.end(), attribute_text(name, value))
    place = end - 2 if data[end - 2 : end] == b"/>" else end - 1
    return Edit(place, place, attribute_text(name, value))


def attribute_text(name: str, value: str) -> str:
    """An attribute as it is written in a start tag, with a blank before it."""
    return f' {name}="{escape(value, attribute=True)}"'


def prefix_of(data: bytes, element: Element) -> str:
    """The namespace prefix of an element with its colon; empty when it has none."""
    found = re.compile(rb"<([^\s/>:]+:)?").match(data, element.start)
    return found[1].decode() if found and found[1] else ""


def indentation(data: bytes, element: Element) -> str:
    """The blanks and line ends before an element."""
    start = element.start
    while start > 0 and data[start - 1 : start] in (b" ", b"\t", b"\n", b"\r"):
        start -= 1
    return data[start : element.start].decode()


def written(unit: Unit, translated: Translated) -> tuple[str, bool]:
    """A translation as XML, and whether it is doubtful: because it was said so, or since its codes are not right."""
    inner, whole = to_xml(translated.text, unit.codes)
    return inner, translated.fuzzy or not whole


def _tag_end(data: bytes, element: Element) -> int:
    found = re.compile(rb"""<[^\s/>]+(?:[^"'>]|"[^"]*"|'[^']*')*>""").match(data, element.start)
    return found.end() if found else element.start

"""The words of an XML segment with its inline codes as short tags, and back.

`Press <g id="b" ctype="bold">here</g><x id="1"/>` is offered as `Press <g1>here</g1><x2/>`: short enough for a model,
found as tags by `toolkit.translation.placeholders`, and put back exactly as they were.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.parsers import expat

from toolkit.translation.xml_files import Element

_WHOLE = frozenset(("ph", "bpt", "ept", "it", "ut", "x", "bx", "ex", "sc", "ec", "cp", "sm", "em"))
"""Codes without words in them (TMX 1.4b section 3.3; XLIFF 1.2 section 2.3; XLIFF 2.0 section 4.3)."""

_TAG = re.compile(r"</?[a-z]+\d+/?>")
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2


def to_text(element: Element, data: bytes) -> tuple[str, dict[str, str]]:
    """The words of an element with short tags, and what each tag stands for.

    Args:
        element: a `seg`, `source` or `target`, with its places.
        data: the document in UTF-8.
    """
    plain = element.text()
    letters = ["g", "x"]
    while any(f"<{letter}{digit}" in plain for letter in letters for digit in range(10)):
        letters = [letter * 2 if len(letter) == 1 else letter + letter[0] for letter in letters]
    codes: dict[str, str] = {}
    pieces: list[str] = []
    _collect(element, data, letters, codes, pieces)
    return "".join(pieces), codes


def to_xml(text: str, codes: Mapping[str, str]) -> tuple[str, bool]:
    """A translation as XML: its short tags become what they stand for, everything else is escaped.

    Args:
        text: the translation.
        codes: as `to_text` gave them for its source.

    Returns:
        The XML, and whether all codes are in it exactly once and well nested. When they are not well nested they are
        left out, so that the document stays well-formed.
    """
    text = _FORBIDDEN.sub("", text)
    pieces: list[str] = []
    used: list[str] = []
    end = 0
    for match in _TAG.finditer(text):
        if match[0] in codes:
            pieces += [escape(text[end : match.start()]), codes[match[0]]]
            used.append(match[0])
            end = match.end()
    written = "".join([*pieces, escape(text[end:])])
    if not _is_well_formed(written):
        return escape("".join(_TAG.sub(lambda match: "" if match[0] in codes else match[0], text))), False
    return written, sorted(used) == sorted(codes)


def escape(text: str, attribute: bool = False) -> str:
    """Text as XML."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;") if attribute else text


def _collect(element: Element, data: bytes, letters: list[str], codes: dict[str, str], pieces: list[str]) -> None:
    paired, single = letters
    for child in element.children:
        if isinstance(child, str):
            pieces.append(child)
        elif child.name in _WHOLE or child.inner_start == child.end:
            tag = f"<{single}{len(codes) + 1}/>"
            codes[tag] = data[child.start : child.end].decode()
            pieces.append(tag)
        else:
            number = len(codes) + 1
            opening, closing = f"<{paired}{number}>", f"</{paired}{number}>"
            codes[opening] = data[child.start : child.inner_start].decode()
            codes[closing] = data[child.inner_end : child.end].decode()
            pieces.append(opening)
            _collect(child, data, letters, codes, pieces)
            pieces.append(closing)


def _is_well_formed(inner: str) -> bool:
    try:
        expat.ParserCreate("utf-8").Parse(f"<s>{inner}</s>".encode("utf-8", "replace"), True)
    except expat.ExpatError:
        return False
    return True

"""Pairs from translation memories (TMX 1.4b, https://www.gala-global.org/tmx-14b)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from toolkit.errors import DataError
from toolkit.translation.corpora.pair import Pair
from toolkit.translation.languages import check_language, same_language
from toolkit.translation.xml_files import XML_LANG, Element, read_elements

_NATIVE = frozenset(("bpt", "ept", "it", "ph", "ut"))  # hold the codes of some word processor, not words


def read_tmx(path: Path, source_language: str, target_language: str) -> Iterator[Pair]:
    """The pairs of a translation memory in two languages, as a stream: the file may be larger than the memory.

    Units without one of the languages are passed over. Inline codes are left out, what stands around them is kept.

    Args:
        path: the file.
        source_language: as in `xml:lang`; a code without a country also fits one with a country.
        target_language: likewise.

    Raises:
        DataError: the file is broken or unsafe, or holds no unit in both languages (the message names those it has).
    """
    wanted = [check_language(source_language), check_language(target_language)]
    seen: set[str] = set()
    found = False
    for unit in read_elements(path, ["tu"]):
        texts: list[str | None] = [None, None]
        for variant in unit.all("tuv"):
            language = variant.attributes.get(XML_LANG) or variant.attributes.get("lang", "")
            seen.add(language)
            segment = variant.first("seg")
            for side, code in enumerate(wanted):
                if segment is not None and texts[side] is None and same_language(language, code):
                    texts[side] = plain_text(segment)
        if texts[0] is not None and texts[1] is not None:
            found = True
            name = unit.attributes.get("tuid")
            yield Pair(texts[0], texts[1], f"{path}:{unit.line}" + (f", unit {name}" if name else ""))
    if not found:
        languages = ", ".join(sorted(seen - {""})) or "none"
        raise DataError(
            f"{path} holds no unit in both '{source_language}' and '{target_language}'",
            f"the languages in it: {languages}",
        )


def plain_text(element: Element) -> str:
    """The words of a segment, without inline codes."""
    return "".join(
        child if isinstance(child, str) else "" if child.name in _NATIVE else plain_text(child)
        for child in element.children
    )

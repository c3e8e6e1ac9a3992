"""Translation memories (TMX 1.4b): units that lack a language get it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from toolkit.errors import DataError
from toolkit.translation.documents.saving import check_keys, save
from toolkit.translation.documents.segment import Segment, Translated
from toolkit.translation.documents.xml_document import Edit, StoredXml, Unit, indentation, prefix_of, written
from toolkit.translation.documents.xml_text import escape, to_text
from toolkit.translation.languages import check_language, same_language
from toolkit.translation.xml_files import XML_LANG, Element, parse

_FUZZY = "x-fuzzy"


class TmxDocument:
    """A translation memory; the segments are its units in the source language.

    A doubtful translation gets the property `x-fuzzy`.

    Args:
        path: the file; `.gz` is unpacked on the way.
        source_language: of the texts.
        target_language: of the translations; as it is written into the file.

    Raises:
        DataError: the file is broken or unsafe XML, or has no unit in the source language.
    """

    def __init__(self, path: Path | str, source_language: str, target_language: str) -> None:
        self.path = Path(path)
        self._source, self._target = check_language(source_language), check_language(target_language)
        self._stored = StoredXml(self.path)
        self._units = []
        elements = parse(self._stored.data, self.path, ["tu"])
        for number, element in enumerate(elements, start=1):
            unit = self._unit(element, number)
            if unit is not None:
                self._units.append(unit)
        if not self._units:
            languages = {_language(one) for element in elements for one in element.all("tuv")}
            raise DataError(
                f"{self.path} holds no unit in '{source_language}'",
                f"the languages in it: {', '.join(sorted(languages - {''})) or 'none'}",
            )

    @property
    def segments(self) -> list[Segment]:
        """The units in the source language."""
        return [unit.segment for unit in self._units]

    def write(self, path: Path, translations: Mapping[str, Translated]) -> None:
        """Write the memory with these translations.

        Raises:
            DataError: a key is unknown.
        """
        check_keys(self.segments, translations, self.path)
        edits: list[Edit] = []
        for unit in self._units:
            translated = translations.get(unit.segment.key)
            if translated is not None:
                edits += self._edits(unit, translated)
        save(path, self._stored.edited(edits))

    def _edits(self, unit: Unit, translated: Translated) -> list[Edit]:
        data = self._stored.data
        inner, fuzzy = written(unit, translated)
        prefix = prefix_of(data, unit.holder)
        mark = f'<{prefix}prop type="{_FUZZY}">true</{prefix}prop>' if fuzzy else ""
        if unit.target is None:
            language = escape(self._target.replace("_", "-"), attribute=True)
            new = f'<{prefix}tuv {XML_LANG}="{language}">{mark}<{prefix}seg>{inner}</{prefix}seg></{prefix}tuv>'
            return [Edit(unit.holder.end, unit.holder.end, indentation(data, unit.holder) + new)]
        old = [one for one in _properties(unit.target) if one.attributes.get("type") == _FUZZY]
        edits = [] if fuzzy else [Edit(one.start, one.end, "") for one in old]
        if mark and not old:
            edits.append(Edit(unit.target.start, unit.target.start, mark))
        if unit.target.inner_start == unit.target.end:  # <seg/>
            return [*edits, Edit(unit.target.start, unit.target.end, f"<{prefix}seg>{inner}</{prefix}seg>")]
        return [*edits, Edit(unit.target.inner_start, unit.target.inner_end, inner)]

    def _unit(self, element: Element, number: int) -> Unit | None:
        sides: list[tuple[Element, Element] | None] = [None, None]
        for variant in element.all("tuv"):
            segment = variant.first("seg")
            for side, language in enumerate((self._source, self._target)):
                if segment is not None and sides[side] is None and same_language(_language(variant), language):
                    sides[side] = (variant, segment)
        source, target = sides
        if source is None:
            return None
        text, codes = to_text(source[1], self._stored.data)
        if not text.strip():
            return None
        existing, fuzzy = None, False
        if target is not None:
            existing = to_text(target[1], self._stored.data)[0] or None
            fuzzy = any(one.attributes.get("type") == _FUZZY for one in _properties(target[1]))
        notes = "\n".join(note.text() for note in element.all("note"))
        # Units often have no name, and a name need not be the only one of its kind: the number is always both.
        offered = Segment(f"unit {number}", text, notes, existing, fuzzy, None, f"{self.path}:{source[0].line}")
        return Unit(offered, source[1], target[1] if target else None, codes, source[0])


def _properties(segment: Element) -> list[Element]:
    return segment.parent.all("prop") if segment.parent else []


def _language(variant: Element) -> str:
    return variant.attributes.get(XML_LANG) or variant.attributes.get("lang", "")

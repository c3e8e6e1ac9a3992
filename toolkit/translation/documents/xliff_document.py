"""XLIFF 1.2 and 2.0 (OASIS standards of 2008 and 2014)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from toolkit.errors import DataError
from toolkit.translation.corpora.xliff import UNITS, check_languages
from toolkit.translation.documents.saving import check_keys, save
from toolkit.translation.documents.segment import Segment, Translated
from toolkit.translation.documents.xml_document import (
    Edit,
    StoredXml,
    Unit,
    attribute_text,
    indentation,
    prefix_of,
    set_attribute,
    written,
)
from toolkit.translation.documents.xml_text import to_text
from toolkit.translation.languages import check_language
from toolkit.translation.xml_files import Element, parse

_DOUBTFUL = ("new", "needs-", "initial")  # states of XLIFF 1.2 (section 3.2) and 2.0 (section 4.7) before "translated"


class XliffDocument:
    """An XLIFF file; the segments are the sources of its units, those marked as not to be translated left out.

    A doubtful translation gets the state `needs-review-translation` (1.2) or `initial` (2.0), others `translated`.

    Args:
        path: the file; `.gz` is unpacked on the way.
        target_language: of the translations; written into the file where it names none.
        source_language: compared with the one in the file; `None` leaves that out.

    Raises:
        DataError: the file is broken or unsafe XML, holds no units, or names other languages.
    """

    def __init__(self, path: Path | str, target_language: str, source_language: str | None = None) -> None:
        self.path = Path(path)
        self._language = check_language(target_language)
        self._stored = StoredXml(self.path)
        self._units: list[Unit] = []
        elements = parse(self._stored.data, self.path, UNITS)
        if not elements:
            raise DataError(f"{self.path} holds no translation units", "is it an XLIFF 1.2 or 2.0 file?")
        for number, element in enumerate(elements, start=1):
            check_languages(self.path, element, source_language, self._language)
            self._units += self._units_of(element, number)
        self._named = [(self._holder(element), element.name) for element in elements]

    @property
    def segments(self) -> list[Segment]:
        """The sources of the units."""
        return [unit.segment for unit in self._units]

    def write(self, path: Path, translations: Mapping[str, Translated]) -> None:
        """Write the file with these translations.

        Raises:
            DataError: a key is unknown.
        """
        check_keys(self.segments, translations, self.path)
        edits: list[Edit] = []
        for unit in self._units:
            translated = translations.get(unit.segment.key)
            if translated is not None:
                edits += self._edits(unit, translated)
        done: set[int] = set()
        for holder, name in self._named if translations else []:
            attribute = "target-language" if name == "trans-unit" else "trgLang"
            if holder is not None and holder.start not in done and attribute not in holder.attributes:
                done.add(holder.start)
                language = self._language.replace("_", "-")
                edits.append(set_attribute(self._stored.data, holder, attribute, language))
        save(path, self._stored.edited(edits))

    def _edits(self, unit: Unit, translated: Translated) -> list[Edit]:
        data = self._stored.data
        inner, fuzzy = written(unit, translated)
        prefix = prefix_of(data, unit.source)
        edits: list[Edit] = []
        state = ""
        if unit.holder.name == "trans-unit":
            state = "needs-review-translation" if fuzzy else "translated"
            if fuzzy and unit.holder.attributes.get("approved") == "yes":
                edits.append(set_attribute(data, unit.holder, "approved", "no"))
        else:
            edits.append(set_attribute(data, unit.holder, "state", "initial" if fuzzy else "translated"))
        if unit.target is None:
            after = unit.holder.first("seg-source") or unit.source
            start = f'<{prefix}target state="{state}">' if state else f"<{prefix}target>"
            new = f"{indentation(data, unit.source)}{start}{inner}</{prefix}target>"
            return [*edits, Edit(after.end, after.end, new)]
        attributes = {**unit.target.attributes, **({"state": state} if state else {})}
        attributes.pop("state-qualifier", None)  # it says how the old text came about
        start = "".join(attribute_text(name, value) for name, value in attributes.items())
        new = f"<{prefix}target{start}>{inner}</{prefix}target>"
        return [*edits, Edit(unit.target.start, unit.target.end, new)]

    def _units_of(self, element: Element, number: int) -> list[Unit]:
        if element.attributes.get("translate") == "no":
            return []
        holders = [element] if element.name == "trans-unit" else element.all("segment")
        found = []
        for place, holder in enumerate(holders, start=1):
            source, target = holder.first("source"), holder.first("target")
            if source is None:
                continue
            text, codes = to_text(source, self._stored.data)
            if not text.strip():
                continue
            existing = to_text(target, self._stored.data)[0].strip() if target is not None else ""
            state = (target if target is not None and holder is element else holder).attributes.get("state", "")
            key = f"unit {number}" if len(holders) == 1 else f"unit {number}, segment {place}"
            notes = [note.text() for part in (element, element.first("notes")) if part for note in part.all("note")]
            segment = Segment(
                key,
                text,
                "\n".join(notes),
                to_text(target, self._stored.data)[0] if target is not None and existing else None,
                bool(existing) and state.startswith(_DOUBTFUL),
                None,
                f"{self.path}:{source.line}",
            )
            found.append(Unit(segment, source, target, codes, holder))
        return found

    def _holder(self, element: Element) -> Element | None:
        """The element that names the languages: `file` in 1.2, `xliff` in 2.0."""
        wanted = "file" if element.name == "trans-unit" else "xliff"
        around = element.parent
        while around is not None and around.name != wanted:
            around = around.parent
        return around

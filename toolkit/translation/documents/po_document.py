"""gettext catalogues (PO)."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from toolkit.errors import DataError
from toolkit.translation.corpora.gettext_files import decode_po, parse_po_text
from toolkit.translation.documents.plurals import PluralRule, read_rule
from toolkit.translation.documents.po_layout import Message, messages, quoted
from toolkit.translation.documents.saving import check_keys, save
from toolkit.translation.documents.segment import PluralForm, Segment, Translated
from toolkit.translation.documents.text_document import split_lines
from toolkit.translation.languages import check_language, same_language
from toolkit.translation.placeholders import find

_HARD = re.compile(r"\\(?:[abfv]|[0-7]{1,3}|x[0-9a-fA-F]{2})|[\x00-\x1f\x7f-\x9f]")  # escapes that polib leaves alone
GENERATOR = "adversarial-toolkit"


class PoDocument:
    """A gettext catalogue, or a template of one. Each plural form of a message is a segment of its own.

    What is written differs from what was read in the new translations, their `fuzzy` flags, the lines `#| ...` with the
    source text of an older translation, and the header's fields Language, Plural-Forms and X-Generator. Nothing is
    wrapped or ordered anew.

    Args:
        path: the file.
        target_language: of the translations.
        encoding: instead of the one in its header.

    Raises:
        DataError: it is no PO file, its plural header is wrong, or it holds translations into another language; the
            message names the line.
        MissingExtraError: polib or Babel is not installed.
    """

    def __init__(self, path: Path | str, target_language: str, encoding: str | None = None) -> None:
        self.path = Path(path)
        self._language = check_language(target_language)
        text, self._encoding = decode_po(self.path, encoding)
        catalogue = parse_po_text(text, self.path)
        pairs = split_lines(text)
        self._lines = [line for line, _ in pairs]
        self._ends = [end for _, end in pairs]
        self._end = Counter(self._ends).most_common(1)[0][0] or "\n"
        self._wrap = max((len(line) for line in self._lines if line.startswith('"')), default=0) <= 81
        found = messages(self._lines)
        self._header = next((one for one in found if not one.source and one.context is None), None)
        self._messages = [one for one in found if one is not self._header]
        self._compare([entry.msgid for entry in catalogue if not entry.obsolete])
        self.metadata = _metadata(self._header)
        self.rule = self._checked_rule()
        self._keys = _keys(self._messages)
        self._segments = [
            segment
            for message, key in zip(self._messages, self._keys, strict=True)
            for segment in self._segments_of(message, key)
        ]

    @property
    def segments(self) -> list[Segment]:
        """The messages; those with plural forms once for each form."""
        return self._segments

    def write(self, path: Path, translations: Mapping[str, Translated]) -> None:
        """Write the catalogue with these translations.

        Raises:
            DataError: a key is unknown.
        """
        check_keys(self._segments, translations, self.path)
        edits: dict[int, tuple[int, list[str]]] = {}  # first line -> line after the last, what stands there then
        for message, key in zip(self._messages, self._keys, strict=True):
            self._edit(message, key, translations, edits)
        encoding = self._encoding
        written = self._edited(edits, self._new_header(None))
        try:
            content = written.encode(encoding)
        except UnicodeEncodeError:  # a template in ASCII; the header is made to say what is written
            content = self._edited(edits, self._new_header("UTF-8")).encode()
        save(path, content)

    def _edit(
        self,
        message: Message,
        key: str,
        translations: Mapping[str, Translated],
        edits: dict[int, tuple[int, list[str]]],
    ) -> None:
        names = [key] if message.plural is None else [f"{key}[{form}]" for form in range(self.rule.count)]
        given = [translations.get(name) for name in names]
        if not any(given):
            return
        texts = [new.text if new else message.forms.get(form, "") for form, new in enumerate(given)]
        fuzzy = any(new.fuzzy for new in given if new) or not all(texts)
        fuzzy = fuzzy or (message.fuzzy and not all(given))
        rows: list[str] = []
        for form, text in enumerate(texts):
            first, *others = quoted(text, self._wrap)
            rows += [f"msgstr{'' if message.plural is None else f'[{form}]'} {first}", *others]
        edits[message.translation[0]] = (message.translation[1], rows)
        self._edit_comments(message, fuzzy, [new.note for new in given if new and new.fuzzy and new.note], edits)

    def _edit_comments(
        self, message: Message, fuzzy: bool, notes: list[str], edits: dict[int, tuple[int, list[str]]]
    ) -> None:
        for number in message.previous:
            edits[number] = (number + 1, [])
        flags = [flag for row in message.flags.values() for flag in row if flag and flag != "fuzzy"]
        if fuzzy != message.fuzzy:
            for number in message.flags:
                edits[number] = (number + 1, [])
            line = [f"#, {', '.join([*(['fuzzy'] if fuzzy else []), *flags])}"] if fuzzy or flags else []
            if message.flags:
                edits[min(message.flags)] = (min(message.flags) + 1, line)
            else:
                edits[message.keyword] = (message.keyword, line)
        known = self._lines[message.start : message.keyword]
        rows = [row for note in dict.fromkeys(notes) if (row := f"# {' '.join(note.split())}") not in known]
        if rows:
            place = message.start
            until, others = edits.get(place, (place, []))
            edits[place] = (until, rows + others)

    def _edited(self, edits: Mapping[int, tuple[int, list[str]]], header: tuple[int, int, list[str]]) -> str:
        until, rows = edits.get(header[0], (header[1], []))  # a header that is new stands before the first message
        everything = {**edits, header[0]: (until, header[2] + rows)}
        written: list[str] = []
        place = 0
        while place < len(self._lines) or place in everything:
            until, rows = everything.pop(place, (-1, []))
            written += [row + self._end for row in rows]
            if until > place:
                place = until
            elif place < len(self._lines):
                written.append(self._lines[place] + self._ends[place])
                place += 1
        return "".join(written)

    def _new_header(self, encoding: str | None) -> tuple[int, int, list[str]]:
        """First line, line after the last, and what is to stand there."""
        fields = dict(self.metadata)
        if not same_language(fields.get("Language") or "-", self._language):
            fields["Language"] = self._language
        fields["Plural-Forms"] = self.rule.header if _is_template(fields) else fields["Plural-Forms"]
        fields["X-Generator"] = GENERATOR
        content = fields.get("Content-Type", "")
        if encoding or not content or "CHARSET" in content:
            fields["Content-Type"] = f"text/plain; charset={encoding or 'UTF-8'}"
        fields.setdefault("MIME-Version", "1.0")
        fields.setdefault("Content-Transfer-Encoding", "8bit")
        rows = quoted("".join(f"{name}: {value}\n" for name, value in fields.items()), wrap=False)
        if self._header is None:
            return 0, 0, ['msgid ""', f"msgstr {rows[0]}", *rows[1:], ""]
        return *self._header.translation, [f"msgstr {rows[0]}", *rows[1:]]

    def _segments_of(self, message: Message, key: str) -> list[Segment]:
        origin = f"{self.path}:{message.keyword + 1}"
        context = "\n".join([*([message.context] if message.context else []), *message.comments])
        if message.plural is None:
            text = message.forms.get(0) or None
            return [Segment(key, message.source, context, text, message.fuzzy, None, origin)]
        return [
            Segment(
                f"{key}[{form.index}]",
                _source_of(message, form),
                context,
                message.forms.get(form.index) or None,
                message.fuzzy,
                form,
                origin,
            )
            for form in self.rule.forms()
        ]

    def _checked_rule(self) -> PluralRule:
        given = self.metadata.get("Language", "")
        line = self._header.translation[0] + 1 if self._header else 1
        translated = any(any(one.forms.values()) for one in self._messages)
        if given.strip() and translated and not same_language(given, self._language):
            raise DataError(
                f"{self.path}:{line}: its translations are in '{given}', not in '{self._language}'",
                f"give the target language {given}, or start from the template (.pot)",
            )
        other = bool(given.strip()) and not same_language(given, self._language)
        header = "" if other else self.metadata.get("Plural-Forms", "")
        rule = read_rule(header, self._language, f"{self.path}:{line}")
        if other:
            self.metadata.pop("Plural-Forms", None)
        for message in self._messages:
            extra = [index for index, text in message.forms.items() if index >= rule.count and text]
            if message.plural is not None and extra:
                raise DataError(
                    f"{self.path}:{message.keyword + 1}: has a text for plural form {max(extra)}, but the header has "
                    f"{rule.count} forms (counted from 0)",
                    f"write  Plural-Forms: {rule.header}  and as many forms",
                )
        return rule

    def _compare(self, expected: list[str]) -> None:
        """What is edited must be what polib has read."""
        for message, source in zip(self._messages, expected, strict=False):
            if _HARD.sub("", message.source) != _HARD.sub("", source):
                raise DataError(
                    f"{self.path}:{message.keyword + 1}: this message cannot be told from its neighbours",
                    "bring the file into its usual form: msgcat FILE -o NEW",
                )
        if len(expected) != len(self._messages):
            raise DataError(
                f"{self.path} holds {len(expected)} messages, of which {len(self._messages)} can be edited",
                "bring the file into its usual form: msgcat FILE -o NEW",
            )


def _source_of(message: Message, form: PluralForm) -> str:
    """The text a plural form is translated from: the singular only where it is for the number 1 alone, or equal."""
    plural = message.plural or ""
    if form.examples == (1,):
        return message.source
    alike = sorted(one.text for one in find(message.source)) == sorted(one.text for one in find(plural))
    return message.source if alike and 1 in form.examples and form.count > 1 else plural


def _keys(found: list[Message]) -> list[str]:
    """A name for each message that does not change when others come and go."""
    keys: list[str] = []
    seen: Counter[str] = Counter()
    for message in found:
        content = f"{message.context if message.context is not None else chr(5)}\x04{message.source}"
        key = hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        seen[key] += 1
        keys.append(key if seen[key] == 1 else f"{key}#{seen[key]}")  # twice the same: msgfmt refuses it, we need not
    return keys


def _metadata(header: Message | None) -> dict[str, str]:
    """The fields of the header, in their order."""
    rows = (header.forms.get(0, "") if header else "").split("\n")
    joined: list[str] = []
    for row in rows:
        if joined and row and not re.match(r"[A-Za-z][\w-]*:", row):
            joined[-1] += row  # a value that goes on in the next line
        elif row:
            joined.append(row)
    fields = (row.partition(":") for row in joined)
    return {name.strip(): value.strip() for name, _, value in fields}


def _is_template(fields: Mapping[str, str]) -> bool:
    return not fields.get("Plural-Forms", "").strip() or "INTEGER" in fields["Plural-Forms"]

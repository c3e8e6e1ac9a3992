"""Pairs from gettext catalogues, as text (PO) and compiled (MO)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from toolkit.errors import DataError, require
from toolkit.translation.corpora.pair import Pair
from toolkit.translation.text_files import UTF8, encoding_error, read_bytes

_CHARSET = re.compile(rb'"Content-Type:[^"\n]*charset=([A-Za-z0-9_.:-]+)', re.IGNORECASE)
_QUOTED = re.compile(r'\s*(?:msg[a-z_]+(?:\[\d+\])?)?\s*"')
_WHOLE = re.compile(r'[^"]*"(?:[^"\\]|\\.)*"\s*$')
# Python counts these as ends of lines, and so does polib; gettext does not.
_HIDDEN = {ord(sign): 0xF8E0 + place for place, sign in enumerate("\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")}
_SHOWN = {hidden: sign for sign, hidden in _HIDDEN.items()}
_MEND = "mend it there; `msgfmt -c` checks the whole file"
_LINE = re.compile(r"\(line (\d+)\)(?:: *)?")


def read_po(path: Path, encoding: str | None = None, fuzzy: bool = False) -> Iterator[Pair]:
    """The translated messages of a PO file; of a message with plural forms the singular and the plural are two pairs.

    Args:
        path: the file.
        encoding: instead of the one in its header.
        fuzzy: also those that are marked as doubtful.

    Raises:
        DataError: the file is no PO file; the message names the line.
    """
    for entry in parse_po(path, encoding):
        if entry.msgid and not entry.obsolete and (fuzzy or not entry.fuzzy):
            yield from _pairs(entry, f"{path}:{entry.linenum}")


def read_mo(path: Path) -> Iterator[Pair]:
    """The messages of a compiled catalogue.

    Raises:
        DataError: the file is no MO file, or damaged.
    """
    polib = require("polib", "translation", "Reading gettext catalogues")
    content = read_bytes(path)
    if content[:4] not in (
        b"\xde\x12\x04\x95",
        b"\x95\x04\x12\xde",
    ):  # GNU gettext manual, "The Format of GNU MO Files"
        raise DataError(f"{path} is no compiled gettext catalogue", "give a .mo file, or the .po file it was made from")
    try:
        catalogue = polib.mofile(str(path))
    except Exception as error:  # polib trusts the offsets in the file: anything can happen
        raise DataError(f"{path} is damaged: {error}", "compile it again with msgfmt") from error
    for number, entry in enumerate(catalogue, start=1):
        if entry.msgid:
            yield from _pairs(entry, f"{path}, message {number}")


def parse_po(path: Path, encoding: str | None = None) -> Any:
    """The catalogue as polib knows it.

    Raises:
        DataError: as `read_po`.
        MissingExtraError: polib is not installed.
    """
    return parse_po_text(decode_po(path, encoding)[0], path)


def parse_po_text(text: str, path: Path) -> Any:
    """As `parse_po`, from the text of the file."""
    polib = require("polib", "translation", "Reading gettext catalogues")
    if not text.strip():
        raise DataError(f"{path} is empty", "give a catalogue with messages in it")
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        if _QUOTED.match(line) and not _WHOLE.match(line):  # polib takes them as if they were whole
            raise DataError(f"{path}:{number}: is no PO file: a quotation mark is not closed, or not escaped", _MEND)
    if "\n" not in text:
        text += "\n"  # polib takes a single line for the name of a file
    try:
        catalogue = polib.pofile(text.translate(_HIDDEN), check_for_duplicates=False)
    except (OSError, ValueError, IndexError, KeyError, AttributeError, UnicodeError) as error:
        reason = str(error)
        found = _LINE.search(reason)
        reason = _LINE.sub("", reason.rpartition("Syntax error in po file ")[2]).strip() or "syntax error"
        place = f"{path}:{found[1]}" if found else str(path)
        raise DataError(f"{place}: is no PO file: {reason}", _MEND) from error
    for entry in catalogue:
        for name in ("msgctxt", "msgid", "msgid_plural", "msgstr"):
            if getattr(entry, name):
                setattr(entry, name, getattr(entry, name).translate(_SHOWN))
        entry.msgstr_plural = {form: text.translate(_SHOWN) for form, text in entry.msgstr_plural.items()}
    return catalogue


def decode_po(path: Path, encoding: str | None = None) -> tuple[str, str]:
    """The text of a PO file with its line ends, and the encoding it is in: the given one, its header's, or UTF-8.

    Raises:
        DataError: it is not in that encoding, or there is no such encoding.
    """
    content = read_bytes(path)
    declared = _CHARSET.search(content[:20_000])
    name = encoding or (declared[1].decode() if declared else UTF8)
    if name.upper() == "CHARSET":  # what xgettext writes before anyone has chosen
        name = UTF8
    if name.lower().replace("_", "-") in ("utf-8", "utf8") and content.startswith(b"\xef\xbb\xbf"):
        name = "utf-8-sig"
    try:
        return content.decode(name), name
    except LookupError as error:
        raise DataError(f"{path}: there is no encoding '{name}'", "put UTF-8 into its Content-Type header") from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise encoding_error(path, name, line, error) from error


def _pairs(entry: Any, origin: str) -> Iterator[Pair]:
    if entry.msgid_plural:
        forms = [text for _, text in sorted(entry.msgstr_plural.items())]
        if forms and forms[0]:
            yield Pair(entry.msgid, forms[0], origin)
        if len(forms) > 1 and forms[-1]:
            yield Pair(entry.msgid_plural, forms[-1], origin)
    elif entry.msgstr:
        yield Pair(entry.msgid, entry.msgstr, origin)

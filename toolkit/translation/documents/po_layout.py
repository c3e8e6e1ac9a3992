"""Where things stand in a PO file, line by line, so that translations can be put in and nothing else changes.

polib reads and checks such a file very well, and is asked to (`toolkit.translation.corpora.gettext_files`); but what it
writes is wrapped and ordered anew, so that a reviewer's diff would show every line.
Format: GNU gettext manual, "The Format of PO Files".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_KEYWORD = re.compile(r"(msgctxt|msgid_plural|msgid|msgstr)(?:\[(\d+)\])?\s*(?=\")")
_ESCAPE = re.compile(r'\\([abfnrtv\\"]|[0-7]{1,3}|x[0-9a-fA-F]{2})')
_CHARACTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\\": "\\", '"': '"'}
_ESCAPES = {value: f"\\{key}" for key, value in _CHARACTERS.items()}
_WIDTH = 79  # of the lines that msgmerge and xgettext write, with their quotation marks


@dataclass(slots=True)
class Message:
    """A message of a PO file.

    Attributes:
        start: number of its first line, from 0, comments included.
        keyword: number of the line with its first keyword.
        context: its `msgctxt`; `None` when it has none, which differs from an empty one.
        source: its `msgid`.
        plural: its `msgid_plural`.
        forms: its `msgstr`s by number, 0 where they have none.
        translation: its `msgstr` lines, from the first to after the last.
        flags: the lines `#, ...` by number.
        previous: numbers of the lines `#| ...`.
        comments: what translators and programmers wrote.
    """

    start: int
    keyword: int = -1
    context: str | None = None
    source: str = ""
    plural: str | None = None
    forms: dict[int, str] = field(default_factory=dict)
    translation: tuple[int, int] = (-1, -1)
    flags: dict[int, list[str]] = field(default_factory=dict)
    previous: list[int] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)

    @property
    def fuzzy(self) -> bool:
        """Whether it is marked as doubtful."""
        return any("fuzzy" in flags for flags in self.flags.values())

    @property
    def translated(self) -> bool:
        """Whether all its forms have a text."""
        return bool(self.forms) and all(self.forms.values())


def messages(lines: list[str]) -> list[Message]:
    """The messages of a file that polib has read without complaint; obsolete ones (`#~`) are left out.

    Args:
        lines: without their ends.
    """
    found: list[Message] = []
    current = Message(0)
    target: tuple[str, int] | None = None  # what a line that begins with a quotation mark goes on with
    for number, raw in enumerate(lines):
        line = raw.strip()
        keyword = _KEYWORD.match(line)
        begins = keyword is not None and keyword[1] in ("msgctxt", "msgid")
        complete = current.translation[0] >= 0
        if complete and (line.startswith("#") or begins or not line):
            found.append(current)
            current = Message(number + (not line))
        if line.startswith("#~") or (not line and current.keyword < 0):
            current = Message(number + 1)
        elif line.startswith("#"):
            _comment(current, number, line)
        elif keyword is not None:
            if current.keyword < 0:
                current.keyword = number
            target = (keyword[1], int(keyword[2] or 0))
            _append(current, target, line[keyword.end() :])
        elif line.startswith('"') and target is not None:
            _append(current, target, line)
        if target is not None and target[0] == "msgstr" and line and not line.startswith("#"):
            first = current.translation[0]
            current.translation = (number if first < 0 else first, number + 1)
        if not line or line.startswith("#"):
            target = None
    return [*found, current] if current.translation[0] >= 0 else found


def quoted(text: str, wrap: bool) -> list[str]:
    """A text as it stands behind a keyword: one quoted line, or an empty one and further ones below.

    Args:
        text: to be written.
        wrap: break lines that are long, as gettext's own tools do.

    >>> quoted("a\\nb", wrap=True)
    ['""', '"a\\\\n"', '"b"']
    """
    pieces = re.findall(r"[^\n]*\n|[^\n]+", text)
    rows = [row for piece in pieces for row in (_wrapped(escaped(piece)) if wrap else [escaped(piece)])]
    if len(rows) < 2 and (not wrap or not rows or len(rows[0]) <= _WIDTH - len('msgstr ""')):
        return [f'"{rows[0]}"' if rows else '""']
    return ['""', *(f'"{row}"' for row in rows)]


def escaped(text: str) -> str:
    """A text with C's escapes."""
    return re.sub(r'[\n\t\r\a\b\f\v\\"]', lambda match: _ESCAPES[match[0]], text)


def unescaped(text: str) -> str:
    """A text without C's escapes."""
    return _ESCAPE.sub(lambda match: _CHARACTERS.get(match[1]) or _code(match[1]), text)


def _code(digits: str) -> str:
    return chr(int(digits[1:], 16) if digits[0] == "x" else int(digits, 8))


def _comment(message: Message, number: int, line: str) -> None:
    if line.startswith("#,"):
        message.flags[number] = [flag.strip() for flag in line[2:].split(",")]
    elif line.startswith("#|"):
        message.previous.append(number)
    elif line.startswith(("#.", "# ")) and line[2:].strip():
        message.comments.append(line[2:].strip())


def _append(message: Message, target: tuple[str, int], text: str) -> None:
    end = text.rfind('"')
    content = unescaped(text[1:end]) if end > 0 else ""
    name, index = target
    if name == "msgctxt":
        message.context = (message.context or "") + content
    elif name == "msgid":
        message.source += content
    elif name == "msgid_plural":
        message.plural = (message.plural or "") + content
    else:
        message.forms[index] = message.forms.get(index, "") + content


def _wrapped(text: str) -> list[str]:
    """Pieces of at most a line, broken behind blanks."""
    rows = [""]
    for word in re.findall(r"\S*\s+|\S+", text):
        if rows[-1] and len(rows[-1]) + len(word.rstrip()) > _WIDTH - 2:
            rows.append("")
        rows[-1] += word
    return rows

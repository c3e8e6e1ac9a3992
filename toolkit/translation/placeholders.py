"""The parts of a text that a translation has to carry over as they are: format codes, tags, addresses, code.

Sources of the forms: printf(3) with POSIX `%1$s`; Python's `%(name)s` and format strings; Qt's `%1`; strftime's `%Y`;
ICU's MessageFormat `{n, plural, ...}`; mustache `{{name}}`; Ruby's `%{name}`; the shell's `${name}`; HTML and XML tags
and character references; RFC 3986 addresses; CommonMark's code spans and link targets.

What is found is a guess from the text alone ("50%off" is no format code, "%d items" is one), made so that a wrong guess
does little harm: something is kept that might have been translated.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

KINDS = (
    "icu",
    "brace",
    "printf",
    "shell",
    "tag",
    "entity",
    "link",
    "url",
    "email",
    "code",
    "emphasis",
    "option",
    "escape",
)
"""What `find` looks for unless told otherwise. Numbers are left out: languages write them differently."""

NUMBER = "number"
"""The kind of digits with their separators (`3.14`, `1,000`); only found when it is asked for."""

_NAME = r"[\w-]+(?:\.[\w-]+|\[[^\[\]{}]{0,80}\])*"
_SIZE = r"\d{1,9}|\*(?:\d{1,3}\$)?"
_FLAGS = rf"[-+#0']{{0,5}}(?:{_SIZE})?(?:\.(?:{_SIZE})?)?"
_CONVERSION = r"(?:<PRI\w{1,12}>|(?:hh|h|ll|l|L|q|j|z|t)?[diouxXeEfFgGaAcCsSpn@])"
_ATTRIBUTE = r"""\s+[^\s<>"'=/]{1,200}(?:\s*=\s*(?:"[^"]{0,4000}"|'[^']{0,4000}'|[^\s<>"']{1,4000}))?"""
# An address also ends before the punctuation of Chinese and Japanese.
_IN_URL = "(?:[^\\s<>\"'`{}|\\\\^\u3000-\u303f\uff00-\uff65\u2018-\u201f]|\\{[^{}\\s]{0,80}\\})+"

# Every repetition is bounded or cannot be split in two ways, so that no text takes more than linear time.
_PATTERNS = {
    # The beginning only; `find` looks for the brace that closes it.
    "icu": r"\{\s*[\w-]+\s*,\s*(?:plural|select|selectordinal|choice|number|date|time|spellout|ordinal|duration)\b",
    "brace": r"\{\{[^{}]{1,200}\}\}|%\{[^{}\s]{1,200}\}"
    r"|(?<!\$)\{ {0,3}(?:" + _NAME + r")?(?:![rsa])?(?::(?:[^{}\n]|\{\w*\}){0,80})? {0,3}\}",
    "printf": r"%%|%(?:\d{1,3}\$)?(?:\([^()\s]{1,200}\))?" + _FLAGS + _CONVERSION + r"|%L?[1-9]\d?(?![\d$])"
    r"|%[-_0^#]?[A-Za-z](?![A-Za-z])",
    "shell": r"\$\{[^{}\s]{1,200}\}|\$[A-Za-z_]\w*",
    "tag": r"</?[A-Za-z][\w:.-]*(?:" + _ATTRIBUTE + r"){0,50}\s*/?>"
    r"|<!--[^<>]{0,4000}-->|<!--|-->|<!\[CDATA\[|\]\]>",
    "entity": r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});",
    "link": r"(?<=\])\((?:<[^<>\n]{0,2000}>|[^()\s<>]{1,2000}(?:\([^()\s]{0,500}\)[^()\s]{0,500})?)"
    r'(?:[ \t]{1,3}"[^"\n]{0,500}")?\)'
    r"|(?<=\])\[[^\[\]\n]{1,200}\]",
    "url": r"(?:(?:https?|ftps?|sftp|ssh|git|file|wss?)://|\bwww\.|\bmailto:)" + _IN_URL,
    "email": r"(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+",
    "code": r"``[^`\n]{1,2000}``|(?<![`\w])`[^`'\n]{1,2000}`(?![`\w])",
    "emphasis": r"\*\*|~~",
    "option": r"(?<![\w-])--[A-Za-z][\w-]*",
    "escape": r"\\(?:[\\nrtabfv0\"']|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4})|[\a\b\v\f\x1b]",
    NUMBER: "\\d+(?:[.,:/\u066b\u066c]\\d+)*",
}
_SIGNS = re.compile(
    r"[%{<&$\]`*~\\@\a\b\v\f\x1b]|--|://|www\.|mailto:"
)  # one of them is in every placeholder but a number
_BRACE = re.compile("[{}]")
_SENTENCE_END = frozenset(".,;:!?*_~'")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One part of a text that is to be kept.

    Attributes:
        text: as it stands in the text.
        start: the place of its first character.
        end: the place after its last one, so that `text[start:end]` of the whole is `text`.
        kind: one of `KINDS`, or `NUMBER`.
    """

    text: str
    start: int
    end: int
    kind: str


def find(text: str, kinds: Collection[str] = KINDS) -> list[Placeholder]:
    """The placeholders of a text, from left to right; they never overlap.

    A tag with an address in it is one placeholder, and so is an address with a format code in it.

    Args:
        text: of any length; the time is proportional to it.
        kinds: which ones to look for.

    >>> [found.text for found in find("Copy %d of {name} to <b>%(place)s</b>, see https://example.org.")]
    ['%d', '{name}', '<b>', '%(place)s', '</b>', 'https://example.org']
    """
    found: list[Placeholder] = []
    if not _SIGNS.search(text) and NUMBER not in kinds:
        return found  # as most sentences are
    pattern = _pattern(tuple(kind for kind in (*KINDS, NUMBER) if kind in kinds))
    braces: dict[int, int] | None = None  # where each one is closed; worked out once, when the first is needed
    place = 0
    while match := pattern.search(text, place):
        kind = str(match.lastgroup)
        start, end = match.span()
        if kind == "icu":
            braces = _closed_braces(text) if braces is None else braces
            end = braces.get(start, start)
        elif kind == "url":
            end = _without_punctuation(text, start, end)
        elif kind == "printf" and _is_percentage(text, start, end):
            end = start
        if end > start:
            found.append(Placeholder(text[start:end], start, end, kind))
        place = max(end, start + 1)
    return found


def _is_percentage(text: str, start: int, end: int) -> bool:
    """Whether a format code is a number with its sign, as in "50%off" and "100%d'accord"."""
    following = text[end : end + 1]
    return (
        start > 0
        and text[start - 1].isdigit()
        and text[end - 1].isalpha()
        and (following.isalpha() or following in ("'", "\u2019"))
    )


def _closed_braces(text: str) -> dict[int, int]:
    """For each brace that is closed, the place after the one that closes it."""
    closed: dict[int, int] = {}
    opened: list[int] = []
    for match in _BRACE.finditer(text):
        if match[0] == "{":
            opened.append(match.start())
        elif opened:
            closed[opened.pop()] = match.end()
    return closed


def _without_punctuation(text: str, start: int, end: int) -> int:
    """An address ends before the full stop of its sentence and before a bracket that it did not open."""
    extra = {close: text.count(close, start, end) - text.count(open_, start, end) for open_, close in ("()", "[]")}
    while end > start:
        last = text[end - 1]
        if extra.get(last, 0) > 0:
            extra[last] -= 1
        elif last not in _SENTENCE_END:
            break
        end -= 1
    return end


@lru_cache(maxsize=64)
def _pattern(kinds: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all kinds; at the same place the one that comes first wins."""
    return re.compile("|".join(f"(?P<{kind}>{_PATTERNS[kind]})" for kind in kinds) or r"(?!)")

"""After translation: is everything there that had to be kept, and can what is not be put right safely?"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from toolkit.translation.documents.segment import Translated
from toolkit.translation.placeholders import Placeholder, find

_WIDE = str.maketrans({chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)})  # fullwidth forms of ASCII
_CHARACTERS = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&nbsp;": "\u00a0"}
_TAG_NAME = re.compile(r"<(/?)([A-Za-z][\w:.-]*)")
_VOID = frozenset(("br", "hr", "img", "input", "meta", "link", "wbr", "area", "base", "col", "embed", "source"))


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a translation that does not agree with its source.

    Attributes:
        kind: `missing`, `extra`, `order`, `nesting`, `ends` or `empty`.
        text: the placeholder, or the blanks, it is about.
        message: in words.
    """

    kind: str
    text: str
    message: str


def check(source: str, target: str) -> list[Finding]:
    r"""What does not agree between a text and its translation.

    Every placeholder, tag, reference and address of the source must be in the target as often as in the source, and no
    other; tags must be nested as in HTML; format codes without a number or name must keep their order, since they take
    their values one by one; blanks and line ends at both ends must be the same.

    Args:
        source: the text.
        target: its translation.

    >>> [finding.message for finding in check("Copy %s\n", "Kopiere")]
    ["lacks '%s'", "should end with '\\n'"]
    """
    if source.strip() and not target.strip():
        return [Finding("empty", "", "is empty")]
    findings: list[Finding] = []
    here, there = find(source), find(target)
    wanted, given = Counter(one.text for one in here), Counter(one.text for one in there)
    findings += [_finding("missing", "lacks", text, count) for text, count in (wanted - given).items()]
    findings += [_finding("extra", "has an extra", text, count) for text, count in (given - wanted).items()]
    if not findings and _sequence(here) != _sequence(there):
        order = " ".join(_sequence(here))
        findings.append(Finding("order", order, f"should have these in the order {order}"))
    if not findings and _nested(here) and not _nested(there):
        findings.append(Finding("nesting", "", "has its tags in a wrong order"))
    for side, (wanted_blanks, given_blanks) in zip(
        ("begin", "end"), zip(_ends(source), _ends(target), strict=True), strict=True
    ):
        if wanted_blanks != given_blanks:
            should = repr(wanted_blanks) if wanted_blanks else "no blanks"
            findings.append(Finding("ends", wanted_blanks, f"should {side} with {should}"))
    return findings


def repair(source: str, target: str) -> tuple[str, list[Finding]]:
    """Put right what can only be meant in one way.

    Blanks and line ends at both ends are taken from the source. A placeholder of the source that is missing is looked
    for in other clothes: other case, blanks in it, fullwidth characters (`%（name）S`), a bare `&` for `&amp;`. Nothing
    is put in where the translation has no trace of it, and nothing is moved.

    Args:
        source: the text.
        target: its translation.

    Returns:
        The translation, and what is still wrong with it (as `check` finds it).

    >>> repair("Hello {name}, <b>wait</b>!", " Hallo {Name}, < b >warte</ B>! ")
    ('Hallo {name}, <b>warte</b>!', [])
    """
    before, after = _ends(source)
    text = before + target.strip() + after if target.strip() else target
    wanted = Counter(one.text for one in find(source))
    missing = wanted - Counter(one.text for one in find(text))
    for placeholder, count in sorted(missing.items(), key=lambda item: -len(item[0])):
        text = _restored(text, placeholder, count, wanted)
    return text, check(source, text)


def checked(source: str, target: str) -> Translated:
    """A translation, repaired where that is safe and marked as fuzzy where it is not.

    >>> checked("Open %s", "Öffne").fuzzy
    True
    """
    text, findings = repair(source, target)
    return Translated(text, bool(findings), "; ".join(finding.message for finding in findings))


def _restored(text: str, placeholder: str, count: int, wanted: Counter[str]) -> str:
    """The text with a missing placeholder put back where it stands in other clothes, if that is certain."""
    taken = [(one.start, one.end) for one in find(text) if one.text in wanted]
    plain = text.translate(_WIDE)
    places = [
        match.span()
        for match in _loose(placeholder).finditer(plain)
        if not any(start < match.end() and match.start() < end for start, end in taken)
    ]
    if len(places) != count:
        return text
    for start, end in reversed(places):
        text = text[:start] + placeholder + text[end:]
    return text


def _loose(placeholder: str) -> re.Pattern[str]:
    """What a placeholder may have become: other case, blanks between its parts."""
    if placeholder in _CHARACTERS:
        return re.compile(re.escape(_CHARACTERS[placeholder]) + r"(?!#?\w+;)")
    parts = re.findall(r"\w+|\s+|[^\w\s]", placeholder)
    pattern = r"\s{0,2}".join(re.escape(part) for part in parts if not part.isspace())
    if placeholder[-1:].isalnum():
        pattern += r"(?![^\W\d_])"  # "50 % des" does not hold "%d"
    if placeholder[:1].isalnum():
        pattern = r"(?<!\w)" + pattern
    return re.compile(pattern, re.IGNORECASE)


def _sequence(found: list[Placeholder]) -> list[str]:
    """Format codes that take their values in the order in which they stand."""
    return [
        one.text
        for one in found
        if (one.kind == "printf" and one.text != "%%" and "$" not in one.text and "(" not in one.text
            and not one.text.lstrip("%L").isdigit() and one.text[-1] in "diouxXeEfFgGaAcCsSpn@>")
        or one.text == "{}"
    ]  # fmt: skip


def _nested(found: list[Placeholder]) -> bool:
    opened: list[str] = []
    for one in found:
        match = _TAG_NAME.match(one.text) if one.kind == "tag" else None
        if match is None or one.text.endswith("/>") or match[2].lower() in _VOID:
            continue
        if not match[1]:
            opened.append(match[2])
        elif not opened or opened.pop() != match[2]:
            return False
    return not opened


def _ends(text: str) -> tuple[str, str]:
    """The blanks and line ends before and after a text; all of them before it when there is nothing else."""
    content = text.strip()
    if not content:
        return text, ""
    start = text.index(content)
    return text[:start], text[start + len(content) :]


def _finding(kind: str, words: str, text: str, count: int) -> Finding:
    times = f" ({count} times)" if count > 1 else ""
    return Finding(kind, text, f"{words} '{text}'{times}")

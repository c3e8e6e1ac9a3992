"""A little of SSML (W3C, Speech Synthesis Markup Language 1.1): breaks, paragraphs, substitutes, phonemes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from toolkit.errors import ConfigError, Problem

_TAG = re.compile(r"<(/?)([A-Za-z][\w:.-]*)((?:\s+[\w:.-]+\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'))*)\s*(/?)>")
_LOOKS_LIKE_A_TAG = re.compile(r"<[/!?]?[A-Za-z\[-][^<>]*>")
_ATTRIBUTE = re.compile(r"([\w:.-]+)\s*=\s*(?:\"([^\"<]*)\"|'([^'<]*)')")
_TIME = re.compile(r"(\d+(?:\.\d+)?|\.\d+)(ms|s)")
_STRENGTHS = {"none": 0.0, "x-weak": 0.05, "weak": 0.15, "medium": 0.3, "strong": 0.6, "x-strong": 1.0}
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&amp;": "&"}
_KNOWN = {"speak", "p", "s", "break", "sub", "phoneme"}
_LONGEST_BREAK = 10.0
_WAY_OUT = (
    "known tags: <speak>, <p>, <s>, <break time='500ms'/>, <sub alias='...'>, <phoneme ph='...'>; write &lt; for <"
)


@dataclass(frozen=True, slots=True)
class Said:
    """A stretch of text.

    Attributes:
        text: to be read; empty for a pause or an end alone.
        phones: said instead, where the markup gives them.
        pause: seconds of silence after it that the markup asks for.
        end: a sentence or a paragraph ends after it: `sentence`, `paragraph`, or nothing.
    """

    text: str
    phones: tuple[str, ...] = ()
    pause: float | None = None
    end: str = ""


def has_markup(text: str) -> bool:
    """Whether anything in a text looks like a tag; "a < b" does not."""
    return _LOOKS_LIKE_A_TAG.search(text) is not None


def parse_markup(text: str) -> list[Said]:
    """Take the tags out of a text.

    A text without any tag is one stretch, as it is. In one with tags `&lt;`, `&gt;`, `&amp;`, `&quot;` and `&apos;`
    stand for characters; no other entity and no document type is known, so that nothing is ever expanded or fetched.

    Raises:
        ConfigError: a tag is unknown, is not closed or lacks an attribute; the message names it, its line and column.
    """
    if not has_markup(text):
        return [Said(text)] if text else []
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[Said] = []
        self.open: list[tuple[str, int, dict[str, str]]] = []

    def read(self) -> list[Said]:
        place = 0
        for start in re.finditer("<", self.text):
            if start.start() < place:
                continue
            tag = _TAG.match(self.text, start.start())
            if tag is None:
                odd = _LOOKS_LIKE_A_TAG.match(self.text, start.start())
                if odd:
                    raise self.error(odd.start(), f"'{odd[0][:40]}' cannot be understood")
                continue
            self.words(self.text[place : tag.start()])
            self.tag(tag)
            place = tag.end()
        self.words(self.text[place:])
        if self.open:
            name, begin, _ = self.open[-1]
            raise self.error(begin, f"<{name}> is never closed")
        return self.found

    def words(self, text: str) -> None:
        text = re.sub("|".join(_ENTITIES), lambda match: _ENTITIES[match[0]], text)
        name, _, attributes = self.open[-1] if self.open else ("", 0, {})
        if name == "sub":
            return  # the alias has been written
        if name == "phoneme":
            self.found.append(Said(text, tuple(attributes["ph"].split())))
        elif text:
            self.found.append(Said(text))

    def tag(self, match: re.Match[str]) -> None:
        closing, name, alone = bool(match[1]), match[2].lower(), bool(match[4])
        attributes = {key.lower(): double or single for key, double, single in _ATTRIBUTE.findall(match[3])}
        if name not in _KNOWN:
            raise self.error(match.start(), f"the tag <{match[2]}> is not known")
        if closing:
            self.close(name, match.start())
        elif self.open and self.open[-1][0] in {"sub", "phoneme"}:
            raise self.error(match.start(), f"<{name}> cannot stand within <{self.open[-1][0]}>")
        elif name == "break":
            self.found.append(Said("", pause=self.seconds(attributes, match.start())))
            if not alone:
                self.open.append((name, match.start(), attributes))
        else:
            self.begin(name, match.start(), attributes)
            if alone:
                self.close(name, match.start())

    def begin(self, name: str, place: int, attributes: dict[str, str]) -> None:
        needed = {"sub": "alias", "phoneme": "ph"}.get(name)
        if needed and not attributes.get(needed, "").strip():
            raise self.error(place, f"<{name}> needs {needed}='...'")
        if name == "phoneme" and attributes.get("alphabet", "ipa") != "ipa":
            raise self.error(place, f"<phoneme> knows the alphabet ipa, not '{attributes['alphabet']}'")
        if name in {"p", "s"}:
            self.end("paragraph" if name == "p" else "sentence")
        if name == "sub":
            self.found.append(Said(attributes["alias"]))
        self.open.append((name, place, attributes))

    def close(self, name: str, place: int) -> None:
        if not self.open or self.open[-1][0] != name:
            raise self.error(place, f"</{name}> closes nothing that is open")
        self.open.pop()
        if name in {"p", "s"}:
            self.end("paragraph" if name == "p" else "sentence")

    def end(self, kind: str) -> None:
        if self.found:
            self.found.append(Said("", end=kind))

    def seconds(self, attributes: dict[str, str], place: int) -> float:
        if "time" in attributes:
            match = _TIME.fullmatch(attributes["time"].strip())
            if match is None:
                raise self.error(place, f"<break> cannot last '{attributes['time']}'; write 500ms or 0.5s")
            seconds = float(match[1]) / (1000 if match[2] == "ms" else 1)
            if seconds > _LONGEST_BREAK:
                raise self.error(place, f"<break> lasts {seconds:g} s; at most {_LONGEST_BREAK:g} s")
            return seconds
        strength = attributes.get("strength", "medium")
        if strength not in _STRENGTHS:
            raise self.error(place, f"<break> knows no strength '{strength}'; it knows {', '.join(_STRENGTHS)}")
        return _STRENGTHS[strength]

    def error(self, place: int, message: str) -> ConfigError:
        line = self.text.count("\n", 0, place) + 1
        column = place - (self.text.rfind("\n", 0, place) + 1) + 1
        return ConfigError(
            [Problem(f"line {line}, column {column}", f"{message}; {_WAY_OUT}")], "the markup of the text"
        )

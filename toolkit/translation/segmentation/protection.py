"""Placeholders, tags and addresses as numbered symbols, so that a model copies them and never spells them.

`Copy %d files to <b>{name}</b>` becomes `Copy ⟨1⟩ files to ⟨2⟩⟨3⟩⟨4⟩`. Each symbol is one piece of the vocabulary; both
languages share them; after decoding each symbol becomes the text it stands for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from toolkit.translation.placeholders import KINDS, Placeholder, find

_SYMBOL = re.compile("⟨([1-9][0-9]?)⟩")
MOST = 99
"""Symbols that there can be."""


def symbols(count: int) -> tuple[str, ...]:
    """The first symbols.

    >>> symbols(2)
    ('⟨1⟩', '⟨2⟩')
    """
    return tuple(f"⟨{number}⟩" for number in range(1, count + 1))


@dataclass(frozen=True, slots=True)
class Protected:
    """A text with symbols in it.

    Attributes:
        text: what the model gets.
        originals: what the symbols stand for, in the order of their numbers.
        left: placeholders for which there was no symbol left; they stand in the text as they were.
    """

    text: str
    originals: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Restored:
    """A model's answer with the placeholders back in it.

    Attributes:
        text: the text; a symbol that stands for nothing has been taken out.
        missing: placeholders that the answer lacks.
        repeated: placeholders that it has more than once.
        invented: numbers of symbols that stand for nothing.
    """

    text: str
    missing: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    invented: tuple[int, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every placeholder came back exactly once and nothing else did."""
        return not (self.missing or self.repeated or self.invented)


def protect(text: str, count: int, kinds: Collection[str] = KINDS) -> Protected:
    """Put symbols in the place of a text's placeholders, from left to right.

    A symbol that a text itself contains counts as a placeholder, so that it comes back as it was.

    Args:
        text: of any length.
        count: symbols of the vocabulary; further placeholders stay as they are.
        kinds: the kinds of placeholders (`toolkit.translation.placeholders`); none protects nothing else.

    >>> protect("Copy %d files to <b>home</b>", 2)
    Protected(text='Copy ⟨1⟩ files to ⟨2⟩home</b>', originals=('%d', '<b>'), left=('</b>',))
    """
    found = _placeholders(text, kinds)
    numbers = {place.start: number for number, place in enumerate(_chosen(found, count), start=1)}
    originals = tuple(place.text for place in found if place.start in numbers)
    left = tuple(place.text for place in found if place.start not in numbers)
    return Protected(_replace(text, found, lambda place: numbers.get(place.start)), originals, left)


def protect_pair(source: str, target: str, count: int, kinds: Collection[str] = KINDS) -> tuple[Protected, Protected]:
    """Protect what both sides of a training pair have in common, under the same numbers.

    What only one side has stays spelled out on it: otherwise a model would learn that symbols may be dropped or made
    up. A placeholder that occurs twice on each side gets two numbers, paired in order.
    """
    ours, theirs = _placeholders(source, kinds), _placeholders(target, kinds)
    shared: list[tuple[Placeholder, Placeholder]] = []
    waiting = list(theirs)
    for place in ours:
        partner = next((other for other in waiting if other.text == place.text), None)
        if partner is not None:
            waiting.remove(partner)
            shared.append((place, partner))
    kept = {place.start for place in _chosen([place for place, _ in shared], count)}
    shared = [pair for pair in shared if pair[0].start in kept]
    originals = tuple(place.text for place, _ in shared)
    sides = []
    for side, (text, found) in enumerate(((source, ours), (target, theirs))):
        numbers = {pair[side].start: number for number, pair in enumerate(shared, start=1)}
        left = tuple(place.text for place in found if place.start not in numbers)
        changed = _replace(text, found, lambda place, numbers=numbers: numbers.get(place.start))  # type: ignore[misc]
        sides.append(Protected(changed, originals, left))
    return sides[0], sides[1]


def restore(text: str, originals: Sequence[str]) -> Restored:
    """Put the placeholders back.

    Args:
        text: what a model wrote, with symbols.
        originals: what the symbols of its source stand for.

    >>> restore("⟨1⟩ Dateien nach ⟨2⟩ ⟨2⟩", ["%d", "{name}", "%s"])
    Restored(text='%d Dateien nach {name} {name}', missing=('%s',), repeated=('{name}',), invented=())
    """
    if "⟨" not in text:
        return Restored(text, missing=tuple(originals))
    used: dict[int, int] = {}

    def original(match: re.Match[str]) -> str:
        number = int(match[1])
        used[number] = used.get(number, 0) + 1
        return originals[number - 1] if number <= len(originals) else ""

    text = _SYMBOL.sub(original, text)
    return Restored(
        text,
        missing=tuple(value for number, value in enumerate(originals, start=1) if number not in used),
        repeated=tuple(value for number, value in enumerate(originals, start=1) if used.get(number, 0) > 1),
        invented=tuple(sorted(number for number in used if number > len(originals))),
    )


def _placeholders(text: str, kinds: Collection[str]) -> list[Placeholder]:
    """Placeholders and literal symbols, from left to right, without overlap."""
    found = find(text, kinds) if kinds else []
    if "⟨" in text:
        taken = {place for one in found for place in range(one.start, one.end)}
        matches = [match for match in _SYMBOL.finditer(text) if match.start() not in taken]
        own = [Placeholder(match[0], *match.span(), "symbol") for match in matches]
        inside = {place for one in own for place in range(one.start, one.end)}  # the number in a symbol is none
        found = sorted([*own, *(one for one in found if one.start not in inside)], key=lambda one: one.start)
    return found


def _chosen(found: Sequence[Placeholder], count: int) -> list[Placeholder]:
    """The placeholders that get a symbol: literal symbols before the others, then the first ones."""
    best = sorted(found, key=lambda one: (one.kind != "symbol", one.start))[:count]
    return sorted(best, key=lambda one: one.start)


def _replace(text: str, found: Sequence[Placeholder], number_of: Callable[[Placeholder], int | None]) -> str:
    parts, place = [], 0
    for one in found:
        number = number_of(one)
        if number is not None:
            parts += [text[place : one.start], f"⟨{number}⟩"]
            place = one.end
    return "".join([*parts, text[place:]])

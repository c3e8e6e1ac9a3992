"""Bringing the labels of two sources to the same numbers, by the names of their classes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from toolkit.data.relabel import Relabelled
from toolkit.data.source import Source
from toolkit.errors import DataError

_SHOWN = 5


def with_classes(
    source: Source, classes: Sequence[str], where: str, *, numbered: bool = False, required: bool = False
) -> tuple[Source, str]:
    """A source whose labels are places in `classes`, and a sentence where it had to go without labels.

    Names are compared exactly, else without regard to case and punctuation (a folder cannot be called `T-shirt/top`),
    else as numbers (a folder `3` is the fourth class). Unlabelled data, and data none of whose classes is known, keeps
    the class names but has no labels.

    Args:
        source: the data.
        classes: the class names that count, in the order of their numbers.
        where: what to call the data in messages.
        numbered: the source's classes have only numbers, which are those of `classes`.
        required: labels cannot be done without.

    Raises:
        DataError: some of the source's classes are known and others are not; or labels are required and there are none.
    """
    known = list(classes)
    numbers = _numbers(source.classes, known, numbered)
    unknown = [name for name, number in zip(source.classes, numbers, strict=True) if number is None]
    found = [number for number in numbers if number is not None]
    if unknown and (found or numbered or required):
        raise DataError(
            f"{where} has {_count(unknown, 'unknown class', 'unknown classes')}: {_some(unknown)}",
            f"rename or remove them; the classes are {_some(known, 20)}",
        )
    if found:
        return Relabelled(source, known, found), ""
    if required:
        raise DataError(f"{where} has no labels", "give class folders, or an .npz file with an array 'labels'")
    why = f"its folders ({_some(unknown)}) are no classes of the model" if unknown else "it has none"
    return Relabelled(source, known, None), f"{where} is used without labels: {why}"


def common_classes(one: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    """All class names of two sources: those of the first in their order, then what only the second has."""
    keys = {_plain(name) for name in one}
    return (*one, *(name for name in other if _plain(name) not in keys))


def same_classes(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two lists of class names mean the same numbers: equal but for case and punctuation, in equal order.

    >>> same_classes(("T-shirt/top", "Bag"), ("t-shirt top", "bag")), same_classes(("cat", "dog"), ("dog", "cat"))
    (True, False)
    """
    return [_plain(name) for name in one] == [_plain(name) for name in other]


def _numbers(names: Sequence[str], classes: Sequence[str], numbered: bool) -> list[int | None]:
    if numbered:
        return [place if place < len(classes) else None for place in range(len(names))]
    exact = {name: number for number, name in enumerate(classes)}
    plain = {_plain(name): number for number, name in enumerate(classes)}
    if len(plain) < len(classes):  # some differ only by case or punctuation
        plain = {}
    found = [exact.get(name, plain.get(_plain(name))) for name in names]
    if all(number is None for number in found) and all(name.isdecimal() and int(name) < len(classes) for name in names):
        return [int(name) for name in names]
    return found


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "-", name.casefold()).strip("-")


def _count(names: Sequence[str], one: str, several: str) -> str:
    return f"an {one}" if len(names) == 1 else f"{len(names)} {several}"


def _some(names: Sequence[str], most: int = _SHOWN) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"

"""What pydantic found wrong, in a user's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

Place = tuple[str | int, ...]


def found_problems(error: ValidationError, given: Mapping[str, Any]) -> list[tuple[Place, str, str]]:
    """Everything that is wrong with a mapping, one entry for each place in it.

    A value that fits no member of a union gives one error of pydantic for each member; here they are one.

    Args:
        error: what pydantic raised.
        given: the mapping that was validated.

    Returns:
        (steps from the mapping to the value, pydantic's name for the first error there, what is wrong in words).
    """
    places: dict[Place, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        places.setdefault(_place(detail, given), []).append(detail)
    return [(place, details[0]["type"], _words(place, details, given)) for place, details in places.items()]


def _place(detail: ErrorDetails, given: Any) -> Place:
    """The steps of pydantic's location that exist in what was given; the others are names of types."""
    steps: list[str | int] = []
    value = given
    for number, step in enumerate(detail["loc"], start=1):
        absent = detail["type"] == "missing" and number == len(detail["loc"])
        if isinstance(value, Mapping) and (step in value or absent):
            value = value.get(step)
        elif isinstance(value, (list, tuple)) and isinstance(step, int):
            value = value[step]
        else:
            continue
        steps.append(step)
    return tuple(steps)


def _words(place: Place, details: list[ErrorDetails], given: Any) -> str:
    messages = dict.fromkeys(_lower(detail["msg"].removeprefix("Value error, ")) for detail in details)
    value = given
    for step in place:
        value = value.get(step) if isinstance(value, Mapping) else value[step]
    return f"{', or '.join(messages)}; got {value!r}"


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]

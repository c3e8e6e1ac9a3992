"""A sentence and its translation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pair:
    """A sentence and its translation.

    Attributes:
        source: the sentence, without its line end.
        target: its translation.
        origin: where it stands, for messages: `file:line`, or `file, unit id`.
    """

    source: str
    target: str
    origin: str

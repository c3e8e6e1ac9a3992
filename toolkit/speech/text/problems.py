"""What could not be read as it was written."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextProblem:
    """Something in a text that was not read as it stands there.

    Attributes:
        symbol: the characters, or the word.
        place: what they stand after, for people to find them.
        action: what was done: `left out`, `read letter by letter`, ...
    """

    symbol: str
    place: str
    action: str

    def __str__(self) -> str:
        return f"{self.symbol!r} {self.place}: {self.action}"

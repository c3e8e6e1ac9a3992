"""A random choice of rows from a stream that does not depend on the stream's order or division among processes.

Every sample has a fixed random priority, a hash of its index, and the rows of lowest priority stay: a "bottom-k sketch"
(Cohen & Kaplan 2007, "Summarizing data using bottom-k sketches"). So the choice from the whole is the choice from the
parts' choices, and data sorted by class keep all their classes.
"""

from __future__ import annotations

from toolkit.errors import DataError
from toolkit.metrics.rows import Rows, check_alike, join, take


class Reservoir:
    """At most `capacity` rows, in the order of their index; `None` keeps all."""

    def __init__(self, capacity: int | None) -> None:
        self.capacity = capacity
        self.indexed: bool | None = None
        self._chosen: Rows | None = None
        self._waiting: list[Rows] = []

    def append(self, rows: Rows, *, indexed: bool) -> None:
        """Take in rows; `indexed` says whether their index was given or merely counted.

        Raises:
            DataError: the rows do not fit those before, or an index occurs twice.
        """
        if self.indexed not in (None, indexed):
            raise DataError("some samples have an index and others do not", "give it for all samples or for none")
        for known in [*self._waiting, self._chosen][:1]:
            if known is not None:
                check_alike(known, rows)
        self.indexed = indexed
        self._waiting.append(rows)
        if self.capacity is not None and sum(len(part["index"]) for part in self._waiting) >= self.capacity:
            self.rows()

    def take_over(self, other: Reservoir, shift: int) -> None:
        """Take in the rows of another one; rows without an index of their own come `shift` places later."""
        rows = other.rows()
        indexed = bool(other.indexed)
        self.append(rows if indexed else {**rows, "index": rows["index"] + shift}, indexed=indexed)

    def rows(self) -> Rows:
        """The rows chosen so far.

        Raises:
            DataError: there are none, or an index occurs twice.
        """
        if self._waiting:
            known = [] if self._chosen is None else [self._chosen]
            self._chosen = choose(join([*known, *self._waiting]), self.capacity)
            self._waiting = []
        if self._chosen is None:
            raise DataError("there are no features yet", "evaluate at least one sample")
        return self._chosen


def choose(rows: Rows, capacity: int | None) -> Rows:
    """The rows of lowest priority, in the order of their index.

    Raises:
        DataError: an index occurs twice.
    """
    if capacity is not None and len(rows["index"]) > capacity:
        rows = take(rows, rows["priority"].argsort(stable=True)[:capacity])
    rows = take(rows, rows["index"].argsort(stable=True))
    twice = rows["index"][1:][rows["index"].diff() == 0]
    if len(twice):
        raise DataError(
            f"the sample with index {int(twice[0])} was added twice ({len(twice)} repetitions among the rows kept)",
            "give every process its own part of the data, without padding, and go through it once",
        )
    return rows

"""What the texts talk about: values drawn at random, each of which belongs to one split for ever."""

from __future__ import annotations

import datetime
import hashlib
import random
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

Kind: TypeAlias = Literal["date", "moment", "time", "number", "money"]
KINDS: tuple[Kind, ...] = get_args(Kind)

Split: TypeAlias = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

Currency: TypeAlias = Literal["EUR", "USD", "GBP"]
CURRENCIES: tuple[Currency, ...] = get_args(Currency)

FIRST, LAST = datetime.date(1950, 1, 1), datetime.date(2049, 12, 31)
"""The dates that occur."""
LARGEST = 9999
"""Numbers go from 0 to this."""
CENTS = (100, 99_999)
"""Amounts of money, from one unit, so that the currency is always named."""

_SHARES = {"date": 30, "moment": 20, "time": 10, "number": 20, "money": 20}


@dataclass(frozen=True, slots=True)
class Value:
    """One thing to be said.

    Attributes:
        kind: which of the following fields count.
        day: of a `date` or `moment`.
        weekday: whether it is said.
        minute: of a `time` or `moment`: minutes since midnight.
        number: of a `number`; of `money` in hundredths.
        currency: of `money`.
    """

    kind: Kind
    day: datetime.date = FIRST
    weekday: bool = False
    minute: int = 0
    number: int = 0
    currency: Currency = "EUR"

    @property
    def identity(self) -> str:
        """What has to be new in a test: the day, the time of day, the number or the amount."""
        if self.kind in ("date", "moment"):
            return f"day {self.day.isoformat()}"
        if self.kind == "time":
            return f"minute {self.minute}"
        return f"{self.kind} {self.number}"


def split_of(value: Value) -> Split:
    """The split that a value belongs to: a tenth each for validation and test, by a hash of its identity."""
    place = hashlib.blake2b(value.identity.encode(), digest_size=8).digest()
    part = int.from_bytes(place, "little") % 10
    return "test" if part == 0 else "validation" if part == 1 else "train"


def draw(generator: random.Random, split: Split, kind: Kind | None = None) -> Value:
    """A value of a split.

    Args:
        generator: where the randomness comes from.
        split: what it shall belong to.
        kind: of the value; `None` draws the kind too.
    """
    if kind is None:
        kind = generator.choices(KINDS, [_SHARES[name] for name in KINDS])[0]
    while True:
        value = _draw(generator, kind)
        if split_of(value) == split:
            return value


def _draw(generator: random.Random, kind: Kind) -> Value:
    if kind in ("date", "moment"):
        day = FIRST + datetime.timedelta(days=generator.randrange((LAST - FIRST).days + 1))
        minute = generator.randrange(24 * 60) if kind == "moment" else 0
        return Value(kind, day=day, weekday=generator.random() < 0.5, minute=minute)
    if kind == "time":
        return Value(kind, minute=generator.randrange(24 * 60))
    if kind == "number":
        return Value(kind, number=generator.randrange(LARGEST + 1))
    return Value(kind, number=generator.randint(*CENTS), currency=generator.choice(CURRENCIES))

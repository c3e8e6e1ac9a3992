"""Units of speech: what an acoustic model gives a duration to, made of the symbols of a sentence.

Stress marks and word boundaries take no time of their own, so they are not units but features of the phone that
follows. Everything else is one: phones, tones, punctuation (a pause, most of the time), and the silence before the
first word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from toolkit.speech.text.characters import MARKS
from toolkit.speech.text.inventory import Inventory
from toolkit.speech.text.phonemizer import STRESS, WORD_BOUNDARY

START = "^"
"""The silence before the first word."""

END = "."
"""The mark at the end of a text that has none: something must stand for the silence after the last word."""


@dataclass(frozen=True, slots=True)
class Units:
    """A sentence in units.

    Attributes:
        symbols: phones, tones, marks; `START` first, a mark last.
        stress: of each unit: 0 none, 1 primary, 2 secondary.
        initial: 1 where a word begins, else 0.
        places: number of each unit's symbol among the symbols that it was made of; -1 for `START` and an added `END`.
    """

    symbols: tuple[str, ...]
    stress: tuple[int, ...]
    initial: tuple[int, ...]
    places: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.symbols)


def units_of(symbols: Sequence[str]) -> Units:
    """The units of a sentence's symbols, as `Utterance.symbols` holds them.

    >>> units_of(("ˈ", "æ", "t", " ", "h"))
    Units(symbols=('^', 'æ', 't', 'h', '.'), stress=(0, 1, 0, 0, 0), initial=(0, 1, 0, 1, 0), places=(-1, 1, 2, 4, -1))
    """
    found, stresses, initials, places = [START], [0], [0], [-1]
    stress, initial = 0, 1
    for place, symbol in enumerate(symbols):
        if symbol in STRESS:
            stress = STRESS.index(symbol) + 1
            continue
        if symbol == WORD_BOUNDARY:
            initial = 1
            continue
        mark = symbol in MARKS
        found.append(symbol)
        stresses.append(0 if mark else stress)
        initials.append(0 if mark else initial)
        places.append(place)
        stress, initial = 0, 1 if mark else 0
    if found[-1] not in MARKS:
        found.append(END)
        stresses.append(0)
        initials.append(0)
        places.append(-1)
    return Units(tuple(found), tuple(stresses), tuple(initials), tuple(places))


def unit_inventory(sentences: Iterable[Units]) -> Inventory:
    """The inventory of a corpus in units."""
    return Inventory.of(units.symbols for units in sentences)

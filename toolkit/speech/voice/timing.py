"""When each phone and each word of a sentence is heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from toolkit.data.source import Array
from toolkit.speech.voice.units import START, Units


@dataclass(frozen=True, slots=True)
class TimedPhone:
    """A phone or a mark of punctuation, which is mostly a pause; times in seconds."""

    phone: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word; times in seconds."""

    word: str
    start: float
    end: float


def phone_times(units: Units, seconds: Array) -> tuple[TimedPhone, ...]:
    """Each unit but the silence at the beginning.

    Args:
        units: of the sentence.
        seconds: length of each unit.
    """
    ends = np.cumsum(seconds)
    return tuple(
        TimedPhone(symbol, round(float(end - length), 4), round(float(end), 4))
        for symbol, end, length in zip(units.symbols, ends, seconds, strict=True)
        if symbol != START
    )


def word_times(units: Units, seconds: Array, words: Sequence[tuple[str, int, int]]) -> tuple[TimedWord, ...]:
    """Each word that has a phone.

    Args:
        units: of the sentence.
        seconds: length of each unit.
        words: with the place of their first symbol, and the place after their last.
    """
    ends = np.cumsum(seconds)
    starts = ends - seconds
    found = []
    for word, first, after in words:
        mine = [number for number, place in enumerate(units.places) if first <= place < after]
        if mine:
            found.append(TimedWord(word, round(float(starts[mine[0]]), 4), round(float(ends[mine[-1]]), 4)))
    return tuple(found)

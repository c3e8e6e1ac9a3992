"""Noise as people make it: slips of the fingers, careless capitals, words left out or exchanged, by a rate."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from toolkit.errors import ConfigError, Problem, nearest

NoiseKind: TypeAlias = Literal["typos", "keyboard", "casing", "dropped_words", "swapped_words"]
KINDS: tuple[NoiseKind, ...] = ("typos", "keyboard", "casing", "dropped_words", "swapped_words")

_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")  # each row is half a key further right than the one above


def _neighbours() -> dict[str, str]:
    found: dict[str, str] = {}
    for number, row in enumerate(_ROWS):
        for place, key in enumerate(row):
            beside = [(number, place - 1), (number, place + 1), (number - 1, place), (number - 1, place + 1)]
            beside += [(number + 1, place - 1), (number + 1, place)]
            keys = [_ROWS[r][p] for r, p in beside if 0 <= r < len(_ROWS) and 0 <= p < len(_ROWS[r])]
            found[key] = "".join(one for one in keys if one.isalpha() or not key.isalpha())
    return found


NEIGHBOURS = _neighbours()
"""Keys beside each key of a QWERTY keyboard; letters have letters."""


def add_noise(text: str, kind: str, rate: float, seed: int) -> str:
    """A text with noise, which is a function of the arguments alone.

    Args:
        text: one sentence.
        kind: `typos`: a character is left out, doubled, exchanged with the next one or with a letter of the same text;
            `keyboard`: a letter becomes one beside it on the keyboard; `casing`: a letter changes its case;
            `dropped_words`: a word is left out; `swapped_words`: a word changes places with the next one.
        rate: the share of characters (of letters; of words) that it happens to, 0 to 1. A text is never left empty.
        seed: of what is chosen.

    Raises:
        ConfigError: there is no such kind, or the rate lies outside of 0 to 1.

    >>> add_noise("the cat sat", "typos", 0.0, 1)
    'the cat sat'
    """
    check_noise([kind], rate)
    drawn = random.Random(f"{seed}\x1f{kind}\x1f{text}")
    noisy = _MAKERS[kind](text, rate, drawn)
    return noisy if noisy.strip() else text


def check_noise(kinds: Sequence[str], rate: float, path: str = "noise") -> None:
    """See that kinds and rate can be used.

    Raises:
        ConfigError: a kind is unknown, or the rate lies outside of 0 to 1.
    """
    problems = [
        Problem(path, f"there is no noise '{kind}'; {nearest(kind, KINDS)}") for kind in kinds if kind not in KINDS
    ]
    if not 0 <= rate <= 1:
        problems.append(Problem(path, f"is {rate}; a share lies between 0 and 1, such as 0.1"))
    if problems:
        raise ConfigError(problems)


def _typos(text: str, rate: float, drawn: random.Random) -> str:
    letters = [one for one in text if one.isalpha()]
    written: list[str] = []
    place = 0
    while place < len(text):
        one = text[place]
        if one.isspace() or drawn.random() >= rate:
            written.append(one)
        else:
            slip = drawn.randrange(4)
            following = text[place + 1 : place + 2]
            if slip == 1:
                written += [one, one]
            elif slip == 2 and following and not following.isspace():
                written += [following, one]
                place += 1
            elif slip == 3 and letters:
                written.append(drawn.choice(letters))
            # slip 0, and what cannot be done: left out
        place += 1
    return "".join(written)


def _keyboard(text: str, rate: float, drawn: random.Random) -> str:
    def slipped(one: str) -> str:
        beside = NEIGHBOURS.get(one.lower())
        if beside is None or drawn.random() >= rate:
            return one
        key = drawn.choice(beside)
        return key.upper() if one.isupper() else key

    return "".join(map(slipped, text))


def _casing(text: str, rate: float, drawn: random.Random) -> str:
    return "".join(one.swapcase() if one.isalpha() and drawn.random() < rate else one for one in text)


def _dropped_words(text: str, rate: float, drawn: random.Random) -> str:
    words = text.split(" ")
    kept = [word for word in words if drawn.random() >= rate]
    return " ".join(kept or [drawn.choice(words)])


def _swapped_words(text: str, rate: float, drawn: random.Random) -> str:
    words = text.split(" ")
    place = 0
    while place + 1 < len(words):
        if drawn.random() < rate:
            words[place], words[place + 1] = words[place + 1], words[place]
            place += 1  # a word moves by one place, not through the sentence
        place += 1
    return " ".join(words)


_MAKERS: dict[str, Callable[[str, float, random.Random], str]] = {
    "typos": _typos,
    "keyboard": _keyboard,
    "casing": _casing,
    "dropped_words": _dropped_words,
    "swapped_words": _swapped_words,
}

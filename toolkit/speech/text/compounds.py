"""Compounds in the parts of which they are made, as German writes them in one word."""

from __future__ import annotations

from collections.abc import Callable

from toolkit.speech.text.characters import word_set

_SHORTEST = 4
_LONGEST = 60
_SHORT_PARTS = word_set("ein und zwei drei vier fünf acht neun zehn elf auf aus bei vor rad tag weg")


def split_compound(word: str, is_word: Callable[[str], bool]) -> tuple[str, ...]:
    """Cut a word into the fewest words of a lexicon.

    Args:
        word: in lower case.
        is_word: whether a part is in the lexicon.

    Returns:
        Two parts or more, whose letters together are those of the word; nothing where it cannot be cut.
    """
    if not _SHORTEST * 2 - 1 <= len(word) <= _LONGEST:
        return ()
    best: dict[int, tuple[str, ...]] = {len(word): ()}
    for start in range(len(word) - 1, -1, -1):
        for end in range(len(word), start + 2, -1):
            rest, part = best.get(end), word[start:end]
            if rest is None or (start, end) == (0, len(word)):
                continue
            if len(rest) + 1 < len(best.get(start, ("",) * 99)) and _fits(part, is_word):
                best[start] = (part, *rest)
    found = best.get(0, ())
    return found if len(found) > 1 else ()


def _fits(part: str, is_word: Callable[[str], bool]) -> bool:
    if len(part) < _SHORTEST:
        return part in _SHORT_PARTS and is_word(part)
    return is_word(part)

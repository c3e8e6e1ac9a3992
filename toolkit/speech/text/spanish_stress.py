"""Stress of Spanish words, which the spelling tells (Ortografía de la lengua española, RAE 2010, chapter II)."""

from __future__ import annotations

import re
import unicodedata

from toolkit.speech.text.characters import word_set

_NUCLEUS = re.compile(r"[aeiou]")
_UNSTRESSED = word_set(
    "el la los las lo un una unos unas de del a al en con por para sin y e o u que si se me te le les nos os su "
    "sus mi mis tu tus como pero ni cuando donde"
)


def with_spanish_stress(word: str, phones: tuple[str, ...]) -> tuple[str, ...]:
    """Put `ˈ` before the stressed vowel; articles, prepositions and unstressed pronouns stay without.

    An accent shows the syllable. Without one, it is the last but one when the word ends in a vowel, n or s, and the
    last one otherwise.
    """
    spelled = unicodedata.normalize("NFC", word.lower())
    if spelled in _UNSTRESSED or "ˈ" in phones:
        return phones
    places = [place for place, phone in enumerate(phones) if _NUCLEUS.search(phone)]
    if not places:
        return phones
    from_end = _accented_from_end(spelled)
    if from_end is None:
        from_end = 1 if re.search(r"[aeiouáéíóúns]$", spelled) and len(places) > 1 else 0
    stressed = places[max(0, len(places) - 1 - from_end)]
    return (*phones[:stressed], "ˈ", *phones[stressed:])


def _accented_from_end(spelled: str) -> int | None:
    """How many syllables follow the one with the accent; None without one."""
    accent = re.search(r"[áéíóú]", spelled)
    if accent is None:
        return None
    rest = spelled[accent.end() :]
    if accent[0] in "áéó":
        rest = re.sub(r"^[iuy](?![aeo])", "", rest)  # the second half of its own diphthong: estáis
    rest = re.sub(r"[qg]u(?=[ei])", "g", rest)
    return len(re.findall(r"[iu]?[aeoáéó][iuy]?(?![aeo])|[iu]?[aeo]|[iu]+", rest))

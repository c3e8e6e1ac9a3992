"""How near two phones are, by what the mouth does (the chart of the International Phonetic Association, 2020)."""

from __future__ import annotations

import unicodedata

_HEIGHTS = ("iyɨʉɯu", "ɪʏʊᵻ", "eøɘɵɤo", "ə", "ɛœɜɞʌɔɚɝ", "æɐ", "aɶɑɒä")
_FRONT, _BACK = "iyɪʏeøɛœæaɶ", "ɯuʊɤoʌɔɑɒ"
_ROUND, _RHOTIC = "yʉuʏʊøɵoœɞɔɶɒ", "ɚɝ"
_VOWELS = "".join(_HEIGHTS)
_PLACES = (
    "pbmɸβʙ",
    "fvɱⱱ",
    "θð",
    "tdnszrɾlɹɬɮ",
    "ʃʒ",
    "ʈɖɳʂʐɽɻɭ",
    "ɕʑ",
    "cɟɲçʝjʎɥ",
    "kɡgŋxɣɰɫw",
    "qɢɴχʁʀ",
    "ħʕ",
    "ʔhɦ",
)
_MANNERS = ("pbtdʈɖcɟkɡgqɢʔ", "mɱnɳɲŋɴ", "ʙrʀ", "ɾɽⱱ", "ɸβfvθðszʃʒʂʐɕʑçʝxɣχʁħʕhɦɬɮ", "ɹɻjɰwɥ", "lɭʎɫ")
_VOICELESS = "ptʈckqʔɸfθsʃʂɕçxχħhɬ"
_SIBILANTS = "szʃʒʂʐɕʑ"
_CONSONANTS = "".join(_PLACES)
_LENGTH, _ASPIRATED, _NASAL = "ːˑ", "ʰ", "\u0303"

FAR = 3.0
"""Phones further apart than this do not stand for each other."""


def distance(one: str, other: str) -> float:
    """How far two phones are from each other.

    0 is the same phone; about 1 is one step of height, place or voicing; `inf` lies between a vowel and a consonant,
    and between anything and a mark of punctuation, stress or tone.
    """
    if one == other:
        return 0.0
    first, second = _letters(one), _letters(other)
    if not first or not second:
        return float("inf")
    ends = ((first[0], second[0]), (first[-1], second[-1]))
    apart = sum(_between(left, right) for left, right in ends) / 2
    small = sum(
        0.25 * ((mark in _decomposed(one)) != (mark in _decomposed(other))) for mark in (_LENGTH[0], _ASPIRATED)
    )
    nasal = 1.0 * ((_NASAL in _decomposed(one)) != (_NASAL in _decomposed(other)))
    return apart + small + nasal + 0.5 * abs(len(first) - len(second)) + 0.05 * (one != other)


def nearest_phone(phone: str, known: list[str]) -> str | None:
    """The nearest of the known phones, or None where none is near enough; equals are decided by the alphabet."""
    apart, found = min(((distance(phone, other), other) for other in known), default=(float("inf"), ""))
    return found if apart <= FAR else None


def _decomposed(phone: str) -> str:
    return unicodedata.normalize("NFD", phone)


def _letters(phone: str) -> str:
    letters = [letter for letter in unicodedata.normalize("NFC", phone) if letter in _VOWELS or letter in _CONSONANTS]
    return "".join(letters) or "".join(
        letter for letter in _decomposed(phone) if letter in _VOWELS or letter in _CONSONANTS
    )


def _between(one: str, other: str) -> float:
    if (one in _VOWELS) != (other in _VOWELS):
        return float("inf")
    if one in _VOWELS:
        height = abs(_row(_HEIGHTS, one) - _row(_HEIGHTS, other)) * 0.7
        back = abs(_backness(one) - _backness(other)) * 0.8
        return (
            height
            + back
            + 0.6 * ((one in _ROUND) != (other in _ROUND))
            + 0.5 * ((one in _RHOTIC) != (other in _RHOTIC))
        )
    place = 0.4 * abs(_row(_PLACES, one) - _row(_PLACES, other))
    manner = 0.0 if _row(_MANNERS, one) == _row(_MANNERS, other) else 1.5
    if {"r", "ɹ", "ɾ", "ʁ", "ɻ", "ʀ"} >= {one, other}:  # one sound to those who speak, whatever the mouth does
        place, manner = 0.5, 0.0
    hiss = 0.6 * ((one in _SIBILANTS) != (other in _SIBILANTS))
    return place + manner + hiss + 0.5 * ((one in _VOICELESS) != (other in _VOICELESS))


def _row(rows: tuple[str, ...], letter: str) -> int:
    return next(number for number, letters in enumerate(rows) if letter in letters)


def _backness(vowel: str) -> int:
    return 0 if vowel in _FRONT else 2 if vowel in _BACK else 1

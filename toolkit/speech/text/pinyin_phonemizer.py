"""Phonemes of Mandarin: characters to pinyin by pypinyin (MIT), pinyin to the IPA by a table of ours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from toolkit.errors import ConfigError, Problem, require
from toolkit.speech.text.languages import base_language
from toolkit.speech.text.phonemizer import Pronunciation, Symbols
from toolkit.speech.text.pinyin_ipa import syllable_to_ipa

_LETTERS = [
    "ei1",
    "bi4",
    "xi1",
    "di4",
    "yi4",
    "ai2-fu5",
    "ji4",
    "ai2-chi5",
    "ai4",
    "jie4",
    "kai4",
    "ai2-lou5",
    "ai2-mu5",
    "en1",
    "ou1",
    "pi4",
    "qiu1",
    "a1-er5",
    "ai2-si5",
    "ti4",
    "you1",
    "wei1",
    "da2-bu5-liu5",
    "ai2-ke5-si5",
    "wai1",
    "zei4",
]
_COUNTING = frozenset("第十百千万零一二三四五六七八九点")
_DATES = frozenset("月号日零一二三四五六七八九十点")
_LATIN = re.compile(r"[A-Za-z]+")


class PinyinPhonemizer(Symbols):
    """Mandarin syllables with their tones, a digit 1 to 5 after each; third-tone, 一 and 不 sandhi are applied.

    Which reading a character has is decided by the words around it (pypinyin's dictionary of phrases). A run of
    characters is one word. Latin letters are read by their Chinese names, and reported.

    Args:
        language: `zh`, `zh-cn` or `cmn`.

    Raises:
        ConfigError: another language.
        MissingExtraError: pypinyin is not installed.
    """

    name = "pinyin"

    def __init__(self, language: str = "zh") -> None:
        if base_language(language) != "zh":
            problem = Problem("language", f"pinyin is for zh, not for '{language}'")
            raise ConfigError([problem], "the choice of a phonemizer")
        self.language = language
        self._pypinyin: Any = require("pypinyin", "phonemes", "The phonemizer pinyin")

    def pronounce(self, words: Sequence[str]) -> list[Pronunciation]:
        """How the words of one clause are said."""
        return [self._word(word) for word in words]

    def _word(self, word: str) -> Pronunciation:
        phones: list[str] = []
        notes: list[str] = []
        style = self._pypinyin.Style.TONE3
        found = self._pypinyin.lazy_pinyin(
            word, style=style, neutral_tone_with_five=True, tone_sandhi=True, errors=lambda part: list(part)
        )
        for syllable in sandhi_of_one(word, found):
            said = syllable_to_ipa(syllable)
            if said is not None and not _LATIN.fullmatch(syllable):
                phones += said
            elif _LATIN.search(syllable):
                phones += _spelled(syllable)
                notes.append("read letter by letter")
            else:
                notes.append(f"'{syllable}' left out")
        return Pronunciation(tuple(phones), ", ".join(dict.fromkeys(notes)))


def sandhi_of_one(word: str, syllables: Sequence[str]) -> list[str]:
    """一 is said with the second tone before a fourth one, with the fourth before others, and as it is in numbers.

    Args:
        word: characters, one for each syllable; else nothing is changed.
        syllables: pinyin with tone digits.
    """
    changed = list(syllables)
    if len(word) != len(changed):
        return changed
    for place in range(len(word) - 1):
        counted = place > 0 and word[place - 1] in _COUNTING
        if word[place] == "一" and changed[place].startswith("yi") and not counted and word[place + 1] not in _DATES:
            changed[place] = "yi2" if changed[place + 1].endswith("4") else "yi4"
    return changed


def _spelled(text: str) -> list[str]:
    phones: list[str] = []
    for letter in text.lower():
        if "a" <= letter <= "z":
            for syllable in _LETTERS[ord(letter) - ord("a")].split("-"):
                phones += syllable_to_ipa(syllable) or ()
    return phones

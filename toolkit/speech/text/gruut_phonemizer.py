"""Phonemes of English, German, French and Spanish by gruut: lexicons, and a guess for words that are in none (MIT)."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from toolkit.errors import ConfigError, PluginError, Problem, nearest, require
from toolkit.speech.text.compounds import split_compound
from toolkit.speech.text.corrections import corrected, known_word
from toolkit.speech.text.gruut_lexicon import GruutLexicon
from toolkit.speech.text.languages import base_language
from toolkit.speech.text.liaison import with_liaison
from toolkit.speech.text.phonemizer import Pronunciation, Symbols, with_stress_apart
from toolkit.speech.text.spanish_stress import with_spanish_stress

GRUUT_LANGUAGES = {"en": "en-us", "de": "de-de", "fr": "fr-fr", "es": "es-es"}
"""Languages that the extra brings, and gruut's names for them."""

_LETTER_ROLE = "gruut:letter"
_LONGEST_INITIALISM = 5
_SPELLED = frozenset({"US", "USA", "UK", "EU", "UN", "IT", "TV", "PC", "IQ", "WHO"})


class GruutPhonemizer(Symbols):
    """Lexicon first, then parts of compounds (German), capitals letter by letter, and last gruut's guess.

    English words whose reading depends on their part of speech (read, live, a) get the one that the sentence asks for.
    What gruut leaves open is filled in: obligatory liaison in French, stress in Spanish (both by rule), the spelling
    ß and two ways of writing one diphthong in German.

    Args:
        language: `en`, `de`, `fr` or `es`, with or without a region; gruut has American English only.

    Raises:
        ConfigError: gruut has no such language.
        MissingExtraError: gruut is not installed.
    """

    name = "gruut"

    def __init__(self, language: str = "en") -> None:
        self.language = language
        self._base = base_language(language)
        if self._base not in GRUUT_LANGUAGES:
            hint = nearest(self._base, GRUUT_LANGUAGES)
            raise ConfigError([Problem("language", f"gruut has no '{language}'; {hint}")], "the choice of a phonemizer")
        self._settings, self._lexicon = _settings(GRUUT_LANGUAGES[self._base])

    def pronounce(self, words: Sequence[str]) -> list[Pronunciation]:
        """How the words of one clause are said."""
        roles = self._roles(words)
        capitals = bool(words) and all(word.isupper() for word in words) and sum(map(len, words)) > _LONGEST_INITIALISM
        said = [self._word(word, role, capitals) for word, role in zip(words, roles, strict=True)]
        return with_liaison(words, said) if self._base == "fr" else said

    def _roles(self, words: Sequence[str]) -> list[str | None]:
        tagger = self._settings.get_parts_of_speech
        if tagger is None or not words or self._base == "fr":  # the French lexicon holds no roles
            return [None] * len(words)
        tags = [f"gruut:{tag}" for tag in tagger(list(words))]
        for place, word in enumerate(words):
            beside = [words[near] for near in (place - 1, place + 1) if 0 <= near < len(words)]
            if word == "A" and any(len(other) == 1 and other.isupper() and other != "I" for other in beside):
                tags[place] = _LETTER_ROLE
        return list(tags)

    def _word(self, word: str, role: str | None, capitals: bool) -> Pronunciation:
        if not _is_latin(word):
            return Pronunciation((), "left out: its letters are of another script")
        initials = word.isupper() and not capitals and 1 < len(word) <= _LONGEST_INITIALISM
        if initials and (word in _SPELLED or self._look_up(word.lower(), role) is None):
            return self._spelled(word)
        phones = self._look_up(word, role) or self._guess(word)
        if not phones:
            return self._spelled(word)
        return self._pronunciation(word, phones)

    def _look_up(self, word: str, role: str | None = None) -> list[str] | None:
        known = known_word(self._base, word)
        if known is not None:
            return known
        for form in (word, word.replace("ß", "ss"), _plain(word)):
            found = self._lexicon.look_up(form, role)
            if found:
                return found
        return None

    def _guess(self, word: str) -> list[str] | None:
        if self._base == "de":
            parts = split_compound(word.lower().replace("ß", "ss"), lambda part: bool(self._look_up(part)))
            if parts:
                return [phone for part in parts for phone in corrected("de", part, self._look_up(part) or [])]
        if self._base == "en" and word.lower().endswith("'s"):
            stem = self._look_up(word[:-2])
            if stem:
                return [*stem, *_possessive(stem[-1])]
        spelled = _plain(word) if self._base == "en" else word.replace("ß", "ss")
        guess: list[str] | None = self._settings.guess_phonemes(spelled.lower())
        return guess

    def _spelled(self, word: str) -> Pronunciation:
        phones: list[str] = []
        for letter in _plain(word):
            if letter.isalpha():
                phones += self._look_up(letter, _LETTER_ROLE) or self._settings.guess_phonemes(letter) or []
        said = self._pronunciation(word, phones)
        return said if word.isupper() or len(word) == 1 else Pronunciation(said.phones, "read letter by letter")

    def _pronunciation(self, word: str, phones: Sequence[str]) -> Pronunciation:
        right = corrected(self._base, word, phones)
        symbols = tuple(symbol for phone in right for symbol in with_stress_apart(phone))
        return Pronunciation(with_spanish_stress(word, symbols) if self._base == "es" else symbols)


@lru_cache(maxsize=8)
def _settings(name: str) -> tuple[Any, GruutLexicon]:
    lang: Any = require("gruut.lang", "phonemes", "The phonemizer gruut")
    folder = lang.find_lang_dir(name)
    settings = lang.get_settings(name)
    if folder is None or settings.guess_phonemes is None:
        raise PluginError(f"gruut has no data for {name}", f"pip install 'gruut[{name[:2]}]'")
    return settings, GruutLexicon(Path(folder) / "lexicon.db")


def _is_latin(word: str) -> bool:
    """Whether every letter is a Latin one; a combining mark goes with its letter."""
    letters = [character for character in word if character.isalpha()]
    return bool(letters) and all(
        unicodedata.name(letter, "").startswith("LATIN") or letter in "ªº" for letter in letters
    )


def _plain(word: str) -> str:
    """Without accents: café as cafe."""
    return "".join(letter for letter in unicodedata.normalize("NFD", word) if not unicodedata.combining(letter))


def _possessive(last: str) -> list[str]:
    """The sound of 's after a phone."""
    phone = last.strip("ˈˌ")
    if phone in {"s", "z", "ʃ", "ʒ", "t͡ʃ", "d͡ʒ"}:
        return ["ɪ", "z"]
    return ["s"] if phone in {"p", "t", "k", "f", "θ"} else ["z"]

"""Which way from words to phonemes is taken."""

from __future__ import annotations

import importlib
from typing import Literal

from toolkit.errors import ConfigError, MissingExtraError, Problem, nearest
from toolkit.speech.text.languages import base_language
from toolkit.speech.text.phonemizer import Phonemizer

PhonemizerName = Literal["auto", "gruut", "pinyin", "espeak", "characters"]
_CLASSES = {
    "gruut": "gruut_phonemizer:GruutPhonemizer",
    "pinyin": "pinyin_phonemizer:PinyinPhonemizer",
    "espeak": "espeak_phonemizer:EspeakPhonemizer",
    "characters": "characters_phonemizer:CharactersPhonemizer",
}
_DEFAULT = {"en": "gruut", "de": "gruut", "fr": "gruut", "es": "gruut", "zh": "pinyin"}


def choose_phonemizer(language: str = "en", name: str = "auto") -> Phonemizer:
    """The phonemizer of a name; `auto` takes gruut for en, de, fr and es, pinyin for zh, and espeak for the rest.

    There is no silent way down from one to the other: a voice is trained on the phonemes of one of them.

    Raises:
        MissingExtraError: it is not installed; the extras that would do are named.
        ConfigError: there is no such phonemizer, or it does not know the language.
    """
    if name != "auto" and name not in _CLASSES:
        hint = nearest(name, ["auto", *_CLASSES])
        raise ConfigError([Problem("phonemizer", f"there is no '{name}'; {hint}")], "the choice of a phonemizer")
    chosen = _DEFAULT.get(base_language(language), "espeak") if name == "auto" else name
    module, _, attribute = _CLASSES[chosen].partition(":")
    try:
        made: Phonemizer = getattr(importlib.import_module(f"toolkit.speech.text.{module}"), attribute)(language)
    except MissingExtraError as error:
        raise MissingExtraError(
            error.message,
            f"{error.way_out}; or take another phonemizer: espeak (extra 'espeak', GPL, all languages), "
            "or characters (letters as symbols, needs nothing)",
        ) from error
    return made

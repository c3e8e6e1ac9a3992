"""Phonemes by espeak-ng, which knows a hundred languages (GPL-3, so an extra of its own)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from toolkit.speech.text.alignment import share_out
from toolkit.speech.text.phonemizer import Pronunciation, Symbols, with_stress_apart

if TYPE_CHECKING:
    from toolkit.speech.espeak_library import Espeak

_VOICES = {
    "en": "en-us",
    "en-gb": "en",
    "en-uk": "en",
    "de-de": "de",
    "fr": "fr",
    "fr-fr": "fr",
    "es-es": "es",
    "zh": "cmn",
    "zh-cn": "cmn",
}
_TONES = {"55": "1", "35": "2", "214": "3", "21": "3", "51": "4", "11": "5", "22": "5", "33": "5", "44": "5"}
_FLAG = re.compile(r"\([a-z]{2,3}(?:-[a-z0-9]+)*\)")
_TONE = re.compile(r"(.*?)(\d+)")
_SPOILED_TONE = re.compile(r"[\dɜ]+$")


class EspeakPhonemizer(Symbols):
    """The phonemes of espeak-ng; words that it reads in one breath (`in the`) are shared out to their words.

    Args:
        language: `en`, `en-us`, `en-gb`, `de`, `fr`, `es`, `zh`, or any voice of espeak-ng.

    Raises:
        ConfigError: espeak-ng has no such voice; the nearest ones are named.
        MissingExtraError: the package is not installed.
    """

    name = "espeak"

    def __init__(self, language: str = "en") -> None:
        self.language = language
        code = language.strip().lower().replace("_", "-")
        self.voice = _VOICES.get(code, code)
        self._espeak = _library()
        self._espeak.phonemes("", self.voice)  # an unknown voice is an error now, not in the middle of a book

    def pronounce(self, words: Sequence[str]) -> list[Pronunciation]:
        """How the words of one clause are said."""
        whole = self._chunks(" ".join(words))
        if len(whole) == len(words):
            return [Pronunciation(phones) for phones in whole]
        alone = [self._alone(word) for word in words]
        together = [phone for phones in whole for phone in phones]
        return [Pronunciation(phones) for phones in share_out(together, alone)]

    def _chunks(self, text: str) -> list[tuple[str, ...]]:
        """Phones of each stretch that espeak-ng says in one breath."""
        chunks = self._written(text, ipa=True)
        if self.voice.startswith("cmn"):
            return [_with_tones(*pair) for pair in zip(chunks, self._written(text, ipa=False), strict=True)]
        return [_phones(chunk) for chunk in chunks]

    def _written(self, text: str, ipa: bool) -> list[str]:
        clauses = self._espeak.phonemes(text, self.voice, ipa)
        return " ".join(_FLAG.sub(" ", clause) for clause in clauses).replace("|", "").split()

    def _alone(self, word: str) -> tuple[str, ...]:
        return tuple(phone for chunk in self._chunks(word) for phone in chunk)


def _phones(chunk: str) -> tuple[str, ...]:
    return tuple(symbol for phone in chunk.replace("-", "").split("_") for symbol in with_stress_apart(phone) if symbol)


def _with_tones(chunk: str, named: str) -> tuple[str, ...]:
    """Phones of Mandarin, with the tone, 1 to 5, after the vowel.

    In the alphabet of the IPA espeak-ng 1.52 writes the first tone and the fourth alike (`5`), and the second as `ɜ`;
    its own names have the pitches (55, 35, 214, 51), so the tones come from there.
    """
    written, names = ([phone for phone in text.split("_") if phone] for text in (chunk, named))
    symbols: list[str] = []
    for phone, name in zip(written, names, strict=False):
        tone = _TONE.fullmatch(name)
        symbols += with_stress_apart(_SPOILED_TONE.sub("", phone) if tone else phone)
        symbols += [_TONES.get(tone[2], "5")] if tone else []
    return tuple(symbols)


@lru_cache(maxsize=1)
def _library() -> Espeak:
    """One copy for all languages; it brings numpy, so it is loaded when it is wanted."""
    from toolkit.speech.espeak_library import Espeak

    return Espeak()

"""Letters as symbols: the way out where no phonemizer is installed, or none knows the language."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from toolkit.speech.text.phonemizer import Pronunciation, Symbols


class CharactersPhonemizer(Symbols):
    """Each letter in lower case is a symbol, with its accents; nothing needs to be installed.

    A voice can learn to read from letters, but needs more recordings than from phonemes.

    Args:
        language: only kept.
    """

    name = "characters"

    def __init__(self, language: str = "en") -> None:
        self.language = language

    def pronounce(self, words: Sequence[str]) -> list[Pronunciation]:
        """The letters of each word."""
        return [Pronunciation(tuple(unicodedata.normalize("NFC", word.lower()))) for word in words]

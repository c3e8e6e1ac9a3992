"""A few sentences whose phonemes tell whether another machine reads as the one on which a voice was trained."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from toolkit.speech.text.languages import base_language
from toolkit.speech.text.phonemizer import Pronounces, transcribe

PROBES: Mapping[str, tuple[str, ...]] = {
    "en": ("The quick reading of a live record, though rough, was enough.", "Blimvort zessers grundle."),
    "de": ("Heute schreibt das Mädchen zwölf schöne Briefe.", "Eine Blumenfensterbank im Grobnitzhaus."),
    "fr": ("Les enfants ont peut-être mangé vingt pommes.", "Un zorblin étrange."),
    "es": ("La niña quiere un pingüino y cinco árboles.", "Un zorblín extraño."),
    "zh": ("今天天气很好，我们一起去银行。", "女儿喜欢绿色的花。"),
}
"""Known and invented words, so that lexicon and guess are both looked at."""

_OTHER = ("Anna Maria sona la banda.", "Radio taxi hotel.")


def fingerprint(language: str, phonemizer: Pronounces) -> dict[str, str]:
    """A short hash (SHA-256, 16 digits) of the symbols of each probe sentence."""
    sentences = PROBES.get(base_language(language), _OTHER)
    return {sentence: _hash(transcribe(sentence, phonemizer).symbols) for sentence in sentences}


def _hash(symbols: tuple[str, ...]) -> str:
    return hashlib.sha256(json.dumps(symbols, ensure_ascii=True).encode()).hexdigest()[:16]

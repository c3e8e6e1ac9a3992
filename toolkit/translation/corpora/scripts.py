"""Which script a text is written in, and what counts as a word in it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

from toolkit.translation.languages import script_of

# First word of a character's Unicode name -> ISO 15924.
_NAMES = {
    "LATIN": "Latn",
    "CYRILLIC": "Cyrl",
    "GREEK": "Grek",
    "CJK": "Hani",
    "HIRAGANA": "Hira",
    "KATAKANA": "Kana",
    "BOPOMOFO": "Bopo",
    "HANGUL": "Hang",
    "ARABIC": "Arab",
    "HEBREW": "Hebr",
    "DEVANAGARI": "Deva",
    "BENGALI": "Beng",
    "GURMUKHI": "Guru",
    "GUJARATI": "Gujr",
    "ORIYA": "Orya",
    "TAMIL": "Taml",
    "TELUGU": "Telu",
    "KANNADA": "Knda",
    "MALAYALAM": "Mlym",
    "SINHALA": "Sinh",
    "THAI": "Thai",
    "LAO": "Laoo",
    "KHMER": "Khmr",
    "MYANMAR": "Mymr",
    "TIBETAN": "Tibt",
    "GEORGIAN": "Geor",
    "ARMENIAN": "Armn",
    "ETHIOPIC": "Ethi",
    "MONGOLIAN": "Mong",
    "THAANA": "Thaa",
    "SYRIAC": "Syrc",
    "CHEROKEE": "Cher",
}
_PARTS: Mapping[str, frozenset[str]] = {
    "Hans": frozenset(("Hani", "Bopo")),
    "Hant": frozenset(("Hani", "Bopo")),
    "Jpan": frozenset(("Hani", "Hira", "Kana")),
    "Kore": frozenset(("Hang", "Hani")),
}
_UNSPACED = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Tibetan, Myanmar, Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+(?:['\u2019-][^\W{_UNSPACED}]+)*")


def words(text: str) -> list[str]:
    """The words of a text, without punctuation; in scripts that do not part words with spaces each character is one.

    >>> words("It's 3 o'clock, 你好!")
    ["It's", '3', "o'clock", '你', '好']
    """
    return _WORD.findall(text)


def scripts(text: str) -> Counter[str]:
    """How many letters of each script (ISO 15924) a text has; signs, digits and spaces are not counted.

    >>> scripts("DVD 影碟!") == {"Latn": 3, "Hani": 2}
    True
    """
    return Counter(script for character in text if (script := _script(character)))


def share_in_script(text: str, language: str) -> float:
    """The share of a text's letters, 0 to 1, that belong to the script of a language; 1 when it has no letters.

    >>> share_in_script("DVD 影碟!", "zh"), share_in_script("42", "de")
    (0.4, 1.0)
    """
    expected = expected_scripts(language)
    if not expected:
        return 1.0
    found = scripts(text)
    total = sum(found.values())
    return sum(found[script] for script in expected) / total if total else 1.0


@lru_cache(maxsize=256)
def expected_scripts(language: str) -> frozenset[str]:
    """The scripts that texts of a language are made of; empty when that is not known.

    Raises:
        DataError: there is no such language.
    """
    script = script_of(language)
    known = _PARTS.get(script, frozenset((script,)))
    return known if known & set(_NAMES.values()) else frozenset()


@lru_cache(maxsize=4096)
def _script(character: str) -> str:
    if not unicodedata.category(character).startswith("L"):
        return ""
    return _NAMES.get(unicodedata.name(character, "").split(" ")[0].split("-")[0], "Zyyy")

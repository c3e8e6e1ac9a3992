"""Which differences between two texts a translation model shall not see."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal, TypeAlias

Normalisation: TypeAlias = Literal["light", "nfkc", "none"]

SPACE = "\u2581"
"""The lower one eighth block, by which sentencepiece writes a space; a text's own counts as a space."""

_SPACES = re.compile(r"\s+")
# Control characters, zero-width spaces, soft hyphens, byte order marks. Joiners (U+200C, U+200D), direction marks and
# variation selectors stay: emoji and several scripts are written with them.
_INVISIBLE = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b\u2060\ufeff]+")
# Forms that mean the letters they look like: ligatures, Arabic and Hebrew presentation forms, full-width digits and
# letters, half-width katakana and hangul. Full-width punctuation stays: it is the punctuation of Chinese and Japanese.
_COMPATIBILITY = re.compile(r"[\ufb00-\ufdff\ufe70-\ufefc\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff65-\uffdc]+")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


def normalise(text: str, level: Normalisation = "light") -> str:
    """The text as the model sees it; normalising twice changes nothing more.

    Args:
        text: of any length.
        level: `light` composes characters (NFC, Unicode Standard Annex 15), writes full-width letters, full-width
            digits and ligatures plainly, drops invisible control characters, makes every run of white space (tabs,
            no-break and ideographic spaces, line ends) one space, and strips both ends. `nfkc` does the same with full
            NFKC, which also writes the punctuation of Chinese in half width and m² as m2. `none` keeps everything but
            two things that no model can hold: lone surrogates become U+FFFD, and U+2581, sentencepiece's own sign for
            a space, becomes a space.

    >>> normalise("  Ｃａｆｅ\u0301 \\t 你好，  m² ")
    'Café 你好， m²'
    >>> normalise("你好，m²", "nfkc")
    '你好,m2'
    """
    text = _SURROGATES.sub("\ufffd", text).replace(SPACE, " ")
    if level == "none" or not text:
        return text
    if text.isascii():
        text = _INVISIBLE.sub("", text)
    elif level == "light":
        text = _INVISIBLE.sub("", text)
        text = _COMPATIBILITY.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
        text = unicodedata.normalize("NFC", text)
    else:
        # Taking a character out can bring others together that compose, so it comes before and after.
        text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)))
    return _SPACES.sub(" ", text).strip()

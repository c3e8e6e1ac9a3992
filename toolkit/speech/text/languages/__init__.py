"""What the normalisation knows of each language: numbers, dates, money, units and abbreviations."""

from __future__ import annotations

import importlib
from functools import lru_cache

from toolkit.speech.text.languages.language import Language
from toolkit.speech.text.languages.other import OtherLanguage

LANGUAGES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish", "zh": "Chinese"}
"""Languages whose numbers are written out, by the code of ISO 639-1, and their names."""

_OTHER_CODES = {"cmn": "zh", "zho": "zh", "eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es"}


def base_language(language: str) -> str:
    """The code of ISO 639-1 in lower case, without the region: `en` of `en_GB`, `zh` of `cmn`."""
    code = language.strip().lower().replace("_", "-").partition("-")[0]
    return _OTHER_CODES.get(code, code)


@lru_cache(maxsize=16)
def rules_of(language: str) -> Language:
    """The rules of a language; `en-gb` reads `101` as "one hundred and one" and `3/4/2020` as the third of April.

    Languages without rules of ours get their numbers from num2words, where it knows them.
    """
    code = base_language(language)
    if code not in LANGUAGES:
        return OtherLanguage(code)
    module = importlib.import_module(f"toolkit.speech.text.languages.{LANGUAGES[code].lower()}")
    found: Language = module.rules("gb" in language.lower())
    return found

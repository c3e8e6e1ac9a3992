"""Where gruut's lexicons write one sound in two ways, or lack a frequent word."""

from __future__ import annotations

from collections.abc import Sequence

_GERMAN_DIPHTHONGS = (
    (("ei", "ai", "ey", "ay"), ("eː", "ɪ"), "aɪ̯"),
    (("au",), ("oː", "ʊ"), "aʊ̯"),
)
_KNOWN = {
    "de": {
        "dreißig": "d ʁ aɪ̯ s ɪ ç", "dreissig": "d ʁ aɪ̯ s ɪ ç", "null": "n ʊ l", "sechzehn": "z ɛ ç t s eː n",
        "siebzehn": "z iː p t s eː n", "euro": "ɔʏ̯ ʁ o", "heißt": "h aɪ̯ s t", "heisst": "h aɪ̯ s t",
        "weiß": "v aɪ̯ s", "weiss": "v aɪ̯ s", "uhr": "uː ɐ",
    },
}  # fmt: skip
_LONG = {"a": "aː", "ʊ": "uː", "ɔ": "oː", "ʏ": "yː", "œ": "øː", "ɛ": "eː", "ɪ": "iː"}
_DOUBLED = frozenset("bdfgklmnprst")
_LONG_AFFRICATES = {"t͡s": ("t", "s")}


def known_word(language: str, word: str) -> list[str] | None:
    """The phones of a frequent word that the lexicon lacks."""
    phones = _KNOWN.get(language, {}).get(word.lower())
    return phones.split() if phones else None


def corrected(language: str, word: str, phones: Sequence[str]) -> list[str]:
    """One way of writing for each sound.

    The German lexicon has /aɪ̯/ mostly as two vowels, `a eː`, sometimes as `aɪ̯`; the spelling tells them from a hiatus
    (Israel). `s h` for sch is one sound, and so is a doubled letter. The affricate ts is two phones, as it mostly is
    there, and a glottal stop at the beginning of a word is left out, as it mostly is: the word boundary says as much.
    """
    if language != "de":
        return [phone for phone in phones if phone != "SIL"]
    spelled = word.lower().replace("ß", "ss")
    found: list[str] = []
    for phone in phones:
        before = found[-1] if found else ""
        merged = _diphthong(before, phone, spelled)
        if (before, phone) == ("s", "h") and "sch" in spelled:
            merged = "ʃ"
        if phone == before and phone in _DOUBLED and phone * 2 in spelled:
            merged = phone
        if (before, phone) in {("s", "z"), ("s", "s")} and "ss" in spelled:
            merged = "s"
            if "ß" in word.lower() and len(found) > 1:  # the spelling of 1996: a vowel before ß is long
                found[-2] = _LONG.get(found[-2], found[-2])
        if merged:
            found[-1] = merged
        else:
            found.extend(_LONG_AFFRICATES.get(phone, (phone,)))
    return found[1:] if len(found) > 1 and found[0] == "ʔ" else found


def _diphthong(before: str, phone: str, spelled: str) -> str:
    if before != "a":
        return ""
    for letters, ends, diphthong in _GERMAN_DIPHTHONGS:
        if phone in ends and any(pair in spelled for pair in letters):
            return diphthong
    return ""

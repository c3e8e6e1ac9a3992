"""Syllables of pinyin in the IPA (Duanmu, The Phonology of Standard Chinese, 2007; Lee and Zee, JIPA 33, 2003)."""

from __future__ import annotations

_INITIALS = {
    "zh": "ʈʂ", "ch": "ʈʂʰ", "sh": "ʂ", "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n",
    "l": "l",
    "g": "k", "k": "kʰ", "h": "x", "j": "tɕ", "q": "tɕʰ", "x": "ɕ", "r": "ɻ", "z": "ts", "c": "tsʰ", "s": "s",
}  # fmt: skip
_FINALS = {
    "a": "a", "o": "w o", "e": "ɤ", "ê": "ɛ", "ai": "aɪ", "ei": "eɪ", "ao": "aʊ", "ou": "oʊ", "an": "a n", "en": "ə n",
    "ang": "a ŋ", "eng": "ə ŋ", "ong": "ʊ ŋ", "er": "ɚ", "i": "i", "ia": "j a", "ie": "j ɛ", "iao": "j aʊ",
    "iu": "j oʊ",
    "ian": "j ɛ n", "in": "i n", "iang": "j a ŋ", "ing": "i ŋ", "iong": "j ʊ ŋ", "io": "j o", "u": "u", "ua": "w a",
    "uo": "w o", "uai": "w aɪ", "ui": "w eɪ", "uan": "w a n", "un": "w ə n", "uang": "w a ŋ", "ueng": "w ə ŋ", "ü": "y",
    "üe": "ɥ ɛ", "üan": "ɥ ɛ n", "ün": "y n",
}  # fmt: skip
_WITHOUT_INITIAL = {
    "yi": "i", "ya": "ia", "ye": "ie", "yao": "iao", "you": "iu", "yan": "ian", "yin": "in", "yang": "iang",
    "ying": "ing",
    "yong": "iong", "yo": "io", "wu": "u", "wa": "ua", "wo": "uo", "wai": "uai", "wei": "ui", "wan": "uan",
    "wen": "un", "wang": "uang", "weng": "ueng", "yu": "ü", "yue": "üe", "yuan": "üan", "yun": "ün",
}  # fmt: skip
_WITHOUT_VOWEL = {"m": ("m",), "n": ("n",), "ng": ("ŋ",), "hm": ("x", "m"), "hng": ("x", "ŋ")}
_RETROFLEX = frozenset({"zh", "ch", "sh", "r"})
_ALVEOLAR = frozenset({"z", "c", "s"})
_PALATAL = frozenset({"j", "q", "x"})


def syllable_to_ipa(syllable: str) -> tuple[str, ...] | None:
    """The phones of a syllable, with its tone as a last symbol.

    Args:
        syllable: pinyin with a tone digit: `zhong1`, `lü4` or `lv4`; 5 is the neutral tone, and none means 5.

    Returns:
        Initial, glide, vowel, ending, tone; None where it is no syllable of Mandarin.

    >>> syllable_to_ipa("zhong1")
    ('ʈʂ', 'ʊ', 'ŋ', '1')
    """
    plain, tone = (syllable[:-1], syllable[-1]) if syllable[-1:].isdigit() else (syllable, "5")
    phones = _phones(plain.lower().replace("v", "ü").replace("u:", "ü"))
    return None if phones is None or tone not in "12345" else (*phones, tone)


def _phones(plain: str) -> tuple[str, ...] | None:
    if plain in _WITHOUT_VOWEL:
        return _WITHOUT_VOWEL[plain]
    if plain.endswith("r") and plain != "er" and len(plain) > 1:  # huar: the ending of erhua
        stem = _phones(plain[:-1])
        return None if stem is None else (*stem, "ɻ")
    if plain in _WITHOUT_INITIAL:
        final = _FINALS.get(_WITHOUT_INITIAL[plain])
        return tuple(final.split()) if final else None
    initial = next((name for name in _INITIALS if plain.startswith(name)), "")
    ending = plain[len(initial) :]
    if initial in _PALATAL and ending.startswith("u"):
        ending = f"ü{ending[1:]}"
    if ending == "ue":  # nue, lue without the dots
        ending = "üe"
    if ending == "i" and initial in _RETROFLEX:
        return (_INITIALS[initial], "ɻ̩")
    if ending == "i" and initial in _ALVEOLAR:
        return (_INITIALS[initial], "ɹ̩")
    final = _FINALS.get(ending)
    if final is None or (not initial and ending[0] in "iuü"):
        return None
    if ending == "o" and not initial:
        final = "o"
    return (*((_INITIALS[initial],) if initial else ()), *final.split())

"""Roman numerals in running text, where they are safe to read: after rulers, and after words such as chapter or war."""

from __future__ import annotations

import re

from toolkit.speech.text.characters import word_set
from toolkit.speech.text.languages.language import Language
from toolkit.speech.text.roman import to_number

NUMBERED_PARTS = word_set(
    "War Chapter Part Section Volume Book Act Scene Article Class Type Phase Title Appendix Band Teil Kapitel Akt "
    "Weltkrieg Chapitre Partie Tome Livre Acte Guerre Capítulo Parte Tomo Libro Acto Guerra Apollo Rocky chapter "
    "part section volume book act scene chapitre partie tome capítulo parte tomo libro"
)
_ROMAN = re.compile(r"\b([^\W\d_]+)\s+([IVXLC]+)\b(\.(?=\s*[,;:)]|\s+[a-z]))?")
_VERBS = word_set("am was have had will would do did think know must shall should could can may might")


def _stands_alone(match: re.Match[str], text: str) -> bool:
    """Whether one letter is a number: not the initial of a name (John L. Smith), nor the pronoun."""
    word, numeral, rest = match[1], match[2], text[match.end() :]
    if numeral not in "IVX" or re.match(r"\.?\s+[A-ZÀ-Þ]\w", rest):
        return False
    following = re.match(r"\s+(\w+)", rest)
    if numeral != "I" or following is None:
        return True
    return word[:1].isupper() and following[1].lower() not in _VERBS


def read_roman(text: str, rules: Language) -> str:
    """Write out the Roman numerals whose place says what they are.

    A single letter is one only after a ruler's name (`Charles I`, but not before a verb) or a part (`Chapter V`);
    longer ones also after any capitalised word (`Apollo XIII`).
    """

    def read(match: re.Match[str]) -> str:
        word, numeral = match[1], match[2]
        number = to_number(numeral)
        if number is None or number > 100 or (len(numeral) == 1 and not _stands_alone(match, text)):
            return match[0]
        if word in rules.regnal:
            dot = "." if rules.code == "de" and match[3] is None and text[match.end() :].strip() == "." else ""
            return f"{word} {rules.reign(number)}{dot}"
        if word in NUMBERED_PARTS or (len(numeral) > 1 and word[:1].isupper() and not word.isupper()):
            return f"{word} {rules.cardinal(number)}"
        return match[0]

    text = _ROMAN.sub(read, text)
    if rules.code == "de":  # the stop of Ludwig XIV. says that it is an ordinal; it ends a sentence only at the end
        text = re.sub(r"(?<=der )(\w+(?:te|ste))\.(?=\s+\S)", r"\1", text)
    return text

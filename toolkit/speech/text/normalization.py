"""Text as it is read aloud: numbers, dates, money, abbreviations and units in words."""

from __future__ import annotations

import re
from functools import lru_cache

from toolkit.speech.text.characters import one_form
from toolkit.speech.text.dates import Days, read_clock, read_dates
from toolkit.speech.text.languages import rules_of
from toolkit.speech.text.languages.language import Language
from toolkit.speech.text.roman_names import read_roman

_PHONE = re.compile(r"(?<![\w.,])(?:\+\d{1,3}[ -]?)?(?:\(\d{2,4}\) ?|\d{2,4}[ -])?\d{3}[ -]\d{4}(?![\w])")
_LEADING_ZERO = re.compile(r"(?<![\w.,:])0\d+(?:[ /-]\d+)*(?![\w:]|[.,]\d)")
_INITIALS = re.compile(r"\b(?:[A-Z]\.\s?){2,}")
_INITIAL = re.compile(r"\b([A-HJ-Z])\.(?=\s+[A-Z][a-z])")
_FIRST_INITIAL = re.compile(r"\b([A-Z][a-z]+ I)\.(?=\s+[A-Z][a-z])")
_VERSION = re.compile(r"(?<![\w.])\d{1,4}(?:\.\d{1,4}){2,}(?![\w])")
_YEARS = re.compile(r"(?<![\w.,])(1[1-9]\d\d|20\d\d)\s?[-–]\s?(1[1-9]\d\d|20\d\d|\d\d)(?![\w-]|[.,]\d)")
_FRACTION = re.compile(r"(?<![\d/])(?<!\d[.,])(\d{1,2})/(\d{1,2})(?![\d/]|[.,]\d)")
_RANGE = re.compile(r"(?<=\d)\s?[-–]\s?(?=\d)")
_MINUS = re.compile(r"(?<![\w)\]])[-−](?=\d)")
_CLOSE = re.compile(r"[\"'”’»)\]]*$")


def normalize(text: str, language: str = "en", days: Days = "ordinal") -> str:
    """Write a text out in words, as it is read aloud.

    Marks of punctuation stay, and so does what is not understood: an emoji comes out as it went in.

    Args:
        text: one sentence or several.
        language: `en`, `en-gb`, `de`, `fr`, `es` or `zh`; of others only numbers are read.
        days: `cardinal` reads "November 22" as "November twenty-two" (English).

    Returns:
        The text in words, with single spaces.

    Raises:
        MissingExtraError: the text holds digits, and num2words is not installed.

    Example:
        >>> normalize("Dr. Smith paid $13.87 on May 3, 1963.")
        'Doctor Smith paid thirteen dollars eighty-seven cents on May third, nineteen sixty-three.'
    """
    rules = rules_of(language)
    text = one_form(text)
    text = rules.special(text)
    text = _spell_abbreviations(text, rules)
    text = read_roman(text, rules)
    if any(character.isdigit() for character in text):
        text = _MINUS.sub(f"{rules.minus} ", text)
        text = read_dates(text, rules, days)
        text = read_clock(text, rules)
        text = _amounts(text, rules)
        text = _digits(text, rules)
        text = _numbers(text, rules)
    return _signs(text, rules)


def expand_abbreviations(text: str, language: str = "en") -> str:
    """Only the abbreviations of a text, which some corpora leave as they are in texts that are otherwise in words."""
    rules = rules_of(language)
    return _spell_abbreviations(rules.special(one_form(text)), rules)


@lru_cache(maxsize=16)
def _abbreviation_pattern(rules: Language) -> re.Pattern[str]:
    keys = sorted(rules.abbreviations, key=len, reverse=True)
    return re.compile(rf"(?<![\w.])({'|'.join(map(re.escape, keys)) or '(?!)'})(?!\w)")


def _spell_abbreviations(text: str, rules: Language) -> str:
    for short, words in rules.before_number.items():
        text = re.sub(rf"(?<!\w){re.escape(short)}\s?(?=\d)", f"{words} ", text)

    def spell(match: re.Match[str]) -> str:
        words = rules.abbreviations[match[1]]
        ends = match[1].endswith(".") and _CLOSE.fullmatch(text, match.end())
        return f"{words}." if ends else words

    text = re.sub(r"(?<=\S)&c\b", " &c", text)
    text = _abbreviation_pattern(rules).sub(spell, text)
    text = _INITIALS.sub(lambda match: _spaced(match, text), text)
    return _FIRST_INITIAL.sub(r"\1", _INITIAL.sub(r"\1", text))


def _spaced(match: re.Match[str], text: str) -> str:
    letters = " ".join(character for character in match[0] if character.isalpha())
    return letters + ("." if _CLOSE.fullmatch(text, match.end()) else " " if match[0].endswith(" ") else "")


def _number_pattern(rules: Language) -> str:
    """A number with marks between its thousands and a fraction, or a plain one."""
    if not rules.thousands:
        return r"(\d+)(?:(?!)(\d))?"
    marks = re.escape(rules.thousands)
    return rf"(\d{{1,3}}(?:[{marks}]\d{{3}})+(?!\d)|\d+)(?:{re.escape(rules.decimal)}(\d+))?"


def _value(text: str) -> int:
    return int(re.sub(r"\D", "", text)[:400])


def _amounts(text: str, rules: Language) -> str:
    """Money, and numbers with units."""
    number = _number_pattern(rules)
    if not rules.currencies:
        return _units(text, rules, number)
    signs = "|".join(re.escape(sign) for sign in sorted(rules.currencies, key=len, reverse=True))
    scales = rf"(?:\s?({'|'.join(rules.scales)})\b)?"

    def money(sign: str, match: re.Match[str], first: int) -> str:
        currency = rules.currencies[sign]
        whole, fraction, scale = match[first], match[first + 1], match[first + 2]
        if len(whole) > 20:
            return f"{rules.digits(whole)} {currency.many}"
        if scale:
            words = rules.decimals(str(_value(whole)), fraction) if fraction else rules.count(_value(whole), scale)
            return f"{words}{' ' if rules.code != 'zh' else ''}{scale} {currency.many}"
        if fraction is not None and len(fraction) != 2:
            return f"{rules.decimals(str(_value(whole)), fraction)} {currency.many}"
        return rules.money(_value(whole), int(fraction or 0), currency)

    text = re.sub(rf"({signs})\s?(?<!\d){number}{scales}(?!\d)", lambda m: money(m[1], m, 2), text)
    text = re.sub(rf"(?<!\w)(?<!\d[.,]){number}{scales}\s?({signs})(?!\w)", lambda m: money(m[4], m, 1), text)
    return _units(text, rules, number)


def _units(text: str, rules: Language, number: str) -> str:
    """Numbers with units."""
    names = "|".join(re.escape(unit) for unit in sorted(rules.units, key=len, reverse=True))

    def unit(match: re.Match[str]) -> str:
        one, many = rules.units[match[3]]
        if match[2] is not None:
            return f"{rules.decimals(str(_value(match[1])), match[2])} {many}"
        value = _value(match[1])
        return f"{rules.count(value, one)}{'' if rules.code == 'zh' else ' '}{one if value == 1 else many}"

    if not names:
        return text
    spaced = rf"(?<![\w:])(?<!\d[.,]){number}\s?({names})(?![\w/'²³])"
    return re.sub(spaced, lambda m: m[0] if _reads_as_word(m, text) else unit(m), text)


def _reads_as_word(match: re.Match[str], text: str) -> bool:
    """Whether a unit is more likely a word: `in` of "19 in the morning", or the letter of an initial."""
    spaced = match[0][-len(match[3]) - 1] == " "
    if match[3] == "in":
        return spaced
    return spaced and len(match[3]) == 1 and match[3].isalpha() and text[match.end() :].startswith(("'", ". ", "-"))


def _digits(text: str, rules: Language) -> str:
    """Telephone numbers, and numbers that begin with a nought, one digit after the other."""
    text = _PHONE.sub(lambda match: _grouped(match[0], rules), text)
    thousands = re.compile(_number_pattern(rules))
    text = _VERSION.sub(lambda m: m[0] if thousands.fullmatch(m[0]) else m[0].replace(".", f" {rules.point} "), text)
    return _LEADING_ZERO.sub(lambda match: _grouped(match[0], rules), text)


def _grouped(text: str, rules: Language) -> str:
    plus = f"{rules.signs.get('+', '')} " if text.startswith("+") else ""
    return plus + ", ".join(rules.digits(group) for group in re.findall(r"\d+", text))


def _numbers(text: str, rules: Language) -> str:
    text = _FRACTION.sub(lambda match: _fraction(match, rules), text)
    space = "" if rules.code == "zh" else " "
    text = _YEARS.sub(lambda match: _years(match, rules), text)
    text = _RANGE.sub(f"{space}{rules.to}{space}", text)
    if rules.code == "en":
        text = re.sub(r"(\d[\d,]*)(?:st|nd|rd|th)\b", lambda m: rules.ordinal(_value(m[1])), text)
    pattern = re.compile(_number_pattern(rules))

    def read(match: re.Match[str]) -> str:
        start, end = match.span()
        before = re.search(r"([^\W\d_]+)\W*$", text[max(0, start - 40) : start])
        after = re.match(r"\s*([^\W\d_]+|\S)?", text[end : end + 40])
        words = _one_number(match, rules, before[1].lower() if before else "", (after and after[1]) or "")
        left = " " if start and text[start - 1].isalpha() and rules.code != "zh" else ""
        right = " " if end < len(text) and text[end].isalpha() and rules.code != "zh" else ""
        return left + words + right

    return pattern.sub(read, text)


def _one_number(match: re.Match[str], rules: Language, before: str, after: str) -> str:
    whole, fraction = match[1], match[2]
    if len(whole) > 20 or (whole.startswith("0") and len(whole) > 1 and fraction is None):
        return rules.digits(whole)
    value = _value(whole)
    if fraction is not None:
        return rules.decimals(str(value), fraction)
    if len(whole) == 4 and rules.is_year(value, before, after):
        return rules.year(value)
    return rules.before_word(value, after)


def _years(match: re.Match[str], rules: Language) -> str:
    first, last = int(match[1]), int(match[2])
    if len(match[2]) == 4 and first >= last:
        return match[0]
    end = rules.year(last) if len(match[2]) == 4 else rules.cardinal(last)
    return f"{rules.year(first)} {rules.to} {end}"


def _fraction(match: re.Match[str], rules: Language) -> str:
    over, under = int(match[1]), int(match[2])
    if rules.code == "en" and 1 <= over < under:
        names = {2: "half", 4: "quarter"}
        name = names.get(under, rules.ordinal(under))
        plural = ("halves" if under == 2 else f"{name}s") if over > 1 else name
        return f"{rules.cardinal(over)} {plural}"
    if rules.code == "zh" and under:
        return f"{rules.cardinal(under)}分之{rules.cardinal(over)}"
    return match[0].replace("/", " / ")


def _signs(text: str, rules: Language) -> str:
    """Characters that are words: & as and."""
    for sign, words in rules.signs.items():
        if sign in text:
            text = text.replace(sign, f" {words} " if rules.code != "zh" else words)
    text = " ".join(text.split())
    if rules.code == "zh":
        text = re.sub(r"(?<=[\u3400-\u9fff，。！？、]) | (?=[\u3400-\u9fff])", "", text)
    return re.sub(r" (?=[,.;:!?](?:\s|$))", "", text)

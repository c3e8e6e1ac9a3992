"""French."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from toolkit.speech.text.characters import word_set
from toolkit.speech.text.languages.language import Currency, Language
from toolkit.speech.text.roman import to_number


class French(Language):
    """French: the first of a month is an ordinal, other days are not; decimals are read as a number."""

    code = "fr"
    decimal, thousands = ",", " \u00a0\u202f."
    point, minus, percent, to = "virgule", "moins", "pour cent", "à"
    months = tuple(
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()  # noqa: SIM905
    )
    month_short: ClassVar[Mapping[str, int]] = {
        "janv": 1,
        "févr": 2,
        "avr": 4,
        "juil": 7,
        "sept": 9,
        "oct": 10,
        "nov": 11,
        "déc": 12,
    }
    abbreviations: ClassVar[Mapping[str, str]] = {
        "M.": "Monsieur", "MM.": "Messieurs", "Mme": "Madame", "Mmes": "Mesdames", "Mlle": "Mademoiselle",
        "Dr": "Docteur", "Pr": "Professeur", "Me": "Maître", "St": "Saint", "Ste": "Sainte", "etc.": "et cetera",
        "c.-à-d.": "c'est-à-dire", "p. ex.": "par exemple", "cf.": "confer", "env.": "environ", "av.": "avenue",
        "bd.": "boulevard", "bd": "boulevard", "J.-C.": "Jésus-Christ", "tél.": "téléphone", "qqch.": "quelque chose",
        "SVP": "s'il vous plaît", "svp": "s'il vous plaît",
    }  # fmt: skip
    before_number: ClassVar[Mapping[str, str]] = {
        "n°": "numéro", "N°": "numéro", "no.": "numéro", "p.": "page", "vol.": "volume", "chap.": "chapitre",
        "art.": "article", "fig.": "figure",
    }  # fmt: skip
    never_final = word_set("m mm dr pr cf env av bd p vol chap art fig tél c.-à-d p.ex janv févr avr juil sept")
    units: ClassVar[Mapping[str, tuple[str, str]]] = {
        "km": ("kilomètre", "kilomètres"), "m": ("mètre", "mètres"), "cm": ("centimètre", "centimètres"),
        "mm": ("millimètre", "millimètres"), "kg": ("kilogramme", "kilogrammes"), "g": ("gramme", "grammes"),
        "mg": ("milligramme", "milligrammes"), "t": ("tonne", "tonnes"), "l": ("litre", "litres"),
        "ml": ("millilitre", "millilitres"), "km/h": ("kilomètre à l'heure", "kilomètres à l'heure"),
        "m/s": ("mètre par seconde", "mètres par seconde"), "Hz": ("hertz", "hertz"),
        "kHz": ("kilohertz", "kilohertz"),
        "MHz": ("mégahertz", "mégahertz"), "GHz": ("gigahertz", "gigahertz"), "Mo": ("mégaoctet", "mégaoctets"),
        "Go": ("gigaoctet", "gigaoctets"), "W": ("watt", "watts"), "kW": ("kilowatt", "kilowatts"),
        "V": ("volt", "volts"),
        "°C": ("degré Celsius", "degrés Celsius"), "°F": ("degré Fahrenheit", "degrés Fahrenheit"),
        "°": ("degré", "degrés"), "ms": ("milliseconde", "millisecondes"), "s": ("seconde", "secondes"),
        "min": ("minute", "minutes"), "m²": ("mètre carré", "mètres carrés"),
        "km²": ("kilomètre carré", "kilomètres carrés"), "m³": ("mètre cube", "mètres cubes"),
    }  # fmt: skip
    currencies: ClassVar[Mapping[str, Currency]] = {
        "€": Currency("euro", "euros", "centime", "centimes"),
        "EUR": Currency("euro", "euros", "centime", "centimes"),
        "$": Currency("dollar", "dollars", "cent", "cents"), "USD": Currency("dollar", "dollars", "cent", "cents"),
        "£": Currency("livre", "livres", "penny", "pence"), "CHF": Currency("franc", "francs", "centime", "centimes"),
    }  # fmt: skip
    scales = ("mille", "million", "millions", "milliard", "milliards")
    signs: ClassVar[Mapping[str, str]] = {
        "&": "et", "@": "arobase", "%": "pour cent", "+": "plus", "=": "égale", "#": "dièse", "°": "degrés",
        "§": "paragraphe", "×": "fois", "÷": "divisé par", "±": "plus ou moins", "½": "un demi", "¼": "un quart",
        "¾": "trois quarts", "⅓": "un tiers", "⅔": "deux tiers", "²": "au carré", "³": "au cube", "€": "euro",
        "£": "livre", "$": "dollar", "<": "inférieur à", ">": "supérieur à", "≈": "environ", "−": "moins",
    }  # fmt: skip
    regnal = word_set(
        "Louis Charles Henri François Philippe Napoléon Jean Paul Benoît Pie Léon Georges Guillaume Édouard Élisabeth "
        "Catherine Alexandre Nicolas Frédéric Pierre Grégoire Clément Innocent"
    )

    def count(self, number: int, noun: str) -> str:
        """A number before a noun."""
        feminine = noun in {"livre", "tonne", "seconde", "minute", "milliseconde", "heure"}
        words = self.cardinal(number)
        return re.sub(r"\bun$", "une", words) if feminine else words

    def decimals(self, whole: str, fraction: str) -> str:
        """A number with a fraction."""
        zeros = len(fraction) - len(fraction.lstrip("0"))
        rest = fraction.lstrip("0")
        words = (
            self.digits(fraction)
            if len(rest) > 3 or not rest
            else " ".join(["zéro"] * zeros + [self.cardinal(int(rest))])
        )
        return f"{self.cardinal(int(whole))} {self.point} {words}"

    def date(self, day: int, month: int, year: int | None, before: str) -> str:
        """A calendar date."""
        words = f"{'premier' if day == 1 else self.cardinal(day)} {self.months[month - 1]}"
        return words if year is None else f"{words} {self.year(year)}"

    def time(self, hour: int, minute: int) -> str:
        """A time of day."""
        words = f"{self.count(hour, 'heure')} heure{'s' if hour > 1 else ''}"
        return f"{words} {self.cardinal(minute)}" if minute else words

    def reign(self, number: int) -> str:
        """What is read for the Roman numeral after a ruler's name."""
        return "premier" if number == 1 else self.cardinal(number)

    def special(self, text: str) -> str:
        """Forms of this language alone."""
        text = re.sub(r"\b(\d{1,2})\s?h(?:\s?(\d\d))?\b", lambda m: self.time(int(m[1]), int(m[2] or 0)), text)
        text = re.sub(r"\b([IVX]+)(?:e|ème|er|re|ère)\b", self._roman_ordinal, text)
        text = re.sub(r"\b1(?:er)\b", "premier", text)
        text = re.sub(r"\b1(?:re|ère)\b", "première", text)
        return re.sub(r"\b(\d{1,4})(?:e|è|ème|ième|es)\b", lambda m: self.ordinal(int(m[1])), text)

    def _roman_ordinal(self, match: re.Match[str]) -> str:
        number = to_number(match[1])
        return match[0] if number is None else self.ordinal(number)


def rules(british: bool) -> French:
    """French; there is one reading."""
    return French()

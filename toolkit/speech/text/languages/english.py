"""English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from toolkit.speech.text.characters import word_set
from toolkit.speech.text.languages.language import Currency, Language

_YEAR_AFTER_THESE = word_set("in since during year years nineteen mid circa")
_PERHAPS_AFTER_THESE = word_set(
    "of by from to until till before after about around and between early late summer autumn fall winter spring "
    "dated through michaelmas easter christmas for as ago than the a"
)
_COUNTED = word_set("a an men women people of")
_POINTS = word_set("North South East West")


class English(Language):
    """American readings, or British ones: "one hundred and one", days before months."""

    code = "en"
    decimal, thousands = ".", ","
    point, minus, percent, to = "point", "minus", "percent", "to"
    months = tuple(
        "January February March April May June July August September October November December".split()  # noqa: SIM905
    )
    month_short: ClassVar[Mapping[str, int]] = {
        name: number
        for number, names in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sept,Sep Oct Nov Dec".split(), 1)  # noqa: SIM905
        for name in names.split(",")
    }
    abbreviations: ClassVar[Mapping[str, str]] = {
        "Mr.": "Mister", "Mrs.": "Missus", "Ms.": "Miz", "Messrs.": "Messieurs", "Mme.": "Madame", "Dr.": "Doctor",
        "Drs.": "Doctors", "Prof.": "Professor", "Rev.": "Reverend", "Hon.": "Honorable", "Gen.": "General",
        "Col.": "Colonel", "Maj.": "Major", "Capt.": "Captain", "Lt.": "Lieutenant", "Sgt.": "Sergeant",
        "Gov.": "Governor", "Sen.": "Senator", "Rep.": "Representative", "Pres.": "President", "Jr.": "Junior",
        "Sr.": "Senior", "Esq.": "Esquire", "Ltd.": "Limited", "Inc.": "Incorporated", "Corp.": "Corporation",
        "Co.": "Company", "Bros.": "Brothers", "Mt.": "Mount", "Ft.": "Fort", "Ave.": "Avenue", "Blvd.": "Boulevard",
        "Rd.": "Road", "Dept.": "Department", "Univ.": "University", "etc.": "et cetera", "&c.": "et cetera",
        "i.e.": "that is", "e.g.": "for example", "viz.": "namely", "vs.": "versus", "cf.": "compare",
        "approx.": "approximately", "a.m.": "A M", "p.m.": "P M", "A.M.": "A M", "P.M.": "P M", "Ph.D.": "P H D",
        "w/o": "without", "w/": "with",
    }  # fmt: skip
    before_number: ClassVar[Mapping[str, str]] = {
        "Nos.": "numbers", "Vol.": "volume", "vol.": "volume", "p.": "page", "pp.": "pages",
        "Fig.": "figure", "fig.": "figure", "Ch.": "chapter", "ch.": "chapter", "Sec.": "section", "Art.": "article",
        "ca.": "circa",
    }  # fmt: skip
    never_final = word_set(
        "mr mrs ms messrs mme dr prof rev hon gen col maj capt lt sgt gov sen rep st mt ft no nos vol fig vs cf viz "
        "e.g i.e approx jan feb mar apr aug sept sep oct nov dec"
    )
    units: ClassVar[Mapping[str, tuple[str, str]]] = {
        "km": ("kilometer", "kilometers"), "m": ("meter", "meters"), "cm": ("centimeter", "centimeters"),
        "mm": ("millimeter", "millimeters"), "kg": ("kilogram", "kilograms"), "g": ("gram", "grams"),
        "mg": ("milligram", "milligrams"), "lb": ("pound", "pounds"), "lbs": ("pound", "pounds"),
        "oz": ("ounce", "ounces"), "ft": ("foot", "feet"), "in": ("inch", "inches"), "yd": ("yard", "yards"),
        "mi": ("mile", "miles"), "l": ("liter", "liters"), "ml": ("milliliter", "milliliters"),
        "km/h": ("kilometer per hour", "kilometers per hour"), "mph": ("mile per hour", "miles per hour"),
        "m/s": ("meter per second", "meters per second"), "Hz": ("hertz", "hertz"), "kHz": ("kilohertz", "kilohertz"),
        "MHz": ("megahertz", "megahertz"), "GHz": ("gigahertz", "gigahertz"), "kB": ("kilobyte", "kilobytes"),
        "MB": ("megabyte", "megabytes"), "GB": ("gigabyte", "gigabytes"), "W": ("watt", "watts"),
        "kW": ("kilowatt", "kilowatts"), "V": ("volt", "volts"), "°C": ("degree Celsius", "degrees Celsius"),
        "°F": ("degree Fahrenheit", "degrees Fahrenheit"), "°": ("degree", "degrees"),
        "ms": ("millisecond", "milliseconds"),
        "s": ("second", "seconds"), "min": ("minute", "minutes"), "h": ("hour", "hours"), "hrs": ("hour", "hours"),
        "m²": ("square meter", "square meters"), "km²": ("square kilometer", "square kilometers"),
        "m³": ("cubic meter", "cubic meters"), "mm.": ("millimeter", "millimeters"),
    }  # fmt: skip
    currencies: ClassVar[Mapping[str, Currency]] = {
        "$": Currency("dollar", "dollars", "cent", "cents"), "USD": Currency("dollar", "dollars", "cent", "cents"),
        "£": Currency("pound", "pounds", "penny", "pence"), "GBP": Currency("pound", "pounds", "penny", "pence"),
        "€": Currency("euro", "euros", "cent", "cents"), "EUR": Currency("euro", "euros", "cent", "cents"),
        "¥": Currency("yen", "yen", "sen", "sen"),
    }  # fmt: skip
    scales = ("thousand", "million", "billion", "trillion")
    signs: ClassVar[Mapping[str, str]] = {
        "&": "and", "@": "at", "%": "percent", "+": "plus", "=": "equals", "#": "number", "°": "degrees",
        "§": "section",
        "×": "times", "÷": "divided by", "±": "plus or minus", "½": "one half", "¼": "one quarter",
        "¾": "three quarters",
        "⅓": "one third", "⅔": "two thirds", "²": "squared", "³": "cubed", "€": "euro", "£": "pound", "$": "dollar",
        "¥": "yen", "<": "less than", ">": "greater than", "©": "copyright", "™": "trademark", "®": "registered",
        "→": "to", "≈": "about", "≤": "at most", "≥": "at least", "≠": "not equal to", "−": "minus",
        "√": "square root of",
    }  # fmt: skip
    regnal = word_set(
        "George Charles Henry James William Edward Richard Elizabeth Mary Louis Philip Ferdinand Frederick Francis "
        "Pius John Paul Benedict Gregory Clement Innocent Leo Alexander Nicholas Peter Catherine Napoleon Victor "
        "Alfonso Robert David Malcolm Otto Rudolf Joseph Leopold Albert Christian Gustav Haakon Olaf Harald Urban "
        "Boniface Sixtus Julius Eugene Stephen Ramses Rameses Ptolemy Xerxes Darius"
    )

    def __init__(self, british: bool) -> None:
        self.british = british
        self.month_first = not british

    def cardinal(self, number: int) -> str:
        """A number in words."""
        words = super().cardinal(number)
        return words if self.british else words.replace(" and ", " ")

    def ordinal(self, number: int) -> str:
        """A rank in words."""
        words = super().ordinal(number)
        return words if self.british else words.replace(" and ", " ")

    def year(self, number: int) -> str:
        """A year in words."""
        if 2000 <= number < 2010:
            return self.cardinal(number)
        return super().year(number).replace("oh-", "oh ")

    def date(self, day: int, month: int, year: int | None, before: str) -> str:
        """A calendar date."""
        name, ordinal = self.months[month - 1], self.ordinal(day)
        if self.british:
            words = f"{ordinal} {name}" if before == "the" else f"the {ordinal} of {name}"
        else:
            words = f"{name} {ordinal}"
        return words if year is None else f"{words}, {self.year(year)}"

    def time(self, hour: int, minute: int) -> str:
        """A time of day."""
        if minute == 0:
            return f"{self.cardinal(hour)} o'clock"
        return f"{self.cardinal(hour)} {'oh ' if minute < 10 else ''}{self.cardinal(minute)}"

    def day(self, number: int) -> str:
        """A day after the name of its month."""
        return f"the {self.ordinal(number)}" if self.british else self.ordinal(number)

    def reign(self, number: int) -> str:
        """What is read for the Roman numeral after a ruler's name."""
        return f"the {self.ordinal(number)}"

    def is_year(self, number: int, before: str, after: str) -> bool:
        """Whether four digits are a year."""
        if not 1100 <= number <= 2099:
            return False
        after = after.lower()
        if before in _YEAR_AFTER_THESE or before in _MONTHS or _DAY.fullmatch(before) or not after.isalpha():
            return True
        if after in _COUNTED:
            return False
        plural = after.endswith("s") and after not in _NO_PLURALS
        return before in _PERHAPS_AFTER_THESE and not plural

    def special(self, text: str) -> str:
        """Forms of this language alone."""
        text = re.sub(r"\bSt\.(?=\s+[A-Z])", "Saint", text)
        text = re.sub(r"\bSt\.(?!\w)", "Street", text)
        text = re.sub(r"(?<=\d)\s*([apAP])\.?\s?[mM]\b(\.(?!\s*$|\s+[A-Z]\w|[\"”'’)]+$))?", _half_day, text)
        text = re.sub(r"(\d)['′]\s?(\d{1,2})[\"″]", r"\1 feet \2", text)
        text = re.sub(r"\bNo\.\s?(?=[A-Z]{0,3}-?\d)", "number ", text)
        text = re.sub(r"\b(1\d|20)(\d)0s\b", lambda m: self._decade(int(m[1] + m[2] + "0")), text)
        text = re.sub(
            r"\b(\d{3,4})(?=(?: to| and| or)? \d{3,4},? B\.\s?C|,? B\.\s?C)", lambda m: self._in_pairs(m[1]), text
        )
        text = re.sub(r"\bBox (\d{3,})\b", lambda m: f"Box {self.digits(m[1])}", text)
        text = re.sub(rf"\b(\d{{4}})(?= (?:{'|'.join(_POINTS)})\b)", lambda m: self._in_pairs(m[1]), text)
        text = re.sub(rf"\b({_LABELS}) (\d{{3}})\b(?![.,]\d|-)", lambda m: f"{m[1]} {self._in_pairs(m[2])}", text)
        text = re.sub(r"\b([A-Z]{1,3})-?(\d{3,})\b(?![.,]\d)", lambda m: f"{' '.join(m[1])} {self.digits(m[2])}", text)
        return re.sub(r"(?<![\w.,$£€])(\d{7,})(?![\w]|[.,]\d)", lambda m: self.digits(m[1]), text)

    def _in_pairs(self, number: str) -> str:
        """Labels and years before Christ: `139` as one thirty-nine, `602` as six oh two."""
        head, tail = int(number[:-2]), int(number[-2:])
        if tail == 0:
            return f"{self.cardinal(head)} hundred"
        return f"{self.cardinal(head)} {'oh ' if tail < 10 else ''}{self.cardinal(tail)}"

    def _decade(self, year: int) -> str:
        words = self.year(year)
        return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"


def _half_day(match: re.Match[str]) -> str:
    return f" {match[1].upper()} M"


_MONTHS = frozenset(month.lower() for month in English.months)
_NO_PLURALS = word_set("was is has as this his its us does congress thus messrs")
_DAY = re.compile(
    r"\w*(?:first|second|third|th|ty|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|teen)"
)
_LABELS = r"Exhibits?|number|[Pp]age|[Ff]rame|Room|Flight|Route|Highway|Apartment"


def rules(british: bool) -> English:
    """English as it is read in the United States or in Britain."""
    return English(british)

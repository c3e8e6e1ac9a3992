"""German."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from toolkit.speech.text.characters import word_set
from toolkit.speech.text.languages.language import Currency, Language

_DATIVE = word_set("am vom zum dem den des im beim ab bis seit ersten jeden diesem nächsten letzten")
_NOMINATIVE = word_set("der die das dieser diese dieses jeder jede jedes")


class German(Language):
    """German: ordinals agree with the word before them, years are read in hundreds until 1999."""

    code = "de"
    decimal, thousands = ",", ".'"
    point, minus, percent, to = "Komma", "minus", "Prozent", "bis"
    months = tuple(
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()  # noqa: SIM905
    )
    month_short: ClassVar[Mapping[str, int]] = {
        name: number
        for number, names in enumerate("Jan Feb Mär,Mrz Apr Mai Jun Jul Aug Sept,Sep Okt Nov Dez".split(), 1)  # noqa: SIM905
        for name in names.split(",")
        if name != "Mai"
    }
    abbreviations: ClassVar[Mapping[str, str]] = {
        "Dr.": "Doktor", "Prof.": "Professor", "Hr.": "Herr", "Hrn.": "Herrn", "Fr.": "Frau", "St.": "Sankt",
        "z. B.": "zum Beispiel", "z.B.": "zum Beispiel", "d. h.": "das heißt", "d.h.": "das heißt",
        "u. a.": "unter anderem", "u.a.": "unter anderem", "usw.": "und so weiter", "etc.": "et cetera",
        "bzw.": "beziehungsweise", "ca.": "circa", "vgl.": "vergleiche", "evtl.": "eventuell",
        "ggf.": "gegebenenfalls",
        "inkl.": "inklusive", "zzgl.": "zuzüglich", "Str.": "Straße", "str.": "straße", "i. d. R.": "in der Regel",
        "v. Chr.": "vor Christus", "n. Chr.": "nach Christus", "Mio.": "Millionen", "Mrd.": "Milliarden",
        "geb.": "geborene", "gest.": "gestorben", "sog.": "sogenannte", "o. Ä.": "oder Ähnliches", "Abs.": "Absatz",
        "GmbH": "G m b H",
    }  # fmt: skip
    before_number: ClassVar[Mapping[str, str]] = {
        "Nr.": "Nummer", "S.": "Seite", "Bd.": "Band", "Kap.": "Kapitel", "Abb.": "Abbildung", "Art.": "Artikel",
        "Tel.": "Telefon",
    }  # fmt: skip
    never_final = word_set(
        "dr prof hr hrn fr st z z.b d.h u.a bzw ca vgl evtl ggf inkl zzgl nr bd kap abb art tel sog geb gest jan feb "
        "mär mrz apr jun jul aug sept sep okt nov dez mio mrd abs d i"
    )
    units: ClassVar[Mapping[str, tuple[str, str]]] = {
        "km": ("Kilometer", "Kilometer"), "m": ("Meter", "Meter"), "cm": ("Zentimeter", "Zentimeter"),
        "mm": ("Millimeter", "Millimeter"), "kg": ("Kilogramm", "Kilogramm"), "g": ("Gramm", "Gramm"),
        "mg": ("Milligramm", "Milligramm"), "t": ("Tonne", "Tonnen"), "l": ("Liter", "Liter"),
        "ml": ("Milliliter", "Milliliter"), "km/h": ("Kilometer pro Stunde", "Kilometer pro Stunde"),
        "m/s": ("Meter pro Sekunde", "Meter pro Sekunde"), "Hz": ("Hertz", "Hertz"),
        "kHz": ("Kilohertz", "Kilohertz"),
        "MHz": ("Megahertz", "Megahertz"), "GHz": ("Gigahertz", "Gigahertz"), "MB": ("Megabyte", "Megabyte"),
        "GB": ("Gigabyte", "Gigabyte"), "W": ("Watt", "Watt"), "kW": ("Kilowatt", "Kilowatt"), "V": ("Volt", "Volt"),
        "°C": ("Grad Celsius", "Grad Celsius"), "°F": ("Grad Fahrenheit", "Grad Fahrenheit"), "°": ("Grad", "Grad"),
        "ms": ("Millisekunde", "Millisekunden"), "s": ("Sekunde", "Sekunden"), "min": ("Minute", "Minuten"),
        "h": ("Stunde", "Stunden"), "m²": ("Quadratmeter", "Quadratmeter"),
        "km²": ("Quadratkilometer", "Quadratkilometer"), "m³": ("Kubikmeter", "Kubikmeter"),
    }  # fmt: skip
    currencies: ClassVar[Mapping[str, Currency]] = {
        "€": Currency("Euro", "Euro", "Cent", "Cent"), "EUR": Currency("Euro", "Euro", "Cent", "Cent"),
        "$": Currency("Dollar", "Dollar", "Cent", "Cent"), "USD": Currency("Dollar", "Dollar", "Cent", "Cent"),
        "£": Currency("Pfund", "Pfund", "Penny", "Pence"), "CHF": Currency("Franken", "Franken", "Rappen", "Rappen"),
    }  # fmt: skip
    scales = ("Tausend", "Million", "Millionen", "Milliarde", "Milliarden")
    signs: ClassVar[Mapping[str, str]] = {
        "&": "und", "@": "at", "%": "Prozent", "+": "plus", "=": "gleich", "#": "Nummer", "°": "Grad",
        "§": "Paragraf", "×": "mal", "÷": "geteilt durch", "±": "plus minus", "½": "ein halb", "¼": "ein viertel",
        "¾": "drei viertel", "⅓": "ein drittel", "⅔": "zwei drittel", "²": "hoch zwei", "³": "hoch drei", "€": "Euro",
        "£": "Pfund", "$": "Dollar", "<": "kleiner als", ">": "größer als", "≈": "ungefähr", "≤": "höchstens",
        "≥": "mindestens", "−": "minus",
    }  # fmt: skip
    regnal = word_set(
        "Ludwig Friedrich Wilhelm Heinrich Karl Otto Franz Joseph Leopold Maximilian Georg Albrecht Rudolf Ferdinand "
        "Johannes Paul Benedikt Pius Leo Elisabeth Katharina Philipp Konrad Lothar Papst"
    )

    def year(self, number: int) -> str:
        """A year in words."""
        return super().year(number) if 1100 <= number <= 1999 else self.cardinal(number)

    def count(self, number: int, noun: str) -> str:
        """A number before a noun."""
        if number != 1:
            return self.cardinal(number)
        return "eine" if noun in {"Tonne", "Sekunde", "Minute", "Stunde", "Millisekunde", "Million"} else "ein"

    def before_word(self, number: int, after: str) -> str:
        """`1 Apfel` as ein Apfel."""
        return "ein" if number == 1 and after[:1].isupper() else self.cardinal(number)

    def ordinal_after(self, number: int, before: str) -> str:
        """`3.` with the ending that the word before it asks for: am dritten, der dritte, dritter."""
        stem = self.ordinal(number)
        if before in _DATIVE:
            return f"{stem}n"
        return stem if before in _NOMINATIVE else f"{stem}r"

    def date(self, day: int, month: int, year: int | None, before: str) -> str:
        """A calendar date."""
        words = f"{self.ordinal_after(day, before)} {self.months[month - 1]}"
        return words if year is None else f"{words} {self.year(year)}"

    def time(self, hour: int, minute: int) -> str:
        """A time of day."""
        words = f"{self.count(hour, 'Uhr')} Uhr"
        return f"{words} {self.cardinal(minute)}" if minute else words

    def reign(self, number: int) -> str:
        """What is read for the Roman numeral after a ruler's name."""
        return f"der {self.ordinal(number).capitalize()}"

    def is_year(self, number: int, before: str, after: str) -> bool:
        """Whether four digits are a year."""
        years = ("jahr", "jahre", "jahren", "seit", "ab", "von", "bis", "um", "anno", "im", "in", "vor", "nach")
        return 1100 <= number <= 1999 and (before in years or not after[:1].isupper())

    def special(self, text: str) -> str:
        """Forms of this language alone."""
        text = re.sub(r"\b(\d{1,2})[.:](\d\d)\s*Uhr\b", lambda m: self.time(int(m[1]), int(m[2])), text)
        text = re.sub(r"\b1 Uhr\b", "ein Uhr", text)
        months = "|".join([*self.months, *(rf"{name}\b\.?" for name in self.month_short)])
        text = re.sub(rf"(?:(\w+)\s+)?\b(\d{{1,2}})\.\s?({months})(?:\s+(\d{{4}}))?", self._named_date, text)
        return re.sub(r"(?:(\w+)\s+)?\b(\d{1,3})\.(?=\s+[a-zäöüA-ZÄÖÜ])", self._ordinal_in_text, text)

    def _named_date(self, match: re.Match[str]) -> str:
        before, name = match[1] or "", match[3].rstrip(".")
        month = self.month_short[name] if name in self.month_short else self.months.index(name) + 1
        if not 1 <= int(match[2]) <= 31:
            return match[0]
        words = self.date(int(match[2]), month, int(match[4]) if match[4] else None, before.lower())
        return f"{before} {words}".strip()

    def _ordinal_in_text(self, match: re.Match[str]) -> str:
        before = match[1] or ""
        return f"{before} {self.ordinal_after(int(match[2]), before.lower())}".strip()


def rules(british: bool) -> German:
    """German; there is one reading."""
    return German()

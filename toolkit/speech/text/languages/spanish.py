"""Spanish."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from toolkit.speech.text.characters import word_set
from toolkit.speech.text.languages.language import Currency, Language
from toolkit.speech.text.roman import to_number

_TENTH = 10
_MASCULINE = word_set("día días mapa mapas problema problemas programa programas sistema sistemas tema temas")


class Spanish(Language):
    """Spanish: one loses its end before a noun, dates and years are cardinals, rulers above ten as well."""

    code = "es"
    decimal, thousands = ",", ".\u00a0\u202f"
    point, minus, percent, to = "coma", "menos", "por ciento", "a"
    months = tuple(
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split()  # noqa: SIM905
    )
    month_short: ClassVar[Mapping[str, int]] = {
        "ene": 1,
        "feb": 2,
        "abr": 4,
        "jun": 6,
        "jul": 7,
        "ago": 8,
        "sept": 9,
        "oct": 10,
        "nov": 11,
        "dic": 12,
    }
    abbreviations: ClassVar[Mapping[str, str]] = {
        "Sr.": "Señor", "Sra.": "Señora", "Srta.": "Señorita", "Sres.": "Señores", "D.": "Don", "Dña.": "Doña",
        "Dr.": "Doctor", "Dra.": "Doctora", "Prof.": "Profesor", "Ud.": "usted", "Uds.": "ustedes", "Vd.": "usted",
        "etc.": "etcétera", "p. ej.": "por ejemplo", "p.ej.": "por ejemplo", "aprox.": "aproximadamente",
        "Avda.": "Avenida", "avda.": "avenida", "a. C.": "antes de Cristo", "d. C.": "después de Cristo",
        "EE. UU.": "Estados Unidos", "EE.UU.": "Estados Unidos", "Sta.": "Santa", "Sto.": "Santo", "tel.": "teléfono",
    }  # fmt: skip
    before_number: ClassVar[Mapping[str, str]] = {
        "n.º": "número", "nº": "número", "N.º": "número", "núm.": "número", "pág.": "página", "págs.": "páginas",
        "p.": "página", "cap.": "capítulo", "vol.": "volumen", "art.": "artículo", "fig.": "figura",
    }  # fmt: skip
    never_final = word_set("sr sra srta sres d dña dr dra prof ud vd p avda núm pág págs cap vol art fig sta sto tel")
    units: ClassVar[Mapping[str, tuple[str, str]]] = {
        "km": ("kilómetro", "kilómetros"), "m": ("metro", "metros"), "cm": ("centímetro", "centímetros"),
        "mm": ("milímetro", "milímetros"), "kg": ("kilogramo", "kilogramos"), "g": ("gramo", "gramos"),
        "mg": ("miligramo", "miligramos"), "t": ("tonelada", "toneladas"), "l": ("litro", "litros"),
        "ml": ("mililitro", "mililitros"), "km/h": ("kilómetro por hora", "kilómetros por hora"),
        "m/s": ("metro por segundo", "metros por segundo"), "Hz": ("hercio", "hercios"),
        "kHz": ("kilohercio", "kilohercios"),
        "MHz": ("megahercio", "megahercios"), "GHz": ("gigahercio", "gigahercios"), "MB": ("megabyte", "megabytes"),
        "GB": ("gigabyte", "gigabytes"), "W": ("vatio", "vatios"), "kW": ("kilovatio", "kilovatios"),
        "V": ("voltio", "voltios"), "°C": ("grado Celsius", "grados Celsius"),
        "°F": ("grado Fahrenheit", "grados Fahrenheit"), "°": ("grado", "grados"),
        "ms": ("milisegundo", "milisegundos"),
        "s": ("segundo", "segundos"), "min": ("minuto", "minutos"), "h": ("hora", "horas"),
        "m²": ("metro cuadrado", "metros cuadrados"), "km²": ("kilómetro cuadrado", "kilómetros cuadrados"),
        "m³": ("metro cúbico", "metros cúbicos"),
    }  # fmt: skip
    currencies: ClassVar[Mapping[str, Currency]] = {
        "€": Currency("euro", "euros", "céntimo", "céntimos"),
        "EUR": Currency("euro", "euros", "céntimo", "céntimos"),
        "$": Currency("dólar", "dólares", "centavo", "centavos"),
        "USD": Currency("dólar", "dólares", "centavo", "centavos"),
        "£": Currency("libra", "libras", "penique", "peniques"),
    }  # fmt: skip
    scales = ("mil", "millón", "millones")
    signs: ClassVar[Mapping[str, str]] = {
        "&": "y", "@": "arroba", "%": "por ciento", "+": "más", "=": "igual a", "#": "número", "°": "grados",
        "§": "sección", "×": "por", "÷": "entre", "±": "más o menos", "½": "un medio", "¼": "un cuarto",
        "¾": "tres cuartos", "⅓": "un tercio", "⅔": "dos tercios", "²": "al cuadrado", "³": "al cubo", "€": "euro",
        "£": "libra", "$": "dólar", "<": "menor que", ">": "mayor que", "≈": "aproximadamente", "−": "menos",
    }  # fmt: skip
    regnal = word_set(
        "Felipe Carlos Alfonso Fernando Isabel Juan Luis Enrique Pedro Jaime Sancho Pablo Benedicto Pío León Gregorio "
        "Clemente Inocencio Jorge Eduardo Guillermo Napoleón Catalina Alejandro Nicolás Francisco"
    )

    def count(self, number: int, noun: str) -> str:
        """A number before a noun."""
        words = self.cardinal(number)
        if noun in {"libra", "tonelada", "hora"}:
            return re.sub(r"uno$", "una", words)
        return re.sub(r"\buno$", "un", re.sub(r"veintiuno$", "veintiún", words))

    def before_word(self, number: int, after: str) -> str:
        """`21 años` as veintiún años, `21 horas` as veintiuna horas."""
        words = self.cardinal(number)
        if not words.endswith("uno") or not after.isalpha() or len(after) < 3:
            return words
        return self.count(number, "hora" if after.endswith(("a", "as")) and after not in _MASCULINE else after)

    def decimals(self, whole: str, fraction: str) -> str:
        """A number with a fraction."""
        zeros = len(fraction) - len(fraction.lstrip("0"))
        rest = fraction.lstrip("0")
        words = (
            self.digits(fraction)
            if len(rest) > 3 or not rest
            else " ".join(["cero"] * zeros + [self.cardinal(int(rest))])
        )
        return f"{self.cardinal(int(whole))} {self.point} {words}"

    def money(self, whole: int, cents: int, currency: Currency) -> str:
        """An amount."""
        words = super().money(whole, cents, currency)
        return (
            words.replace(f"{currency.one} ", f"{currency.one} con ", 1)
            if whole == 1 and cents
            else words.replace(f"{currency.many} ", f"{currency.many} con ", 1)
        )

    def date(self, day: int, month: int, year: int | None, before: str) -> str:
        """A calendar date."""
        words = f"{'primero' if day == 1 else self.cardinal(day)} de {self.months[month - 1]}"
        return words if year is None else f"{words} de {self.year(year)}"

    def time(self, hour: int, minute: int) -> str:
        """A time of day."""
        words = self.count(hour, "hora")
        return f"{words} y {self.cardinal(minute)}" if minute else words

    def reign(self, number: int) -> str:
        """What is read for the Roman numeral after a ruler's name."""
        return self.ordinal(number) if number <= _TENTH else self.cardinal(number)

    def special(self, text: str) -> str:
        """Forms of this language alone."""
        text = re.sub(r"\b(\d{1,2})\.?º", lambda m: self.ordinal(int(m[1])), text)
        text = re.sub(r"\b(\d{1,2})\.?ª", lambda m: re.sub(r"o\b", "a", self.ordinal(int(m[1]))), text)
        return re.sub(r"\b([Ss]iglos?) ([IVX]+)\b", self._century, text)

    def _century(self, match: re.Match[str]) -> str:
        number = to_number(match[2])
        return match[0] if number is None else f"{match[1]} {self.cardinal(number)}"


def rules(british: bool) -> Spanish:
    """Spanish; there is one reading."""
    return Spanish()

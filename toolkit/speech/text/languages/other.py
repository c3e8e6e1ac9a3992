"""Languages without tables of ours: numbers through num2words where it knows them, and nothing else."""

from __future__ import annotations

from toolkit.speech.text.languages.language import Language


class OtherLanguage(Language):
    """Cardinal numbers alone; where num2words does not know the language they stay digits, and are reported.

    Args:
        code: of the language.
    """

    decimal, thousands = "", ""

    def __init__(self, code: str) -> None:
        self.code = code

    def cardinal(self, number: int) -> str:
        """A number in words."""
        try:
            return super().cardinal(number)
        except (NotImplementedError, OverflowError):
            return str(number)

    def digits(self, text: str) -> str:
        """One digit after the other."""
        return " ".join(self.cardinal(int(digit)) for digit in text if digit.isdecimal())

    def time(self, hour: int, minute: int) -> str:
        """A time of day."""
        return f"{self.cardinal(hour)} {self.cardinal(minute)}"

"""Roman numerals."""

from __future__ import annotations

import re

_VALUES = {"M": 1000, "D": 500, "C": 100, "L": 50, "X": 10, "V": 5, "I": 1}
_VALID = re.compile(r"M{0,3}(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})")


def to_number(numeral: str) -> int | None:
    """The value of a Roman numeral in capitals up to 3999; None where it is none.

    >>> to_number("XIV"), to_number("IIX")
    (14, None)
    """
    if not numeral or _VALID.fullmatch(numeral) is None:
        return None
    values = [_VALUES[letter] for letter in numeral]
    return sum(
        -value if value < following else value for value, following in zip(values, [*values[1:], 0], strict=True)
    )

"""Plural forms as gettext counts them."""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from toolkit.errors import DataError, require
from toolkit.translation.documents.segment import PluralForm
from toolkit.translation.languages import check_language

_HEADER = re.compile(r"\s*nplurals\s*=\s*(\d+)\s*;\s*plural\s*=\s*([^;]+?)\s*;?\s*")
_TEMPLATE = re.compile(r"nplurals\s*=\s*INTEGER")
_NUMBERS = (*range(1001), 1_000_000, 2_000_000)  # rules look at the last two digits, or whether it is millions
_EXAMPLES = 4


@dataclass(frozen=True)
class PluralRule:
    """Which form of a message belongs to which number.

    Attributes:
        count: number of forms.
        expression: in C, as it stands in the header; gives the form for a number `n`.
    """

    count: int
    expression: str

    @property
    def header(self) -> str:
        """The value of `Plural-Forms` in a catalogue's header."""
        return f"nplurals={self.count}; plural={self.expression};"

    def forms(self) -> list[PluralForm]:
        """The forms, with the smallest numbers that take each."""
        form_of = _compiled(self.expression)
        examples: list[list[int]] = [[] for _ in range(self.count)]
        for number in _NUMBERS:
            examples[form_of(number)].append(number)
        return [
            PluralForm(index, self.count, tuple(numbers[:_EXAMPLES] if numbers != [1] else [1]))
            for index, numbers in enumerate(examples)
        ]


def rule_of(language: str) -> PluralRule:
    """The rule that gettext's users have agreed on for a language, through Babel.

    >>> rule_of("de").header
    'nplurals=2; plural=(n != 1);'
    """
    plurals: Any = require("babel.messages.plurals", "translation", "Plural forms")
    code = check_language(language)
    for name in (code, code.split("_")[0]):
        if name in plurals.PLURALS:
            count, expression = plurals.PLURALS[name]
            return PluralRule(count, expression)
    return PluralRule(*plurals.DEFAULT_PLURAL)


def usual_counts(language: str) -> set[int]:
    """How many forms catalogues of a language have: as gettext counts them, or CLDR, which also tells fractions and
    millions apart (Spanish has 2 forms in most catalogues and 3 in some). Empty when that is not known.

    >>> sorted(usual_counts("es"))
    [2, 3]
    """
    plurals: Any = require("babel.messages.plurals", "translation", "Plural forms")
    core: Any = require("babel.core", "translation", "Plural forms")
    code = check_language(language).split("_")[0]
    counts = {plurals.PLURALS[code][0]} if code in plurals.PLURALS else set()
    with suppress(core.UnknownLocaleError):  # a language that CLDR has no rules for
        tags = core.Locale(code).plural_form.tags  # none for languages with a single form, and for those not known
        counts |= {len(tags) + 1} if tags or counts else set()  # the rest, "other", has no tag
    return counts


def read_rule(header: str, language: str, where: str) -> PluralRule:
    """The rule in a catalogue's header, or the one of the language where the header has none yet.

    Args:
        header: the value of `Plural-Forms`; may be empty or as in a template.
        language: of the translations.
        where: file and line, for messages.

    Raises:
        DataError: the header is no rule, gives forms that there are not or not all that it promises, or has fewer forms
            than the language.
    """
    usual = rule_of(language)
    if not header.strip() or _TEMPLATE.search(header):
        return usual
    way_out = f"write  Plural-Forms: {usual.header}  into its header"
    match = _HEADER.fullmatch(header)
    if match is None:
        raise DataError(f"{where}: its plural header is no rule: '{header.strip()}'", way_out)
    rule = PluralRule(int(match[1]), match[2])
    try:
        form_of = _compiled(rule.expression)
        used = {form_of(number): number for number in reversed(_NUMBERS)}  # form -> the smallest number that has it
    except (ValueError, ZeroDivisionError, OverflowError, RecursionError) as error:
        raise DataError(f"{where}: its plural header is no rule: '{header.strip()}' ({error})", way_out) from error
    absent = [form for form in used if not 0 <= form < rule.count]
    if absent:
        wrong = min(absent)
        raise DataError(
            f"{where}: its plural header promises {rule.count} forms, but gives form {wrong} for the number "
            f"{used[wrong]} (forms are counted from 0)",
            way_out,
        )
    counts = usual_counts(language)
    if len(used) < rule.count and rule.count not in counts:  # Polish has a form that only fractions take
        unused = next(form for form in range(rule.count) if form not in used)
        raise DataError(
            f"{where}: its plural header promises {rule.count} forms, but never gives form {unused} (forms are counted "
            "from 0)",
            way_out,
        )
    if counts and rule.count < min(counts):  # more do no harm: some catalogues tell more cases apart
        raise DataError(
            f"{where}: its plural header has {rule.count} forms, but {language} has "
            f"{' or '.join(map(str, sorted(counts)))}",
            f"{way_out}, or give the language that the file is in",
        )
    return rule


def _compiled(expression: str) -> Callable[[int], int]:
    parse: Callable[[str], Callable[[int], int]] = gettext.c2py
    return parse(expression)

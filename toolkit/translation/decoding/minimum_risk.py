"""Minimum Bayes risk: of many samples the one that the others agree with most (Eikema and Aziz 2020)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeAlias

from toolkit.errors import require

Utility: TypeAlias = Callable[[str, str], float]
"""How good a translation (first) would be if another (second) were the reference."""


def chrf(translation: str, reference: str) -> float:
    """Sentence-level chrF2 (Popovic 2015) by sacreBLEU, 0 to 100.

    Raises:
        MissingExtraError: sacrebleu is not installed.
    """
    return float(_metric().sentence_score(translation, [reference]).score)


def expected_utilities(translations: Sequence[str], utility: Utility = chrf) -> list[float]:
    """The mean utility of each translation, all the others being its references.

    Samples that occur more than once count as often: that is how probable they are.

    Args:
        translations: samples.
        utility: higher is better.

    >>> expected_utilities(["ab", "ab", "cd"], lambda one, other: float(one == other))
    [0.5, 0.5, 0.0]
    """
    known: dict[tuple[str, str], float] = {}

    def value(one: str, other: str) -> float:
        if (one, other) not in known:
            known[one, other] = utility(one, other)
        return known[one, other]

    others = max(1, len(translations) - 1)
    return [
        sum(value(one, other) for place, other in enumerate(translations) if place != own) / others
        for own, one in enumerate(translations)
    ]


@cache
def _metric() -> Any:
    return require("sacrebleu.metrics", "translation", "Minimum-Bayes-risk decoding").CHRF()

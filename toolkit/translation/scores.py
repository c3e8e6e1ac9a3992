"""How good translations are, against one reference each: BLEU, chrF, exact matches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from toolkit.errors import DataError, require

_PURPOSE = "BLEU and chrF"
TOKENIZERS = {"zh": "zh", "ja": "char", "ko": "char", "th": "char"}


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of a set of translations.

    Attributes:
        values: `bleu` and `chrf`, 0 to 100, and `exact_match`, the share of translations equal to their reference.
        signatures: how BLEU and chrF were computed, by name, as sacreBLEU writes it (Post 2018).
        intervals: half widths of 95 % intervals, if they were asked for: of BLEU and chrF by bootstrap (Koehn 2004),
            of exact matches by the normal approximation.
    """

    values: dict[str, float]
    signatures: dict[str, str]
    intervals: dict[str, float] = field(default_factory=dict)


def score(translations: Sequence[str], references: Sequence[str], language: str, resampled: int = 0) -> Scores:
    """BLEU (Papineni et al. 2002) and chrF2 (Popovic 2015) by sacreBLEU, on texts as people read them.

    Args:
        translations: as they are shown: cased, detokenised.
        references: one for each.
        language: of both; Chinese and other scripts without spaces are cut into characters for BLEU.
        resampled: sets of sentences to draw for intervals; 0 for no intervals.

    Raises:
        DataError: there are none, or not as many references as translations.
        MissingExtraError: sacrebleu is not installed.
    """
    if len(translations) != len(references) or not references:
        raise DataError(f"{len(translations)} translations cannot be compared with {len(references)} references")
    metrics: Any = require("sacrebleu.metrics", "translation", _PURPOSE)
    bleu = metrics.BLEU(tokenize=TOKENIZERS.get(language.split("_")[0].split("-")[0], "13a"))
    chrf = metrics.CHRF()
    values, signatures, intervals = {}, {}, {}
    for name, metric in (("bleu", bleu), ("chrf", chrf)):
        found = metric.corpus_score(list(translations), [list(references)], n_bootstrap=max(1, resampled))
        values[name] = float(found.score)
        if resampled:
            intervals[name] = float(found._ci)
        signatures[name] = str(metric.get_signature())
    matches = sum(ours == theirs for ours, theirs in zip(translations, references, strict=True))
    share = matches / len(references)
    if resampled:
        intervals["exact_match"] = 1.96 * (share * (1 - share) / len(references)) ** 0.5
    return Scores({**values, "exact_match": share}, signatures, intervals)

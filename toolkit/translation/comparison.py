"""Several translators on the same sentences: scores, how varied they write, and whether differences are chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit.errors import DataError, require
from toolkit.translation.scores import TOKENIZERS, score
from toolkit.translation.terms import Termbase, term_accuracy

SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class SystemScores:
    """How one system did.

    Attributes:
        values: `bleu`, `chrf`, `exact_match`, `distinct_1`, `distinct_2`; with a termbase `term_accuracy`.
        p_values: by name of the measure, how probable so large a difference from the baseline is by chance; empty for
            the baseline itself.
        verdict: `baseline`, `better`, `worse` or `no different` in BLEU; `the same` where every translation is, as when
            both went back to the same weights.
    """

    values: dict[str, float]
    p_values: dict[str, float]
    verdict: str


def compare_systems(
    systems: Mapping[str, Sequence[str]],
    baseline: str,
    references: Sequence[str],
    language: str,
    resampled: int = 1000,
    terms: tuple[Sequence[str], Termbase] | None = None,
) -> tuple[dict[str, SystemScores], dict[str, str]]:
    """Scores of every system, and paired bootstrap tests against the baseline (Koehn 2004).

    Args:
        systems: translations by name of the system; those of several seeds one after the other.
        baseline: name of the system that the others are compared with.
        references: one for each translation.
        language: of the translations.
        resampled: sets of sentences that are drawn.
        terms: the sources, one for each reference, and a termbase: how many of its terms in them are kept.

    Returns:
        The scores by name, and the signatures of BLEU and chrF as sacreBLEU writes them.

    Raises:
        DataError: a system has not as many translations as there are references, or no term occurs in the sources.
        MissingExtraError: sacrebleu is not installed.
    """
    for name, texts in systems.items():
        if len(texts) != len(references):
            raise DataError(f"'{name}' has {len(texts)} translations of {len(references)} sentences")
    p_values, signatures = _bootstrap(systems, baseline, references, language, resampled)
    found = {}
    values = {
        name: _values(texts, references, language) | _term_accuracy(texts, terms) for name, texts in systems.items()
    }
    for name, mine in values.items():
        p = p_values.get(name, {})
        better = mine["bleu"] - values[baseline]["bleu"]
        verdict = "better" if better > 0 else "worse"
        if p.get("bleu", 1.0) >= SIGNIFICANT:
            verdict = "no different"
        if list(systems[name]) == list(systems[baseline]):
            p, verdict = dict.fromkeys(p, 1.0), "the same"  # a bootstrap of nothing but zeros would say anything
        found[name] = SystemScores(mine, p, "baseline" if name == baseline else verdict)
    return found, signatures


def distinct(texts: Sequence[str], size: int) -> float:
    """Distinct-n (Li et al. 2016): how many of all n-grams of words are different ones, 0 to 1."""
    grams: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        words = text.split()
        grams.update(tuple(words[place : place + size]) for place in range(len(words) - size + 1))
    total = sum(grams.values())
    return len(grams) / total if total else 0.0


def _values(texts: Sequence[str], references: Sequence[str], language: str) -> dict[str, float]:
    found = score(texts, references, language).values
    return {**found, "distinct_1": distinct(texts, 1), "distinct_2": distinct(texts, 2)}


def _term_accuracy(texts: Sequence[str], terms: tuple[Sequence[str], Termbase] | None) -> dict[str, float]:
    if terms is None:
        return {}
    report = term_accuracy(terms[0], texts, terms[1])
    if report.accuracy is None:
        raise DataError("no term of the termbase occurs in these sources", "give another termbase, or leave it out")
    return {"term_accuracy": report.accuracy}


def _bootstrap(
    systems: Mapping[str, Sequence[str]], baseline: str, references: Sequence[str], language: str, resampled: int
) -> tuple[dict[str, dict[str, float]], dict[str, str]]:
    metrics: Any = require("sacrebleu.metrics", "translation", "Comparing translators")
    significance: Any = require("sacrebleu.significance", "translation", "Comparing translators")
    tokenizer = TOKENIZERS.get(language.split("_")[0].split("-")[0], "13a")
    bleu, chrf = (
        metrics.BLEU(tokenize=tokenizer, references=[list(references)]),
        metrics.CHRF(references=[list(references)]),
    )
    ordered = [baseline, *(name for name in systems if name != baseline)]
    test = significance.PairedTest(
        [(name, list(systems[name])) for name in ordered],
        {"BLEU": bleu, "chrF": chrf},
        references=None,
        test_type="bs",
        n_samples=resampled,
    )
    signatures, results = test()
    measures = {measure: ("bleu" if measure == "BLEU" else "chrf") for measure in results if measure != "System"}
    p_values: dict[str, dict[str, float]] = {name: {} for name in ordered[1:]}
    for measure, short in measures.items():
        for name, result in zip(ordered[1:], results[measure][1:], strict=True):
            p_values[name][short] = float(result.p_value)
    hits = {
        name: np.array([text == reference for text, reference in zip(texts, references, strict=True)], dtype=float)
        for name, texts in systems.items()
    }
    for name in ordered[1:]:
        p_values[name]["exact_match"] = _p_of_means(hits[name] - hits[baseline], resampled)
    return p_values, {measures[name]: str(signature) for name, signature in signatures.items()}


def _p_of_means(differences: np.ndarray[Any, np.dtype[np.float64]], resampled: int) -> float:
    """Paired bootstrap of a mean: how often the resampled one is as far from the real one as that is from nothing."""
    real = differences.mean()
    drawn = np.random.default_rng(12345).integers(len(differences), size=(resampled, len(differences)))
    means = differences[drawn].mean(1)
    return float((np.sum(np.abs(means - real) >= abs(real)) + 1) / (resampled + 1))

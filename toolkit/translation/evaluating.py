"""Translations of sentences whose translations are known, measured."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from toolkit.data.source import Source
from toolkit.errors import DataError, nearest
from toolkit.translation.corpora.reading import read_pairs
from toolkit.translation.corpora.text_pairs import read_text_pairs
from toolkit.translation.results import Translation
from toolkit.translation.scores import score
from toolkit.translation.segmentation.tokenizer import Segmenter
from toolkit.translation.segmented import SegmentedPairs, pairs_behind, places_of
from toolkit.translation.terms import Termbase, term_accuracy

METRICS = ("bleu", "chrf", "exact_match", "term_accuracy")

_RESAMPLED = 1000
_SHOWN = 5


class Translates(Protocol):
    """What is measured: `toolkit.translation.pipeline.TranslationPipeline`."""

    languages: tuple[str, str]
    notes: list[str]

    def translate(self, text: list[str], *, terms: Termbase | None = None, **options: Any) -> list[Translation]:
        """Translations of texts."""
        ...


def open_pairs(segmenter: Segmenter, languages: tuple[str, str], files: Sequence[Path]) -> Source:
    """Sentence pairs from one file that holds both sides, or from two text files.

    Raises:
        DataError: they cannot be read, have no pairs, or different numbers of lines.
    """
    pairs = read_text_pairs(files[0], files[1]) if len(files) == 2 else read_pairs(files[0], *languages)
    whole = [pair for pair in pairs if pair.source.strip() and pair.target.strip()]
    if not whole:
        raise DataError(f"{' and '.join(map(str, files))}: there are no sentence pairs in it", "look into the file")
    return SegmentedPairs(whole, [None] * len(whole), segmenter, languages, longest=1 << 20)


def evaluate_translations(
    pipeline: Translates,
    source: Source,
    metrics: Sequence[Any] | None,
    samples: int | None,
    seed: int,
    terms: Termbase | None = None,
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """BLEU and chrF with their signatures, exact matches, term accuracy; the halves of 95 % intervals by bootstrap.

    Args:
        pipeline: what is measured.
        source: sentence pairs.
        metrics: names; all that can be computed by default.
        samples: most pairs to use, chosen at random.
        seed: of that choice.
        terms: a termbase, which translations keep to.
        options: how to translate. Sentences are translated as they are, not cut, unless this says otherwise.

    Raises:
        DataError: a metric is unknown, or needs a termbase.
    """
    chosen = _chosen(metrics, terms)
    pairs = pairs_behind(source)
    places = places_of(source)
    if samples is not None and samples < len(places):
        picked = np.random.default_rng(seed).choice(len(places), samples, replace=False)
        places = [places[place] for place in sorted(picked.tolist())]
    sources = [pairs.pair(place).source for place in places]
    references = [pairs.pair(place).target for place in places]
    settings = {"split": False, **(options or {})}
    started = time.perf_counter()
    texts = [one.text for one in pipeline.translate(sources, terms=terms, **settings)]
    seconds = time.perf_counter() - started
    scores = score(texts, references, pipeline.languages[1], resampled=_RESAMPLED)
    values, intervals = dict(scores.values), dict(scores.intervals)
    more: dict[str, Any] = {}
    if terms is not None:
        report = term_accuracy(sources, texts, terms)
        if report.accuracy is not None:
            values["term_accuracy"] = report.accuracy
        more["terms"] = report.to_document()
    return {
        "samples": len(places),
        "metrics": {name: value for name, value in values.items() if name in chosen},
        "intervals": {name: value for name, value in intervals.items() if name in chosen},
        "signatures": scores.signatures,
        "languages": list(pipeline.languages),
        "sentences_per_second": len(places) / seconds,
        "examples": [
            {"source": ours, "reference": reference, "translation": text}
            for ours, reference, text in zip(sources[:_SHOWN], references, texts, strict=False)
        ],
        **more,
        "notes": list(pipeline.notes),
    }


def _chosen(metrics: Sequence[Any] | None, terms: Termbase | None) -> Sequence[str]:
    if metrics is None:
        return METRICS
    for name in metrics:
        if name not in METRICS:
            raise DataError(f"there is no metric '{name}' of translations", nearest(str(name), METRICS))
    if "term_accuracy" in metrics and terms is None:
        raise DataError("term_accuracy needs a termbase", "name one: --terms FILE.tsv")
    return [str(name) for name in metrics]

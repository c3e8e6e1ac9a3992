"""Sentence pairs of several languages for one model, which is told by a token which language to write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from toolkit.data.prepare import data_folder
from toolkit.data.source import Skipped
from toolkit.errors import ConfigError, Problem, nearest
from toolkit.translation.corpora.cleaning import clean
from toolkit.translation.corpora.pair import Pair
from toolkit.translation.corpora.reading import read_pairs
from toolkit.translation.corpora.text_pairs import read_text_pairs
from toolkit.translation.languages import check_language
from toolkit.translation.segmentation.settings import SegmenterSettings
from toolkit.translation.segmentation.tokenizer import Segmenter
from toolkit.translation.segmented import SegmentedPairs

_FIELDS = ("source_language", "target_language", "source", "target", "pairs", "reversed")


class MultilingualText(SegmentedPairs):
    """Corpora of several language pairs, read one after the other.

    The token of a pair's target language (`>>de<<`) is put before its source, as multilingual Marian models have it.
    Source languages need no token. Pairs are split by distinct source sentence over all corpora together, so that no
    sentence is trained on in one language and measured in another.

    Args:
        corpora: each with `source_language`, `target_language`, and `source` and `target` (text files) or `pairs` (a
            file with both sides); `reversed: true` reads a corpus in both directions.
        folder: a data set in `$TOOLKIT_DATA` or the cache that the file names are relative to.
        vocabulary: subwords of all languages together.
        placeholders: symbols for placeholders, tags and addresses; 0 for none.
        cleaning: leave out pairs that are unfit for training.
        longest: subwords of a side; longer pairs are left out.

    Raises:
        DataError: a file cannot be read, or there is no such language.
        ConfigError: a corpus is not described as it should be, or all are of one target language.
    """

    def __init__(
        self,
        corpora: list[dict[str, str | bool]],
        folder: str | None = None,
        vocabulary: int = 8000,
        placeholders: int = 16,
        cleaning: bool = True,
        longest: int = 256,
    ) -> None:
        _check(corpora)
        place = Path() if folder is None else data_folder(folder)
        kept: list[tuple[Pair, str]] = []
        problems: list[Skipped] = []
        sources: list[str] = []
        for corpus in corpora:
            pairs, told, languages = _read(corpus, place, cleaning)
            problems += told
            kept += [(pair, languages[1]) for pair in pairs]
            sources.append(languages[0])
            if corpus.get("reversed"):
                kept += [(Pair(pair.target, pair.source, pair.origin), languages[0]) for pair in pairs]
        targets = tuple(dict.fromkeys(language for _, language in kept))
        if len(targets) < 2:
            raise ConfigError(
                [Problem("data.corpora", f"all pairs are translated into {', '.join(targets) or 'nothing'}")],
                "the recipe; data.name=parallel_text is for one pair of languages",
            )
        segmenter = Segmenter.train(
            (pair.source for pair, _ in kept),
            (pair.target for pair, _ in kept),
            vocabulary,
            SegmenterSettings(placeholders=placeholders, languages=targets),
        )
        super().__init__(
            (pair for pair, _ in kept),
            [None] * len(kept),
            segmenter,
            (sources[0], targets[0]),
            longest,
            problems,
            [language for _, language in kept],
        )


def _read(
    corpus: Mapping[str, str | bool], place: Path, cleaning: bool
) -> tuple[list[Pair], list[Skipped], tuple[str, str]]:
    languages = (check_language(str(corpus["source_language"])), check_language(str(corpus["target_language"])))
    if "pairs" in corpus:
        pairs = list(read_pairs(place / str(corpus["pairs"]), *languages))
    else:
        pairs = list(read_text_pairs(place / str(corpus["source"]), place / str(corpus["target"])))
    if not cleaning:
        return pairs, [], languages
    kept, report = clean(pairs, *languages)
    told = [
        Skipped(report.examples[reason][0].origin, f"{reason}: {count:,} pairs like this were left out")
        for reason, count in report.counts.items()
    ]
    return kept, told, languages


def _check(corpora: Sequence[Mapping[str, object]]) -> None:
    problems = [] if corpora else [Problem("data.corpora", "is empty")]
    for number, corpus in enumerate(corpora):
        path = f"data.corpora.{number}"
        unknown = [name for name in corpus if name not in _FIELDS]
        problems += [Problem(f"{path}.{name}", f"no such field; {nearest(name, _FIELDS)}") for name in unknown]
        problems += [Problem(f"{path}.{name}", "is missing") for name in _FIELDS[:2] if name not in corpus]
        if ("pairs" in corpus) == ("source" in corpus and "target" in corpus):
            problems.append(Problem(path, "name source and target, or pairs"))
    if problems:
        raise ConfigError(problems)

"""Sentence pairs of several languages for one model, which is told by a token which of them to write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from toolkit.data.prepare import data_folder
from toolkit.data.source import Skipped
from toolkit.engine.models import locate_model
from toolkit.errors import ConfigError, Problem, nearest
from toolkit.translation.corpora.cleaning import clean
from toolkit.translation.corpora.pair import Pair
from toolkit.translation.corpora.reading import read_pairs
from toolkit.translation.corpora.splitting import without_answers
from toolkit.translation.corpora.text_pairs import read_text_pairs
from toolkit.translation.languages import check_language
from toolkit.translation.segmentation.settings import SegmenterSettings
from toolkit.translation.segmentation.tokenizer import Segmenter
from toolkit.translation.segmented import SegmentedPairs, spread

_FIELDS = ("source_language", "target_language", "source", "target", "pairs", "reversed", "count", "split")
_SPLITS = ("train", "validation", "test")

Corpus = Mapping[str, str | bool | int]


class MultilingualText(SegmentedPairs):
    """Corpora of several language pairs, read one after the other, with one vocabulary for all.

    Where there are several target languages, the token of a pair's own (`>>de<<`) is put before its source, as
    multilingual Marian models have it. Source languages need no token. Pairs are split by distinct source sentence over
    all corpora together, so that no sentence is trained on in one language and measured in another. A corpus may have a
    `split` of its own; pairs that share a side with one that is held out in this way are not trained on.

    Args:
        corpora: each with `source_language`, `target_language`, and `source` and `target` (text files) or `pairs` (a
            file with both sides); `reversed: true` reads a corpus in both directions; `count` takes so many of its
            pairs, at equal distances; `split` is `train`, `validation` or `test`.
        folder: a data set in `$TOOLKIT_DATA` or the cache that the file names are relative to.
        vocabulary: subwords of all languages together.
        segmentation: model folder whose vocabulary is used instead of a new one.
        placeholders: symbols for placeholders, tags and addresses; 0 for none.
        cleaning: leave out pairs that are unfit for training.
        longest: subwords of a side; longer pairs are left out.

    Raises:
        DataError: a file cannot be read, or there is no such language.
        ConfigError: a corpus is not described as it should be, or all are of one pair of languages.
    """

    def __init__(
        self,
        corpora: list[dict[str, str | bool | int]],
        folder: str | None = None,
        vocabulary: int = 8000,
        segmentation: str | None = None,
        placeholders: int = 16,
        cleaning: bool = True,
        longest: int = 256,
    ) -> None:
        _check(corpora)
        place = Path() if folder is None else data_folder(folder)
        read: list[_Row] = []
        problems: list[Skipped] = []
        for corpus in corpora:
            rows, told = _read(corpus, place, cleaning)
            read += rows
            problems += told
        held_out = [row.pair for row in read if row.split in _SPLITS[1:]]
        trained, told = without_answers([row.pair for row in read if row.split not in _SPLITS[1:]], held_out)
        allowed = {id(pair) for pair in (*trained, *held_out)}
        kept = [row for row in read if id(row.pair) in allowed]
        problems += told
        targets = tuple(dict.fromkeys(row.target for row in kept))
        sources = [row.source for row in kept]
        if len(targets) < 2 and len(set(sources)) < 2:
            one = f"{', '.join(dict.fromkeys(sources)) or 'nothing'} to {', '.join(targets) or 'nothing'}"
            raise ConfigError(
                [Problem("data.corpora", f"all pairs are {one}")],
                "the recipe; data.name=parallel_text is for one pair of languages",
            )
        if segmentation is not None:
            segmenter = Segmenter.load(locate_model(segmentation))
        else:
            learned = [row.pair for row in kept if row.split not in _SPLITS[1:]]
            segmenter = Segmenter.train(
                (pair.source for pair in learned),
                (pair.target for pair in learned),
                vocabulary,
                SegmenterSettings(placeholders=placeholders, languages=targets if len(targets) > 1 else ()),
            )
        super().__init__(
            (row.pair for row in kept),
            [row.split for row in kept],
            segmenter,
            (sources[0], targets[0]),
            longest,
            problems,
            [row.target for row in kept],
            sources,
        )


@dataclass(frozen=True, slots=True)
class _Row:
    pair: Pair
    source: str
    target: str
    split: str | None


def _read(corpus: Corpus, place: Path, cleaning: bool) -> tuple[list[_Row], list[Skipped]]:
    source, target = (check_language(str(corpus[side])) for side in ("source_language", "target_language"))
    if "pairs" in corpus:
        pairs = list(read_pairs(place / str(corpus["pairs"]), source, target))
    else:
        pairs = list(read_text_pairs(place / str(corpus["source"]), place / str(corpus["target"])))
    told: list[Skipped] = []
    if cleaning and corpus.get("split") in (None, "train"):  # what is measured with stays what it is
        pairs, report = clean(pairs, source, target)
        told = [
            Skipped(report.examples[reason][0].origin, f"{reason}: {count:,} pairs like this were left out")
            for reason, count in report.counts.items()
        ]
    if "count" in corpus:
        pairs = spread(pairs, int(corpus["count"]))
    split = str(corpus["split"]) if "split" in corpus else None
    rows = [_Row(pair, source, target, split) for pair in pairs]
    if corpus.get("reversed"):
        rows += [_Row(Pair(pair.target, pair.source, pair.origin), target, source, split) for pair in pairs]
    return rows, told


def _check(corpora: Sequence[Corpus]) -> None:
    problems = [] if corpora else [Problem("data.corpora", "is empty")]
    for number, corpus in enumerate(corpora):
        path = f"data.corpora.{number}"
        unknown = [name for name in corpus if name not in _FIELDS]
        problems += [Problem(f"{path}.{name}", f"no such field; {nearest(name, _FIELDS)}") for name in unknown]
        problems += [Problem(f"{path}.{name}", "is missing") for name in _FIELDS[:2] if name not in corpus]
        if ("pairs" in corpus) == ("source" in corpus and "target" in corpus):
            problems.append(Problem(path, "name source and target, or pairs"))
        split, count = corpus.get("split", "train"), corpus.get("count", 1)
        if split not in _SPLITS:
            problems.append(Problem(f"{path}.split", f"is '{split}'; {nearest(str(split), _SPLITS)}"))
        if not isinstance(count, int) or count < 1:
            problems.append(Problem(f"{path}.count", f"is {count!r}; it must be a whole number from 1"))
    if problems:
        raise ConfigError(problems)

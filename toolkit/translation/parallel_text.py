"""Sentence pairs from files: read, cleaned, split, and segmented with a vocabulary that is learned on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Literal

from toolkit.data.prepare import DATA_VARIABLE, data_folder
from toolkit.data.source import Skipped
from toolkit.engine.models import locate_model
from toolkit.errors import ConfigError, DataError, Problem
from toolkit.translation.corpora.cleaning import clean
from toolkit.translation.corpora.pair import Pair
from toolkit.translation.corpora.reading import read_pairs
from toolkit.translation.corpora.report import CleaningReport
from toolkit.translation.corpora.splitting import without_answers
from toolkit.translation.corpora.text_pairs import read_text_pairs
from toolkit.translation.languages import check_language
from toolkit.translation.segmentation.settings import SegmenterSettings
from toolkit.translation.segmentation.tokenizer import Segmenter
from toolkit.translation.segmented import SegmentedPairs, spread

_HELD_OUT = ("validation", "test")


class ParallelText(SegmentedPairs):
    """Sentence pairs from two text files, or from TSV, CSV, JSON lines, TMX, PO, MO or XLIFF files.

    Args:
        source_language: ISO 639 code of the sources, e.g. `en`.
        target_language: of the targets.
        source: text file with a sentence a line, or a list of them.
        target: text files with their translations, line by line.
        pairs: files that hold both sides, instead of or beside `source` and `target`.
        validation: held-out pairs: one file of pairs, or `[source, target]`. Without it the recipe's `split` takes its
            share of distinct source sentences.
        test: likewise.
        folder: a data set in `$TOOLKIT_DATA` or the cache that the file names are relative to.
        vocabulary: subwords, both languages together; small texts get fewer.
        kind: `unigram` or `bpe`.
        joint: one vocabulary for both languages; `false` learns two.
        segmentation: model folder whose vocabulary is used instead of a new one.
        annotations: what is said of a word of a source by a symbol before it: `case` (sources are then lower-cased, so
            that "House" and "house" share their subwords), `pos`. Such models need this toolkit's segmenter.
        tagger: the spaCy model that finds parts of speech, for `pos`.
        placeholders: symbols for placeholders, tags and addresses, which go through untouched; 0 for none.
        cleaning: leave out training pairs that are empty, identical, repeated, far too long or in another script.
        longest: subwords of a side; longer pairs are left out.
        count: so many of the training pairs, at equal distances, to see what fewer would have given; all by default.

    Training pairs that share a side with a held-out pair of another file are left out too: a model that has read the
    answers says nothing by its score.

    Attributes:
        report: what the cleaning left out; `None` without cleaning.

    Raises:
        DataError: a file cannot be read, or both sides have different numbers of lines.
        ConfigError: files or a language are missing.
    """

    report: CleaningReport | None

    def __init__(
        self,
        source_language: str,
        target_language: str,
        source: str | list[str] | None = None,
        target: str | list[str] | None = None,
        pairs: str | list[str] | None = None,
        validation: str | list[str] | None = None,
        test: str | list[str] | None = None,
        folder: str | None = None,
        vocabulary: int = 8000,
        kind: Literal["unigram", "bpe"] = "unigram",
        joint: bool = True,
        segmentation: str | None = None,
        annotations: list[Literal["case", "pos"]] | None = None,
        tagger: str = "",
        placeholders: int = 16,
        cleaning: bool = True,
        longest: int = 256,
        count: int | None = None,
    ) -> None:
        if count is not None and count < 1:
            raise ConfigError([Problem("data.count", f"is {count}; it must be at least 1")])
        languages = (check_language(source_language), check_language(target_language))
        place = Path() if folder is None else _data_set(folder)
        files = [[place / name for name in _listed(names)] for names in (source, target, pairs)]
        _check(files)
        held_out = {
            name: list(_held_out(_listed(given), place, languages))
            for name, given in zip(_HELD_OUT, (validation, test), strict=True)
            if given is not None
        }
        kept, self.report = list(_training(files, languages)), None
        if cleaning:
            kept, self.report = clean(kept, *languages)
        kept, told = without_answers(kept, chain.from_iterable(held_out.values()))
        if count is not None:
            kept = spread(kept, count)
        if segmentation is not None:
            segmenter = Segmenter.load(locate_model(segmentation))
        else:
            settings = SegmenterSettings(
                kind=kind,
                placeholders=placeholders,
                lower_source="case" in (annotations or ()),
                annotations=tuple(annotations or ()),
                tagger=tagger,
            )
            segmenter = _learned(kept, vocabulary, settings, joint)
        fixed = None if not held_out else "train"  # with held-out files of its own, these are all for training
        parts: list[tuple[Sequence[Pair], str | None]] = [(kept, fixed), *((held_out[name], name) for name in held_out)]
        super().__init__(
            chain.from_iterable(part for part, _ in parts),
            chain.from_iterable([split] * len(part) for part, split in parts),
            segmenter,
            (source_language, target_language),
            longest,
            [*_problems(self.report), *told],
        )


def _learned(pairs: Sequence[Pair], size: int, settings: SegmenterSettings, joint: bool) -> Segmenter:
    try:
        return Segmenter.train(
            (pair.source for pair in pairs), (pair.target for pair in pairs), size, settings, joint=joint
        )
    except ConfigError as error:  # in the words of the recipe
        problems = [
            Problem("data.vocabulary" if problem.path == "size" else problem.path, problem.message)
            for problem in error.problems
        ]
        raise ConfigError(problems) from error


def _data_set(name: str) -> Path:
    place = data_folder(name)
    if not place.is_dir():
        raise DataError(
            f"the data set '{name}' is not there: {place} is no folder",
            f"set {DATA_VARIABLE} to the folder that '{name}' is in; the recipe's README says where it comes from",
        )
    return place


def _listed(names: str | list[str] | None) -> list[str]:
    return [] if names is None else [names] if isinstance(names, str) else list(names)


def _check(files: Sequence[Sequence[Path]]) -> None:
    sources, targets, pairs = files
    if len(sources) != len(targets):
        raise ConfigError([Problem("data.target", f"{len(targets)} files for {len(sources)} of data.source")])
    if not sources and not pairs:
        raise ConfigError([Problem("data.source", "is missing: name data.source and data.target, or data.pairs")])


def _training(files: Sequence[Sequence[Path]], languages: tuple[str, str]) -> Iterator[Pair]:
    sources, targets, pairs = files
    for ours, theirs in zip(sources, targets, strict=True):
        yield from read_text_pairs(ours, theirs)
    for file in pairs:
        yield from read_pairs(file, *languages)


def _held_out(names: Sequence[str], place: Path, languages: tuple[str, str]) -> Iterator[Pair]:
    files = [place / name for name in names]
    if len(files) == 2:
        pairs = read_text_pairs(files[0], files[1])
    else:
        pairs = chain.from_iterable(read_pairs(file, *languages) for file in files)
    return (pair for pair in pairs if pair.source.strip() and pair.target.strip())


def _problems(report: CleaningReport | None) -> list[Skipped]:
    """One entry for each reason, with an example: a corpus may lose thousands of pairs."""
    if report is None:
        return []
    found = [
        Skipped(report.examples[reason][0].origin, f"{reason}: {count:,} pairs like this were left out")
        for reason, count in report.counts.items()
    ]
    return [*found, *(Skipped(part.file, str(part)) for part in report.misaligned)]

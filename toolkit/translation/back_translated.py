"""Sentence pairs, and more of them from texts that nobody has translated: a model does, backwards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from toolkit.config.schema import PartOf
from toolkit.data.prepare import data_folder
from toolkit.data.source import Skipped
from toolkit.engine.cache import cache_folder, keep_within
from toolkit.engine.device import choose_device
from toolkit.engine.files import atomic_write
from toolkit.engine.models import locate_model, read_model
from toolkit.errors import ConfigError, DataError, Problem
from toolkit.translation.corpora.cleaning import clean
from toolkit.translation.corpora.pair import Pair
from toolkit.translation.corpora.splitting import sentence_key
from toolkit.translation.pipeline import TranslationPipeline
from toolkit.translation.segmented import SegmentedPairs, pairs_behind, spread
from toolkit.translation.text_files import lines

_KEPT_BYTES = 256 * 2**20  # of earlier translations


class BackTranslated(SegmentedPairs):
    """Sentence pairs together with texts of the target language, whose sources are machine translations.

    The reader of a translation sees real sentences of its language, and learns to write such (Sennrich et al. 2016,
    "Improving neural machine translation models with monolingual data"). Texts that stand in a pair already, whatever
    its split, are left out: nothing is measured with a sentence that was trained on. The model's translations are
    kept in the cache, so that the next run with the same texts begins at once.

    Args:
        pairs: what has been translated by people, e.g. `{name: parallel_text, ...}`; also gives the vocabulary.
        texts: files of the target language, a sentence a line.
        model: a translator from the target language to the source language: a run, a model folder or a name.
        folder: a data set in `$TOOLKIT_DATA` or the cache that the file names are relative to.
        count: so many of the texts, at equal distances; all by default.
        beam: hypotheses that the model keeps; 1 is greedy, and fast.
        copies: so often are the people's pairs repeated, so that they are not drowned.
        longest: subwords of a side; longer pairs are left out.

    Raises:
        DataError: a file cannot be read, or holds nothing that is new.
        CheckpointError: there is no such model.
        ConfigError: the model translates between other languages, or a number is out of range.
    """

    def __init__(
        self,
        pairs: Annotated[Any, PartOf("datasets")],
        texts: str | list[str],
        model: str,
        folder: str | None = None,
        count: int | None = None,
        beam: int = 1,
        copies: int = 1,
        longest: int = 256,
    ) -> None:
        _check(count=count, beam=beam, copies=copies)
        known = pairs_behind(pairs)
        place = Path() if folder is None else data_folder(folder)
        files = [place / name for name in ([texts] if isinstance(texts, str) else texts)]
        translator = _translator(model, known.languages)
        new = _new(files, known)
        if count is not None:
            new = spread(new, count)
        made = [
            Pair(source, one.target, one.origin)
            for one, source in zip(new, _translated(translator, [one.target for one in new], beam), strict=True)
        ]
        kept, report = clean(made, *known.languages)
        problems: list[Skipped] = [
            *known.problems,
            *(
                Skipped(
                    report.examples[reason][0].origin, f"translated back, {reason}: {number:,} like this were left out"
                )
                for reason, number in report.counts.items()
            ),
        ]
        given = [(known.pair(number), known.split_of(number)) for number in range(len(known))]
        repeated = [row for row in given if row[1] in (None, "train")] * (copies - 1)
        told = [*given, *repeated, *((pair, "train") for pair in kept)]
        super().__init__(
            [pair for pair, _ in told],
            [split for _, split in told],
            known.segmenter,
            known.languages,
            longest,
            problems,
        )
        self.made = len(kept)


def _check(**numbers: int | None) -> None:
    problems = [
        Problem(f"data.{name}", f"is {value}; it must be at least 1")
        for name, value in numbers.items()
        if value is not None and value < 1
    ]
    if problems:
        raise ConfigError(problems)


def _translator(name: str, languages: tuple[str, str]) -> TranslationPipeline:
    model = read_model(locate_model(name))
    theirs = [str(one) for one in model.config.get("languages", [])]
    if theirs != [languages[1], languages[0]]:
        words = f"'{name}' translates {' to '.join(theirs) or 'nothing'}; needed is {languages[1]} to {languages[0]}"
        raise ConfigError([Problem("data.model", words)], "train one with source and target exchanged")
    return TranslationPipeline.from_folder(model, choose_device("auto")).compute_in("auto")


def _new(files: Sequence[Path], known: SegmentedPairs) -> list[Pair]:
    """The texts that no pair has, each once, as targets of pairs without a source."""
    met = {sentence_key(known.pair(number).target) for number in range(len(known))}
    found = []
    for file in files:
        for number, line in enumerate(lines(file), start=1):
            key = sentence_key(line)
            if line.strip() and key not in met:
                met.add(key)
                found.append(Pair("", line.strip(), f"{file}:{number}"))
    if not found:
        raise DataError(
            f"{', '.join(map(str, files)) or 'data.texts'}: no text that the pairs do not hold already",
            "give files with one sentence of the target language in each line",
        )
    return found


def _translated(translator: TranslationPipeline, texts: Sequence[str], beam: int) -> list[str]:
    """Their translations, from the cache where the same model has translated the same texts before."""
    folder = cache_folder("back_translations")
    told = json.dumps([translator.fingerprint(), beam, list(texts)], ensure_ascii=False)
    file = folder / f"{hashlib.sha256(told.encode()).hexdigest()[:32]}.json"
    if file.is_file():
        found: list[str] = json.loads(file.read_text(encoding="utf-8"))
        return found
    written = [one.text for one in translator.translate(list(texts), beam=beam, split=False)]
    folder.mkdir(parents=True, exist_ok=True)
    atomic_write(file, json.dumps(written, ensure_ascii=False))
    keep_within(folder, "*.json", _KEPT_BYTES)
    return written

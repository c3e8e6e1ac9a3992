"""Looking at somebody's sentence pairs before a run is planned on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.errors import DataError
from toolkit.translation.corpora.cleaning import clean
from toolkit.translation.corpora.naming import header_languages, named_languages, script_languages
from toolkit.translation.corpora.pair import Pair
from toolkit.translation.corpora.reading import read_pairs
from toolkit.translation.corpora.report import CleaningReport
from toolkit.translation.corpora.statistics import CorpusStatistics, describe
from toolkit.translation.corpora.text_pairs import read_text_pairs
from toolkit.translation.languages import check_language


@dataclass(frozen=True)
class Survey:
    """What was seen.

    Attributes:
        languages: codes of source and target.
        why: where they come from.
        statistics: of the pairs that are left after cleaning.
        report: what the cleaning leaves out.
    """

    languages: tuple[str, str]
    why: str
    statistics: CorpusStatistics
    report: CleaningReport

    @property
    def characters(self) -> tuple[float, float]:
        """Of a sentence, on average, by side."""
        count = max(1, self.statistics.pairs)
        return self.statistics.source.characters / count, self.statistics.target.characters / count


def survey_pairs(files: Sequence[Path], given: Mapping[str, Any]) -> Survey:
    """Read and clean a corpus.

    Args:
        files: one file that holds both sides, or two text files.
        given: `source_language` and `target_language`, as far as the user has named them.

    Raises:
        DataError: a file cannot be read, both files have different numbers of lines, or a language is not known.
    """
    wanted = tuple(given.get(f"{side}_language") for side in ("source", "target"))
    languages, why = _settled((wanted[0], wanted[1]), files)
    if len(files) == 2:
        pairs: list[Pair] = list(read_text_pairs(files[0], files[1]))
    else:
        pairs = list(read_pairs(files[0], *languages))
    if None in languages:
        languages, why = _by_script(languages, why, pairs)
    source, target = languages
    if source is None or target is None:
        raise _unknown(files, source, target)
    if source == target:
        raise DataError(
            f"{' and '.join(str(file) for file in files)}: both languages are '{source}' ({why})",
            "name them: data.source_language=en data.target_language=de",
        )
    kept, report = clean(pairs, source, target)
    return Survey((source, target), why, describe(kept), report)


def _settled(wanted: tuple[Any, Any], files: Sequence[Path]) -> tuple[tuple[str | None, str | None], str]:
    """The languages as far as the user, the names and the headers say."""
    found: list[str | None] = [None if code is None else check_language(str(code)) for code in wanted]
    why = ["you say so"] if any(found) else []
    for place in ("names", "header"):
        if None not in found:
            break
        seen = named_languages(files) if place == "names" else header_languages(files[0])
        fresh = [code if mine is None else mine for mine, code in zip(found, seen.codes, strict=True)]
        if fresh != found:
            why.append(seen.why)
        found = fresh
    return (found[0], found[1]), ", ".join(why)


def _by_script(
    languages: tuple[str | None, str | None], why: str, pairs: Sequence[Pair]
) -> tuple[tuple[str | None, str | None], str]:
    seen = script_languages(pairs)
    filled = [mine or code for mine, code in zip(languages, seen.codes, strict=True)]
    words = [why, seen.why] if why else [seen.why]
    return (filled[0], filled[1]), ", ".join(words)


def _unknown(files: Sequence[Path], source: str | None, target: str | None) -> DataError:
    sides = [name for name, code in (("source", source), ("target", target)) if code is None]
    names = " and ".join(str(file) for file in files)
    return DataError(
        f"{names}: nothing says which language the {' and the '.join(sides)} is in",
        " ".join(["name it:", *(f"data.{side}_language={'en' if side == 'source' else 'de'}" for side in sides)]),
    )

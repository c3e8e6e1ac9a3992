"""Two text files whose lines belong together."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from toolkit.errors import DataError
from toolkit.translation.corpora.alignment import find_misalignment
from toolkit.translation.corpora.pair import Pair
from toolkit.translation.text_files import UTF8, lines

_COMPARED = 200_000  # lines that are compared to find where two files of different lengths part


def read_text_pairs(
    source_file: Path | str, target_file: Path | str, encoding: str = UTF8, target_encoding: str | None = None
) -> Iterator[Pair]:
    """The pairs of two text files: line n of one is the translation of line n of the other.

    Both files are counted before the first pair is given, so that no one trains on half of a corpus that does not fit.
    Empty lines at the end of either file do not count; others give pairs with an empty side (`clean` removes them).

    Args:
        source_file: sentences, one in a line; `.gz` is unpacked on the way.
        target_file: their translations.
        encoding: of the characters in both files.
        target_encoding: of the second one, when it is another.

    Raises:
        DataError: a file is missing, empty, not text, or they have different numbers of lines; the message says where
            they probably part.
    """
    source, target = Path(source_file), Path(target_file)
    target_encoding = target_encoding or encoding
    counts = [_count(source, encoding), _count(target, target_encoding)]
    for path, count in zip((source, target), counts, strict=True):
        if count == 0:
            raise DataError(f"{path} holds no text", "give a file with one sentence in each line")
    if counts[0] != counts[1]:
        raise _different_lengths(source, target, encoding, target_encoding, counts)
    return _pairs(source, target, encoding, target_encoding, counts[0])


def _pairs(source: Path, target: Path, encoding: str, target_encoding: str, count: int) -> Iterator[Pair]:
    both = zip(lines(source, encoding), lines(target, target_encoding), strict=False)
    for number, (one, other) in enumerate(islice(both, count), start=1):
        yield Pair(one, other, f"{source}:{number}")


def _count(path: Path, encoding: str) -> int:
    """The number of the last line that is not empty."""
    last = 0
    for number, line in enumerate(lines(path, encoding), start=1):
        if line.strip():
            last = number
    return last


def _different_lengths(source: Path, target: Path, encoding: str, target_encoding: str, counts: list[int]) -> DataError:
    sources = list(islice(lines(source, encoding), min(counts[0], _COMPARED)))
    targets = list(islice(lines(target, target_encoding), min(counts[1], _COMPARED)))
    apart = abs(counts[0] - counts[1])
    found = find_misalignment(sources, targets, max_shift=max(3, min(apart, 10)))
    if found is not None:
        place = f"they part near line {found.line} ({found.words})"
    elif min(counts) > _COMPARED:
        place = f"their first {_COMPARED} lines seem to belong together"
    else:
        place = f"up to line {min(counts)} they seem to belong together, so that the surplus stands at the end"
    return DataError(
        f"{source} has {counts[0]} lines and {target} has {counts[1]}; {place}",
        "put in or take out the lines that have no partner; line n of both files must say the same",
    )

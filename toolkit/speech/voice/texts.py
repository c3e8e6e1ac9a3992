"""Which text belongs to which recording: a table beside the recordings, or a text file beside each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from toolkit.data.source import Skipped
from toolkit.errors import DataError

TABLES = ("metadata.csv", "metadata.txt", "metadata.tsv", "transcripts.csv", "transcript.txt")
"""Names of tables, in the order in which they are looked for."""

BESIDE = (".txt", ".lab")
"""Endings of text files beside recordings."""

_SEPARATORS = ("|", "\t")
_ENDINGS = (".wav", ".flac", ".ogg", ".mp3", ".opus", ".aiff", ".aif")
_FORM = "each line is NAME|TEXT, or NAME|TEXT|TEXT AS IT IS READ"


@dataclass(frozen=True, slots=True)
class Text:
    """A text.

    Attributes:
        text: to be read; where a table has two, the one that is written out.
        place: file and line, for messages.
    """

    text: str
    place: str


@dataclass(slots=True)
class Texts:
    """Texts of one folder by the names that its table gives to recordings.

    Attributes:
        by_name: texts.
        problems: lines that cannot be used.
    """

    by_name: dict[str, Text] = field(default_factory=dict)
    problems: list[Skipped] = field(default_factory=list)


def read_texts_of(folder: Path, keys: Iterable[str]) -> Texts:
    """The texts of a folder of recordings, by the keys of the recordings.

    A table lies directly in the folder, `metadata.csv` as LJ Speech has it: a recording's name, `|` (or a tabulator),
    its text, and, in a third column, the text as it is read. Names are paths below the folder or their last part, with
    or without ending. Without a table each recording has its text beside it, `a.wav` and `a.txt`.

    Args:
        folder: where the recordings lie.
        keys: their paths below it, without endings.

    Returns:
        Texts by key; and lines and files that cannot be used, with file and line.

    Raises:
        DataError: there is no text at all, or the table has another form.
    """
    keys = list(keys)
    table = next((folder / name for name in TABLES if (folder / name).is_file()), None)
    if table is None:
        return _beside(folder, keys)
    return _matched(read_table(table), keys, table)


def read_table(file: Path) -> Texts:
    """The lines of a table.

    Raises:
        DataError: it cannot be read, or most of its lines have no separator.
    """
    lines = _lines(file)
    full = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not full:
        raise DataError(f"{file} is empty", _FORM)
    counts = Counter(next((mark for mark in _SEPARATORS if mark in line), "") for _, line in full)
    separator = counts.most_common(1)[0][0]
    if not separator:
        first_number, first = next((number, line) for number, line in full if not any(s in line for s in _SEPARATORS))
        seen = next((words for mark, words in ((";", "semicolons"), (",", "commas")) if mark in first), "")
        hint = f"; its columns seem to be parted by {seen}" if seen else ""
        raise DataError(f"{file}, line {first_number}: there is no '|' between name and text{hint}", _FORM)
    found = Texts()
    for number, line in full:
        place = f"{file.name}, line {number}"
        columns = [column.strip() for column in line.split(separator)]
        if len(columns) < 2:
            found.problems.append(Skipped(place, f"there is no '{separator}' between name and text"))
            continue
        name, text = columns[0], columns[2] if len(columns) > 2 and columns[2] else columns[1]
        if not text:
            found.problems.append(Skipped(place, f"'{name}' has no text"))
        elif name in found.by_name:
            found.problems.append(Skipped(place, f"'{name}' is there twice; {found.by_name[name].place} is taken"))
        else:
            found.by_name[name] = Text(text, place)
    return found


def _matched(table: Texts, keys: list[str], file: Path) -> Texts:
    """Texts by the keys of recordings rather than by the table's own names."""
    last = Counter(key.rpartition("/")[2] for key in keys)
    by_name = {key: key for key in keys}
    by_name |= {key.rpartition("/")[2]: key for key in keys if last[key.rpartition("/")[2]] == 1}
    found = Texts(problems=list(table.problems))
    missing = []
    for name, text in table.by_name.items():
        plain = name.replace("\\", "/").removeprefix("./")
        bare = next((plain[: -len(end)] for end in _ENDINGS if plain.lower().endswith(end)), plain)
        key = by_name.get(plain) or by_name.get(bare) or by_name.get(bare.rpartition("/")[2])
        if key is None:
            missing.append(Skipped(text.place, f"there is no recording '{name}'"))
        else:
            found.by_name[key] = text
    if not found.by_name:
        shown = "".join(f"\n  {problem.path}: {problem.reason}" for problem in missing[:3])
        raise DataError(f"{file} names none of the {len(keys)} recordings beside it{shown}", _FORM)
    found.problems += missing
    without = [key for key in keys if key not in found.by_name]
    found.problems += [Skipped(key, f"{file.name} has no text for it") for key in without]
    return found


def _beside(folder: Path, keys: list[str]) -> Texts:
    found = Texts()
    for key in keys:
        file = next((folder / f"{key}{end}" for end in BESIDE if (folder / f"{key}{end}").is_file()), None)
        if file is None:
            found.problems.append(Skipped(key, f"there is no text beside it ({key}{BESIDE[0]})"))
            continue
        try:
            text = " ".join(" ".join(_lines(file)).split())
        except DataError as error:
            found.problems.append(Skipped(file.name, error.message))
            continue
        if text:
            found.by_name[key] = Text(text, file.name)
        else:
            found.problems.append(Skipped(file.name, "is empty"))
    if not found.by_name:
        raise DataError(
            f"{folder} holds recordings and no texts: neither {TABLES[0]} nor a text file beside each recording",
            f"write {folder / TABLES[0]}: {_FORM}",
        )
    return found


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = "is not text in UTF-8" if isinstance(error, UnicodeDecodeError) else f"cannot be read: {error}"
        raise DataError(f"{file} {reason}", "save it as UTF-8") from error

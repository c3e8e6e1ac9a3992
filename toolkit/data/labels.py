"""Which class each picture of a folder belongs to: by its sub folder, or by a table of files and labels."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from toolkit.data.layout import Layout
from toolkit.data.source import Skipped
from toolkit.errors import DataError

Picture = tuple[str, Path]

TABLES = ("labels.csv", "metadata.csv")
"""Where a table of labels is looked for beside the pictures, by those who are told of none."""

_FILE_COLUMNS = ("file", "file_name", "filename")
_LABEL_COLUMNS = ("label", "class")
_NO_LABEL = frozenset({"", "?", "nan", "null", "n/a"})
_SHOWN = 8


@dataclass
class Labelled:
    """Pictures with their classes.

    Attributes:
        pictures: those that have a class.
        names: the class of each.
        origins: where each class was read, in words.
        problems: what has no class, and why.
    """

    pictures: list[Picture] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)
    problems: list[Skipped] = field(default_factory=list)

    def add(self, picture: Picture, name: str, origin: str) -> None:
        """One more picture."""
        self.pictures.append(picture)
        self.names.append(name)
        self.origins.append(origin)


def by_folder(pictures: Sequence[Picture], layout: Layout, root: Path) -> Labelled:
    """The class is the name of the class folder; class folders without pictures are among the problems.

    Raises:
        DataError: no picture lies in a class folder.
    """
    found = Labelled()
    for picture in pictures:
        name = layout.class_of(picture[0])
        if name:
            found.add(picture, name, f"lies in the class folder '{name}'")
        else:
            found.problems.append(Skipped(picture[0], "lies outside the class folders"))
    if pictures and not found.pictures:
        raise DataError(
            f"{root} has no sub folders with pictures, so there are no classes",
            "put each class into its own sub folder, or set labels: none",
        )
    known = set(found.names)
    empty = sorted({_key(folder.name) for folder in _class_folders(root, layout)} - known)
    found.problems += [Skipped(f"{name}/", "this class folder holds no pictures: no such class") for name in empty]
    return found


def by_table(pictures: Sequence[Picture], table: Path, root: Path) -> Labelled:
    """The class stands in a CSV file with the columns `file` (a path below the folder) and `label`.

    The first line names the columns; commas, semicolons or tabs separate them; further columns are passed over. Files
    without a label, pictures without a row and rows without a picture are among the problems, with the number of their
    row as a spreadsheet shows it (the first line is row 1).

    Raises:
        DataError: the table cannot be read, or labels no picture of the folder.
    """
    rows = read_rows(table)
    by_key = dict(pictures)
    found, labels = Labelled(), dict[str, list[tuple[int, str]]]()
    for number, file, label in rows:
        key = _key(file)
        if key in by_key:
            labels.setdefault(key, []).append((number, label))
        else:
            words = f"'{file}' is no picture of the folder" if file else "names no file"
            found.problems.append(Skipped(f"{table.name} row {number}", words))
    for picture in pictures:
        given = labels.get(picture[0], [])
        different = sorted({label for _, label in given})
        if not given:
            found.problems.append(Skipped(picture[0], f"has no row in {table.name}"))
        elif len(different) > 1:
            where = ", ".join(f"row {number}: '{label}'" for number, label in given)
            found.problems.append(Skipped(picture[0], f"has different labels in {table.name} ({where})"))
        elif different[0].lower() in _NO_LABEL:
            found.problems.append(Skipped(picture[0], f"has no label in {table.name} (row {given[0][0]})"))
        else:
            found.add(picture, different[0], f"has the label '{different[0]}' ({table.name} row {given[0][0]})")
    if pictures and not found.pictures:
        example = f"; its first row names '{rows[0][1]}', the folder holds '{pictures[0][0]}'" if rows else ""
        raise DataError(
            f"{table} gives no picture of {root} a label{example}",
            "the column 'file' holds paths below the folder, e.g. cats/1.png",
        )
    return found


def keep_known(found: Labelled, class_names: Sequence[str]) -> Labelled:
    """The pictures of these classes only; others become problems."""
    kept = Labelled(problems=list(found.problems))
    shown = ", ".join(class_names[:_SHOWN]) + (", ..." if len(class_names) > _SHOWN else "")
    for picture, name, origin in zip(found.pictures, found.names, found.origins, strict=True):
        if name in class_names:
            kept.add(picture, name, origin)
        else:
            kept.problems.append(Skipped(picture[0], f"{origin}, which is none of class_names ({shown})"))
    return kept


def find_table(labels: str, root: Path) -> Path:
    """The file that `labels` names: below the data folder, or as given.

    Raises:
        DataError: there is none.
    """
    for candidate in (root / labels, Path(labels).expanduser()):
        if candidate.is_file():
            return candidate
    raise DataError(
        f"labels is '{labels}', which is neither 'none' nor 'folders' nor a file in {root}",
        "give the path of a CSV file with the columns file and label",
    )


def read_rows(table: Path) -> list[tuple[int, str, str]]:
    """Row number, file and label of each row below the first; empty lines are passed over.

    Raises:
        DataError: the file is no such table.
    """
    try:
        text = table.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{table} cannot be read as a table: {error}", "save it as CSV in UTF-8") from error
    separator = max(",;\t", key=text.partition("\n")[0].count)
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise DataError(f"{table} cannot be read as a table: {error}", "save it as CSV in UTF-8") from error
    header = [cell.strip().lower() for cell in records[0]] if records else []
    file, label = _column(header, _FILE_COLUMNS), _column(header, _LABEL_COLUMNS)
    if file is None or label is None:
        raise DataError(
            f"the first line of {table} names the columns {', '.join(header) or 'nothing'}; "
            "a table of labels has the columns file and label",
            "add them, or leave the labels out (labels: none)",
        )
    filled = [(number, cells) for number, cells in enumerate(records[1:], start=2) if any(cells)]
    return [(number, _cell(cells, file), _cell(cells, label)) for number, cells in filled]


def _column(header: Sequence[str], names: Sequence[str]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _cell(cells: Sequence[str], place: int) -> str:
    return cells[place].strip() if place < len(cells) else ""


def _key(file: str) -> str:
    """The path as keys of a listing are written."""
    plain = file.replace("\\", "/")
    while plain.startswith("./"):
        plain = plain[2:]
    return unicodedata.normalize("NFC", plain)


def _class_folders(root: Path, layout: Layout) -> list[Path]:
    """The folders that stand where classes stand."""
    parents = _folders(root) if layout.fixes_splits else [root]
    return [folder for parent in parents for folder in _folders(parent)]


def _folders(parent: Path) -> list[Path]:
    try:
        found = [path for path in parent.iterdir() if path.is_dir()]
    except OSError:  # it cannot be entered; the listing says so
        return []
    return [path for path in found if not path.name.startswith(".") and path.name != "__MACOSX"]

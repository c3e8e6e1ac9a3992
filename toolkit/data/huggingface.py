"""Picture data sets in the format of Hugging Face `datasets`, from the hub or from a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from toolkit.data.images import decode_image, mode_of
from toolkit.data.source import SampleError, Skipped, standard_split
from toolkit.errors import DataError, nearest, require


class HuggingFaceImages:
    """Pictures from a Hugging Face data set, on the hub or saved in a folder.

    Args:
        dataset: name on the hub (`mnist`, `user/name`), or a folder written by `save_to_disk`.
        split: the one split to use; by default all that are called train, validation or test, each for its purpose.
        image: the column with the pictures.
        label: the column with the classes; `null` for an unlabelled set.
        resolution: side of the pictures in pixels.
        channels: 1 (grey), 3 (colour) or 4 (colour and alpha).

    Raises:
        MissingExtraError: the package `datasets` is not installed.
        DataError: the data set, the split or a column is missing, or a column holds something else.
        ConfigError: there is no such number of channels.
    """

    def __init__(
        self,
        dataset: str,
        split: str | None = None,
        image: str = "image",
        label: str | None = None,
        resolution: int = 64,
        channels: int = 3,
    ) -> None:
        self.mode = mode_of(channels)
        self.resolution = resolution
        self.problems: list[Skipped] = []
        self._image = image
        tables = _choose(_load(dataset), split, dataset)
        self.classes = _class_names(next(iter(tables.values())), label, dataset)
        self._tables = {name: _pictures(table, image, dataset) for name, table in tables.items()}
        self._rows: list[tuple[str, int, int]] = []  # split, row, label
        for name, table in self._tables.items():
            numbers = [0] * len(table) if label is None else table[label][:]
            for row, number in enumerate(numbers):
                if number is None or not 0 <= number < max(1, len(self.classes)):
                    self.problems.append(Skipped(f"{name}/{row}", f"has the label {number}"))
                else:
                    self._rows.append((name, row, number))
        self._fixed = split is None and len(tables) > 1
        if len(self._rows) < 2:
            raise DataError(f"{dataset} holds {len(self._rows)} usable rows; training needs at least two")

    def __len__(self) -> int:
        return len(self._rows)

    def key(self, index: int) -> str:
        """Split and row."""
        name, row, _ = self._rows[index]
        return f"{name}/{row}"

    def split_of(self, index: int) -> str | None:
        """The split of the data set, unless one was asked for or there is only one."""
        return standard_split(self._rows[index][0]) if self._fixed else None

    def __getitem__(self, index: int) -> dict[str, Any]:
        name, row, number = self._rows[index]
        stored = self._tables[name][row][self._image]
        if stored is None or not (stored.get("bytes") or stored.get("path")):
            raise SampleError(self.key(index), "the row has no picture")
        picture = stored.get("bytes") or Path(stored["path"])
        item: dict[str, Any] = {"image": decode_image(picture, self.mode, self.resolution, name=self.key(index))}
        if self.classes:
            item["label"] = number
        return item


def _load(dataset: str) -> dict[str, Any]:
    """The tables of a data set by split."""
    library = require("datasets", "datasets", "reading Hugging Face data sets")
    folder = Path(dataset).expanduser()
    try:
        loaded = library.load_from_disk(str(folder)) if folder.is_dir() else library.load_dataset(dataset)
    except Exception as error:  # the hub, the network and the format each have their own errors
        raise DataError(
            f"cannot load the data set '{dataset}': {error}",
            "give a name on huggingface.co/datasets, or a folder written by save_to_disk",
        ) from error
    return dict(loaded) if isinstance(loaded, dict) else {str(loaded.split or "train"): loaded}


def _choose(tables: dict[str, Any], split: str | None, dataset: str) -> dict[str, Any]:
    if split is not None:
        if split not in tables:
            raise DataError(f"the data set '{dataset}' has no split '{split}'; {nearest(split, tables)}")
        return {split: tables[split]}
    usual = {name: table for name, table in tables.items() if standard_split(name)}
    if usual:
        return usual
    if len(tables) == 1:
        return tables
    raise DataError(
        f"the data set '{dataset}' has none of the usual splits", f"set split: to one of {', '.join(tables)}"
    )


def _pictures(table: Any, column: str, dataset: str) -> Any:
    """The table with its pictures left undecoded, so that they are decoded like all others."""
    library = require("datasets", "datasets", "reading Hugging Face data sets")
    if column not in table.features:
        raise DataError(f"the data set '{dataset}' has no column '{column}'; {nearest(column, table.features)}")
    if not isinstance(table.features[column], library.Image):
        raise DataError(f"the column '{column}' of '{dataset}' holds {table.features[column]}, not pictures")
    return table.cast_column(column, library.Image(decode=False))


def _class_names(table: Any, column: str | None, dataset: str) -> tuple[str, ...]:
    if column is None:
        return ()
    if column not in table.features:
        raise DataError(f"the data set '{dataset}' has no column '{column}'; {nearest(column, table.features)}")
    names = getattr(table.features[column], "names", None)
    if names is not None:
        return tuple(names)
    numbers = [number for number in table[column][:] if number is not None]
    if not numbers or not all(isinstance(number, int) for number in numbers):
        raise DataError(
            f"the column '{column}' of '{dataset}' holds {table.features[column]}, not classes or whole numbers"
        )
    return tuple(str(number) for number in range(max(numbers) + 1))

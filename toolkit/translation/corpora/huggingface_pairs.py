"""Pairs from data sets in the format of Hugging Face `datasets`, from the hub or from a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from toolkit.errors import DataError, nearest, require
from toolkit.translation.corpora.pair import Pair


def read_dataset(
    name: str,
    source: str,
    target: str,
    split: str = "train",
    configuration: str | None = None,
) -> Iterator[Pair]:
    """Pairs from the rows of a data set, either `{"translation": {"en": ..., "de": ...}}` or with two text columns.

    Args:
        name: on the hub (`wmt/wmt14`), or a folder written by `save_to_disk`.
        source: the language in the column `translation`, or the name of a column.
        target: likewise.
        split: which split to read.
        configuration: name of the data set's configuration (`de-en`), where it has several.

    Raises:
        MissingExtraError: the package `datasets` is not installed.
        DataError: the data set, the split or a column is missing.
    """
    library = require("datasets", "datasets", "Reading Hugging Face data sets")
    folder = Path(name).expanduser()
    try:
        loaded: Any = (
            library.load_from_disk(str(folder)) if folder.is_dir() else library.load_dataset(name, configuration)
        )
    except Exception as error:  # the hub, the network and the format each have their own errors
        raise DataError(
            f"cannot load the data set '{name}': {error}",
            "give a name on huggingface.co/datasets, or a folder written by save_to_disk",
        ) from error
    if isinstance(loaded, dict):
        if split not in loaded:
            raise DataError(f"the data set '{name}' has no split '{split}'; {nearest(split, loaded)}")
        loaded = loaded[split]
    for number, row in enumerate(loaded):
        holder = row["translation"] if isinstance(row.get("translation"), dict) else row
        for column in (source, target):
            if not isinstance(holder.get(column), str):
                raise DataError(
                    f"the data set '{name}', row {number}: has no text called '{column}'",
                    f"name a column or a language; {nearest(column, map(str, holder))}",
                )
        yield Pair(holder[source], holder[target], f"{name}, {split} row {number}")

"""Arrays in memory as a source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.data.source import Array, Indices, Skipped


class ArraySource:
    """Samples that lie in arrays, one row each.

    Args:
        fields: arrays with the sample first, all of one length; numbers per sample come out as Python numbers.
        keys: the identity of each sample.
        classes: class names.
        splits: the split of each sample where the data set fixes it.
        problems: what was left out while the arrays were made.
    """

    def __init__(
        self,
        fields: Mapping[str, Array],
        keys: Sequence[str],
        classes: Sequence[str] = (),
        splits: Sequence[str | None] | None = None,
        problems: list[Skipped] | None = None,
    ) -> None:
        self.fields = {name: array.view() for name, array in fields.items()}
        for array in self.fields.values():
            array.flags.writeable = False  # items are views: a transform that writes into one would change the data
        self.keys = keys
        self.classes = tuple(classes)
        self.splits = splits
        self.problems = [] if problems is None else problems

    def __len__(self) -> int:
        return len(self.keys)

    def key(self, index: int) -> str:
        """Stable identity of a sample."""
        return self.keys[index]

    def split_of(self, index: int) -> str | None:
        """The split that the data set fixes for the sample."""
        return None if self.splits is None else self.splits[index]

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {name: array[index].item() if array.ndim == 1 else array[index] for name, array in self.fields.items()}

    def take(self, indices: Indices) -> dict[str, Array]:
        """Many samples at once: copies, stacked."""
        return {name: array[indices] for name, array in self.fields.items()}

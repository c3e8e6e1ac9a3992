"""A source under other class names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from toolkit.data.source import Array, Indices, Source, Take, taker


class Relabelled:
    """A source whose labels are renumbered to other class names, or taken away.

    Args:
        source: where the samples come from; its `problems` list is shared.
        classes: the class names from now on.
        numbers: the new number of each old label; `None` takes the labels away and keeps only the names, for data that
            is compared with a conditional model without labels of its own.
    """

    def __init__(self, source: Source, classes: Sequence[str], numbers: Sequence[int] | None) -> None:
        self.source = source
        self.classes = tuple(classes)
        self.problems = source.problems
        self._numbers = None if numbers is None else np.asarray(numbers, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.source)

    def key(self, index: int) -> str:
        """The key that the sample has in the source."""
        return self.source.key(index)

    def split_of(self, index: int) -> str | None:
        """The split that the source fixes for the sample."""
        return self.source.split_of(index)

    def __getitem__(self, index: int) -> dict[str, Any]:
        item = dict(self.source[index])
        label = item.pop("label", None)
        if self._numbers is not None and label is not None:
            item["label"] = int(self._numbers[label])
        return item

    @property
    def take(self) -> Take | None:
        """The fast path of the source, if it has one."""
        take = taker(self.source)
        if take is None:
            return None

        def taken(indices: Indices) -> dict[str, Array]:
            arrays = dict(take(indices))
            labels = arrays.pop("label", None)
            if self._numbers is not None and labels is not None:
                arrays["label"] = self._numbers[labels]
            return arrays

        return taken

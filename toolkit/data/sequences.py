"""Samples that are sequences: their lengths, and batches in which the short ones are filled up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from toolkit.data.source import Array, Source
from toolkit.errors import DataError


def has_lengths(source: Source) -> bool:
    """Whether a source's samples are sequences."""
    return getattr(source, "lengths", None) is not None


def lengths_of(source: Source) -> Array:
    """Lengths of a source's sequences, int64 [N, fields].

    Raises:
        DataError: it has none.
    """
    lengths = getattr(source, "lengths", None)
    if lengths is None:
        raise DataError(
            "trainer.batch_tokens puts sequences of like lengths together, and this data has no lengths",
            "set trainer.batch_tokens=null and trainer.batch_size",
        )
    values: Array = np.asarray(lengths, dtype=np.int64)
    return values.reshape(len(source), -1)


def padding_of(source: Source) -> Mapping[str, int]:
    """What fills the places of each field of a source's sequences; fields that are not named are filled with 0."""
    return dict(getattr(source, "padding", None) or {})


def padded(items: Sequence[Mapping[str, Any]], padding: Mapping[str, int]) -> dict[str, Tensor]:
    """Items of sequences `[T]` or `[T, ...]` as a batch, each field as long as its longest; numbers as `[B]`.

    Whole numbers become int64, others float32.

    Args:
        items: at least one.
        padding: what fills the places at the ends, by field; 0 where it is not named.
    """
    batch = {}
    for name, first in items[0].items():
        kind: Any = np.float32 if np.asarray(first).dtype.kind == "f" else np.int64
        rows = [np.asarray(item[name], dtype=kind) for item in items]
        if np.ndim(first) == 0:
            batch[name] = torch.from_numpy(np.stack(rows))
            continue
        shape = (len(rows), max(len(row) for row in rows), *rows[0].shape[1:])
        filled = np.full(shape, padding.get(name, 0), dtype=kind)
        for place, row in enumerate(rows):
            filled[place, : len(row)] = row
        batch[name] = torch.from_numpy(filled)
    return batch

"""Rows that belong together: a sample's index, features, label and class probabilities, as one table of tensors.

Checked here once, so that everything behind can rely on their types, shapes and ranges.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from toolkit.engine.randomness import Noise
from toolkit.errors import DataError

Rows = dict[str, Tensor]
"""`index`, `priority`, `features` [B, N], and where known `labels`, `probabilities` [B, K]; float32 and int64."""


def checked_rows(
    source: str, features: Tensor, labels: Tensor | None, probabilities: Tensor | None, index: Tensor
) -> Rows:
    """One batch on the CPU in the banks' types.

    Args:
        source: name of the extractor, for the messages.
        features: `[B, N]`.
        labels: `[B]` integers, or none.
        probabilities: `[B, K]`, or none.
        index: `[B]` integers.

    Raises:
        DataError: a shape does not fit, a value is not finite, or probabilities do not sum to 1.
    """
    if features.ndim != 2:
        raise DataError(f"the extractor '{source}' must return features [B, N], not {list(features.shape)}")
    index = index.detach().to("cpu", torch.int64)
    rows = {"index": index, "features": features.detach().to("cpu", torch.float32)}
    if labels is not None:
        if labels.is_floating_point() or labels.ndim != 1:
            raise DataError(f"labels must be integers [B], not {labels.dtype} {list(labels.shape)}")
        rows["labels"] = labels.detach().to("cpu", torch.int64)
    if probabilities is not None:
        rows["probabilities"] = probabilities.detach().to("cpu", torch.float32)
        _check_probabilities(rows["probabilities"])
    for name, values in rows.items():
        if len(values) != len(features):
            raise DataError(f"{len(features)} rows of features came with {len(values)} rows of {name}")
    bad = int((~rows["features"].isfinite()).any(dim=1).sum())
    if bad:
        raise DataError(
            f"the features of {bad} of {len(features)} samples (extractor '{source}') are NaN or infinite",
            "the samples themselves are probably not finite: look at the training's losses",
        )
    rows["priority"] = Noise(0, 0, index, "feature-bank").bits("priority", 1)[:, 0]
    return rows


def _check_probabilities(probabilities: Tensor) -> None:
    if probabilities.ndim != 2:
        raise DataError(f"probabilities must be [B, K], not {list(probabilities.shape)}")
    fits = bool((probabilities >= 0).all()) and bool(((probabilities.sum(dim=1) - 1).abs() < 1e-3).all())
    if not fits:  # also when one is NaN
        raise DataError("class probabilities must be at least 0 and sum to 1 in each row", "apply a softmax to logits")


def check_alike(one: Rows, other: Rows) -> None:
    """Refuse two tables that cannot be joined.

    Raises:
        DataError: one has a column (such as labels) that the other lacks, or widths differ.
    """
    odd = ", ".join(sorted(one.keys() ^ other.keys()))
    if odd:
        raise DataError(f"some samples have {odd} and others do not", "give it for all samples or for none")
    for name, values in one.items():
        if values.shape[1:] != other[name].shape[1:]:
            raise DataError(f"{name} of {values.shape[1]} and of {other[name].shape[1]} columns cannot be joined")


def join(parts: Sequence[Rows]) -> Rows:
    """All rows, one part after the other; see `check_alike` for the errors."""
    for part in parts[1:]:
        check_alike(parts[0], part)
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def take(rows: Rows, places: Tensor) -> Rows:
    """The rows at these places, in that order."""
    return {name: values[places] for name, values in rows.items()}

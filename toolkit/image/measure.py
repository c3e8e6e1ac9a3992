"""Comparing generated pictures with held-out ones in the features of some extractor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from toolkit.data.loader import evaluation_batches
from toolkit.data.source import Source
from toolkit.image.grid import from_pixels
from toolkit.metrics.bank import FeatureBank
from toolkit.metrics.base import Metric
from toolkit.metrics.extractor import Extractor

PAGE = 256


def real_batches(source: Source) -> Iterator[Mapping[str, Any]]:
    """Every picture of a source once, in [-1, 1], with labels where there are any."""
    for batch in evaluation_batches(source, PAGE):
        found: dict[str, Any] = {"data": from_pixels(batch["image"]), "index": batch["index"]}
        if "label" in batch:
            found["label"] = batch["label"]
        yield found


def compare_pictures(
    held_out: Source,
    generated: Iterable[Mapping[str, Any]],
    train: Source | None,
    extractor: Extractor,
    metrics: Sequence[Metric],
) -> dict[str, float]:
    """The value of every metric.

    Args:
        held_out: pictures that were not trained on.
        generated: batches with `data` in [-1, 1] and `label`, the class asked for, or `None`.
        train: what was trained on, for metrics of memorisation.
        extractor: makes the features.
        metrics: what to compute from them.
    """
    fake = FeatureBank.from_batches(extractor, ({k: v for k, v in page.items() if v is not None} for page in generated))
    real = FeatureBank.from_batches(extractor, real_batches(held_out))
    seen = None
    if train is not None and any(getattr(metric, "needs_train", False) for metric in metrics):
        seen = FeatureBank.from_batches(extractor, real_batches(train), capacity=None)
    values: dict[str, float] = {}
    for metric in metrics:
        values.update(metric.compute(real, fake, train=seen))
    return values

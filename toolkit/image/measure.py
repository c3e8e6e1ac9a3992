"""Features of real and of generated pictures, for metrics to compare."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import torch
from torch import Tensor

from toolkit.data.fingerprint import content_fingerprint
from toolkit.data.loader import evaluation_batches
from toolkit.data.source import Source
from toolkit.image.grid import from_pixels
from toolkit.metrics.bank import DEFAULT_CAPACITY, FeatureBank
from toolkit.metrics.bank_cache import BankCache
from toolkit.metrics.comparison import Banks
from toolkit.metrics.extractor import Extractor

Pages: TypeAlias = Callable[[int, int, Tensor | None], Iterable[Mapping[str, Any]]]
"""Makes pictures: called with their number, a seed, and the label of each `[B]` (or `None`), it gives batches with
`data`, `x_BCHW` in [-1, 1], and `label`, the classes that were asked for, or `None`."""

_PAGE = 256
_PAGE_VALUES = 2**24  # 64 MiB of float32


def real_batches(source: Source) -> Iterator[Mapping[str, Any]]:
    """Every picture of a source once, in [-1, 1], with labels where there are any."""
    for batch in evaluation_batches(source, _page(source)):
        found: dict[str, Any] = {"data": from_pixels(batch["image"]), "index": batch["index"]}
        if "label" in batch:
            found["label"] = batch["label"]
        yield found


def _page(source: Source) -> int:
    """Pictures at a time: fewer of large ones."""
    for batch in evaluation_batches(source, 1, prefetch=0):
        return max(1, min(_PAGE, _PAGE_VALUES // batch["image"].numel()))
    return _PAGE


def real_bank(
    source: Source, extractor: Extractor, cache: BankCache, capacity: int | None = DEFAULT_CAPACITY
) -> FeatureBank:
    """The features of real pictures, extracted only when the cache does not have them."""
    return cache.bank(
        source,
        extractor,
        capacity,
        lambda: content_fingerprint(source),
        lambda mark: FeatureBank.from_batches(extractor, real_batches(source), capacity=capacity, fingerprint=mark),
    )


def generated_bank(
    pages: Iterable[Mapping[str, Any]], extractor: Extractor, capacity: int | None = DEFAULT_CAPACITY
) -> FeatureBank:
    """The features of generated pictures; see `Pages` for the batches."""
    present = ({name: value for name, value in page.items() if value is not None} for page in pages)
    return FeatureBank.from_batches(extractor, present, capacity=capacity)


def picture_banks(
    held_out: Source,
    train: Source | None,
    pages: Pages,
    *,
    classes: int,
    extractor: Extractor,
    samples: int,
    seed: int,
    capacity: int | None = DEFAULT_CAPACITY,
    cache: BankCache | None = None,
) -> Banks:
    """Features of held-out, generated and (when given) training pictures.

    Args:
        held_out: pictures that were not trained on.
        train: what was trained on, all of whose features are kept; or `None`.
        pages: makes the pictures.
        classes: number of classes of a conditional generator, 0 for an unconditional one. Labels are then drawn in the
            proportions of the held-out data, or are all classes in turn where it has no labels.
        extractor: makes the features.
        samples: how many pictures to generate.
        seed: of the generated pictures.
        capacity: rows that the bank of generated pictures keeps.
        cache: where features of real pictures are kept; in memory for this call only when left out.
    """
    cache = BankCache() if cache is None else cache
    real = real_bank(held_out, extractor, cache)
    labels = labels_like(real.labels, samples, classes) if classes else None
    fake = generated_bank(pages(samples, seed, labels), extractor, capacity)
    seen = None if train is None else real_bank(train, extractor, cache, capacity=None)
    return Banks(real, fake, seen)


def labels_like(found: Tensor | None, count: int, classes: int) -> Tensor:
    """`[B]` labels in the proportions of those found, in random order; all classes in turn where there are none."""
    if found is None:
        return torch.arange(count) % classes
    order = torch.randperm(len(found), generator=torch.Generator().manual_seed(0))
    return found[order].repeat(math.ceil(count / len(found)))[:count]

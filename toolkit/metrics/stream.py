"""From a stream of batches to a stream of features, labels, probabilities and indices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from toolkit.errors import DataError
from toolkit.metrics.extractor import ClassifierExtractor, Extractor


@dataclass(frozen=True, slots=True)
class Extracted:
    """One batch: `features` [B, N], `labels` [B], `probabilities` [B, K], `index` [B]."""

    features: Tensor
    labels: Tensor | None
    probabilities: Tensor | None
    index: Tensor | None


def extracted(
    extractor: Extractor,
    classifier: ClassifierExtractor | None,
    batches: Iterable[Tensor | Mapping[str, Any]],
    limit: int | None,
) -> Iterator[Extracted]:
    """Extract batch by batch; takes no batch from the stream beyond the limit.

    Args:
        extractor: makes the features.
        classifier: makes the class probabilities; may be the extractor itself, which then runs once.
        batches: tensors, or mappings with `data` and optionally `label` and `index`.
        limit: most samples to extract.

    Raises:
        DataError: a batch has no data, or the limit is less than 1.
    """
    if limit is not None and limit < 1:
        raise DataError(f"the limit must be at least 1 sample, not {limit}")
    left = limit
    for batch in batches:
        data, labels, index = _fields(batch)
        data = data[:left]
        features, probabilities = _apply(extractor, classifier, data)
        yield Extracted(features, _cut(labels, left), probabilities, _cut(index, left))
        if left is not None:
            left -= len(data)
            if left == 0:
                return


def _fields(batch: Tensor | Mapping[str, Any]) -> tuple[Tensor, Tensor | None, Tensor | None]:
    if isinstance(batch, Tensor):
        return batch, None, None
    if "data" not in batch:
        raise DataError(f"a batch has no field 'data', only {', '.join(sorted(batch)) or 'nothing'}")
    return batch["data"], batch.get("label"), batch.get("index")


def _cut(values: Tensor | None, count: int | None) -> Tensor | None:
    return None if values is None else values[:count]


def _apply(extractor: Extractor, classifier: ClassifierExtractor | None, data: Tensor) -> tuple[Tensor, Tensor | None]:
    if classifier is None:
        return extractor(data), None
    if classifier is extractor:
        return classifier.features_and_probabilities(data)
    return extractor(data), classifier.probabilities(data)

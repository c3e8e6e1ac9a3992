"""Features of many samples, gathered batch by batch, process by process, for the metrics to compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from toolkit.errors import DataError
from toolkit.metrics.bank_file import BankState, check_belongs, read_bank, write_bank
from toolkit.metrics.extractor import ClassifierExtractor, Extractor
from toolkit.metrics.moments import Moments
from toolkit.metrics.reservoir import Reservoir
from toolkit.metrics.rows import checked_rows, take
from toolkit.metrics.stream import extracted

DEFAULT_CAPACITY = 10_000


class FeatureBank:
    """Moments of all samples seen, and the rows (features, labels, probabilities) of at most `capacity` of them.

    Which rows stay is a random choice by the samples' `index`, independent of order and of the division among
    processes: merged banks equal the bank of all samples. Without indices samples are numbered as they come; then
    merging is exact as long as all rows fit. Metrics on rows (neighbours, kernels, classes) see the kept rows only.

    Args:
        extractor: name of the extractor that made the features.
        classifier: name of the extractor that made the probabilities, if any.
        capacity: most rows to keep; `None` keeps all. A row takes `4 N` bytes: 80 MiB for 10,000 rows of 2048.
        fingerprint: identifies the data (a hash of files, or words), so that stored statistics are not mixed up.
    """

    def __init__(
        self, extractor: str, *, classifier: str = "", capacity: int | None = DEFAULT_CAPACITY, fingerprint: str = ""
    ) -> None:
        if capacity is not None and capacity < 1:
            raise DataError(f"the capacity of a feature bank must be at least 1, not {capacity}")
        self.extractor = extractor
        self.classifier = classifier
        self.capacity = capacity
        self.fingerprint = fingerprint
        self._moments: Moments | None = None
        self._reservoir = Reservoir(capacity)

    # --- filling

    def add(
        self,
        features: Tensor,
        *,
        labels: Tensor | None = None,
        probabilities: Tensor | None = None,
        index: Tensor | None = None,
    ) -> None:
        """Take in one batch.

        Args:
            features: `[B, N]`, finite.
            labels: `[B]` integers: the class a sample has, or the class that was asked for.
            probabilities: `[B, K]`: what a classifier says of each sample.
            index: `[B]` integers, the sample's place in the whole data; each at most once.

        Raises:
            DataError: shapes do not fit, values are not finite, or labels, probabilities or indices come for some
                batches only.
        """
        numbered = torch.arange(self.count, self.count + len(features)) if index is None else index
        rows = checked_rows(self.extractor, features, labels, probabilities, numbered)
        self._reservoir.append(rows, indexed=index is not None)
        if self._moments is None:
            self._moments = Moments(rows["features"].shape[1])
        self._moments.add(rows["features"])

    @classmethod
    def from_batches(
        cls,
        extractor: Extractor,
        batches: Iterable[Tensor | Mapping[str, Any]],
        *,
        classifier: ClassifierExtractor | None = None,
        capacity: int | None = DEFAULT_CAPACITY,
        fingerprint: str = "",
        limit: int | None = None,
    ) -> FeatureBank:
        """The bank of a stream of batches; what `add` refuses, it refuses.

        Args:
            extractor: makes the features; where it is a classifier and `classifier` is not given, also probabilities.
            batches: tensors, or mappings with `data` and optionally `label` and `index`. May be endless with `limit`.
            classifier: makes the class probabilities.
            capacity: see the class.
            fingerprint: see the class.
            limit: most samples to take.

        Raises:
            DataError: the stream is empty, or a batch has no data.
        """
        if classifier is None and isinstance(extractor, ClassifierExtractor):
            classifier = extractor
        named = "" if classifier is None else classifier.name
        bank = cls(extractor.name, classifier=named, capacity=capacity, fingerprint=fingerprint)
        for batch in extracted(extractor, classifier, batches, limit):
            bank.add(batch.features, labels=batch.labels, probabilities=batch.probabilities, index=batch.index)
        if bank.count == 0:
            raise DataError(f"there are no samples to evaluate (extractor '{extractor.name}')")
        return bank

    # --- reading

    @property
    def count(self) -> int:
        """Samples seen."""
        return 0 if self._moments is None else self._moments.count

    @property
    def kept(self) -> int:
        """Rows kept, at most `capacity`."""
        return len(self._reservoir.rows()["index"]) if self.count else 0

    @property
    def moments(self) -> Moments:
        """Mean and covariance of all samples seen; raises `DataError` where there are none."""
        if self._moments is None:
            raise DataError(f"the feature bank of '{self.extractor}' is empty", "evaluate at least one sample")
        return self._moments

    @property
    def dimension(self) -> int:
        """`N`."""
        return self.moments.dimension

    @property
    def features(self) -> Tensor:
        """`[B, N]` float32 of the kept rows, in the order of their index."""
        return self._reservoir.rows()["features"]

    @property
    def labels(self) -> Tensor | None:
        """`[B]` int64 of the kept rows, or `None`."""
        return self._reservoir.rows().get("labels")

    @property
    def probabilities(self) -> Tensor | None:
        """`[B, K]` float32 of the kept rows, or `None`."""
        return self._reservoir.rows().get("probabilities")

    def subset(self, places: Tensor) -> FeatureBank:
        """A bank of its own with the kept rows at these places (integers or a mask), moments of these rows only."""
        rows = take(self._reservoir.rows(), places)
        part = FeatureBank(
            self.extractor, classifier=self.classifier, capacity=None, fingerprint=f"{self.fingerprint}/subset"
        )
        part.add(rows["features"], labels=rows.get("labels"), probabilities=rows.get("probabilities"))
        return part

    def of_class(self, label: int) -> FeatureBank:
        """The bank of the kept rows with this label.

        Raises:
            DataError: the bank has no labels, or no row has this one.
        """
        labels = self.labels
        if labels is None or not bool((labels == label).any()):
            what = "has no labels" if labels is None else f"has no sample with label {label}"
            raise DataError(f"the feature bank of '{self.extractor}' {what}")
        return self.subset(labels == label)

    # --- exchanging

    @staticmethod
    def merge(banks: Iterable[FeatureBank]) -> FeatureBank:
        """The bank of all samples of these banks, which stay as they are; empty ones are left out.

        Raises:
            DataError: there is no bank, they belong to different extractors or data, or an index occurs twice.
        """
        banks = list(banks)
        if not banks:
            raise DataError("there are no feature banks to merge")
        whole = banks[0]._like()
        for bank in banks:
            for field in ("extractor", "classifier", "capacity", "fingerprint"):
                one, other = getattr(whole, field), getattr(bank, field)
                if one != other:
                    raise DataError(f"feature banks of different {field} cannot be merged: '{one}' and '{other}'")
            if bank.count == 0:
                continue
            whole._reservoir.take_over(bank._reservoir, shift=whole.count)
            whole._moments = Moments.merge([bank.moments] if whole._moments is None else [whole.moments, bank.moments])
        if whole.count:
            whole._reservoir.rows()  # now, so that a repeated index is refused here and not at the first use
        return whole

    def _like(self) -> FeatureBank:
        return FeatureBank(
            self.extractor, classifier=self.classifier, capacity=self.capacity, fingerprint=self.fingerprint
        )

    def state(self) -> BankState:
        """Plain tensors and texts from which `from_state` makes an equal bank; raises `DataError` where it is empty."""
        moments = {f"moments.{name}": tensor for name, tensor in self.moments.state().items()}
        facts = {
            "extractor": self.extractor,
            "classifier": self.classifier,
            "fingerprint": self.fingerprint,
            "capacity": "" if self.capacity is None else str(self.capacity),
            "indexed": str(self._reservoir.indexed),
        }
        return BankState({**self._reservoir.rows(), **moments}, facts)

    @classmethod
    def from_state(cls, state: BankState) -> FeatureBank:
        """The inverse of `state`."""
        facts = state.facts
        bank = cls(
            facts["extractor"],
            classifier=facts["classifier"],
            capacity=int(facts["capacity"]) if facts["capacity"] else None,
            fingerprint=facts["fingerprint"],
        )
        rows = {name: tensor for name, tensor in state.tensors.items() if not name.startswith("moments.")}
        bank._reservoir.append(rows, indexed=facts["indexed"] == "True")
        bank._moments = Moments.from_state(
            {name.removeprefix("moments."): tensor for name, tensor in state.tensors.items() if name not in rows}
        )
        return bank

    def save(self, path: str | Path) -> None:
        """Store it as a safetensors file, with the names of its extractor and data."""
        write_bank(self.state(), Path(path))

    @classmethod
    def load(cls, path: str | Path, *, extractor: str | None, fingerprint: str | None) -> FeatureBank:
        """Read a stored bank; refuse one that belongs to something else.

        Args:
            path: the file.
            extractor: the name that it must have been made with; `None` accepts any.
            fingerprint: the fingerprint of the data that it must belong to; `None` accepts any.

        Raises:
            DataError: the file is missing or damaged, or it belongs to another extractor or other data.
        """
        state = read_bank(Path(path))
        check_belongs(Path(path), state.facts, {"extractor": extractor, "fingerprint": fingerprint})
        return cls.from_state(state)

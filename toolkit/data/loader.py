"""From a source to batches of tensors. A batch is a function of its number, so resuming needs no state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any, Protocol, TypeAlias

import numpy as np
import torch
from torch import Tensor

from toolkit.data.background import Mapper, default_threads, in_background
from toolkit.data.order import Order, sample_generator, sample_seed
from toolkit.data.sequences import has_lengths, padded, padding_of
from toolkit.data.source import Array, Indices, Source, record_problem, taker, weights_of
from toolkit.errors import ConfigError, DataError, Problem

Item: TypeAlias = dict[str, Any]
Transform: TypeAlias = Callable[[Item, np.random.Generator], Item]


class BatchedTransform(Protocol):
    """A transform that can also work on stacked arrays, for sources that keep everything in memory."""

    def __call__(self, item: Item, generator: np.random.Generator) -> Item:
        """Change one item."""

    def batched(self, arrays: dict[str, Array], seeds: Sequence[int]) -> dict[str, Array]:
        """Change stacked items; item i must come out as from `self(item, sample_generator(seeds[i]))`."""


class Loader:
    """Endless batches for training.

    All epochs follow each other (permutations of the source, or draws by its `weights`), and this sequence is cut into
    batches. A batch may cross the border of an epoch, so no sample is lost and a source smaller than a batch repeats.
    Each process takes a contiguous slice of the global batch: the slices of all processes, put together, are the batch
    of a single process.

    A sample that cannot be read is recorded once in `source.problems`, and the next readable one stands in for it.

    Args:
        source: the samples.
        batch_size: samples per batch over all processes.
        seed: decides the order and what the transform does.
        rank: this process, from 0.
        world_size: number of processes.
        shuffle: `False` keeps the order of the source.
        transform: changes an item with a generator that belongs to (seed, epoch, sample).
        prefetch: batches made ahead by `iterate`; 0 for none.
        threads: decoding threads of `iterate`; `None` for one per processor, at most 8.

    Attributes:
        samples_per_batch: of all processes together.

    Raises:
        ConfigError: the processes cannot share the batch evenly, or a number is out of range.
        DataError: the source is empty.
    """

    def __init__(
        self,
        source: Source,
        batch_size: int,
        seed: int,
        *,
        rank: int = 0,
        world_size: int = 1,
        shuffle: bool = True,
        transform: Transform | BatchedTransform | None = None,
        prefetch: int = 2,
        threads: int | None = None,
    ) -> None:
        _check(batch_size, rank, world_size)
        if len(source) == 0:
            raise DataError("there are no training samples", "add data, or give the training split a larger fraction")
        self.source = source
        self.batch_size = batch_size
        self.seed = seed
        self.rank = rank
        self.world_size = world_size
        self.transform = transform
        self.prefetch = prefetch
        self.threads = default_threads() if threads is None else threads
        self.samples_per_batch = float(batch_size)
        self._order = Order(len(source), seed, shuffle, weights_of(source))
        self._bad: set[int] = set()

    def batch(self, number: int) -> dict[str, Tensor]:
        """This process's slice of batch `number` (from 0).

        Returns:
            The fields of the items, stacked with the batch first (sequences padded to the longest), and `index`, int64:
            the places in the source.

        Raises:
            DataError: no sample of the source can be read, or the items do not stack.
        """
        return self._batch(number, map)

    def iterate(self, start: int = 0) -> Iterator[dict[str, Tensor]]:
        """Batches `start`, `start + 1`, ... without end, made ahead in the background.

        Threads end when the iterator is closed or garbage-collected. Raises what `batch` raises.
        """
        return in_background(self._batch, count(start), self.prefetch, self.threads)

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        return self.iterate()

    def _batch(self, number: int, mapper: Mapper) -> dict[str, Tensor]:
        share = self.batch_size // self.world_size
        first = number * self.batch_size + self.rank * share
        epochs, indices = self._order.at(np.arange(first, first + share, dtype=np.int64))
        take = taker(self.source)
        if take is not None and (self.transform is None or hasattr(self.transform, "batched")):
            arrays = take(indices)
            if self.transform is not None:
                pairs = zip(epochs.tolist(), indices.tolist(), strict=True)
                seeds = [sample_seed(self.seed, epoch, index) for epoch, index in pairs]
                arrays = self.transform.batched(arrays, seeds)
            return _tensors(arrays, indices)
        return _together(self.source, list(mapper(self._item, epochs.tolist(), indices.tolist())))

    def _item(self, epoch: int, index: int) -> Item:
        for place in range(index, index + len(self.source)):
            candidate = place % len(self.source)
            if candidate in self._bad:
                continue
            try:
                item = self.source[candidate]
            except DataError as error:
                record_problem(self.source, candidate, error)
                self._bad.add(candidate)
                continue
            if self.transform is not None:
                item = self.transform(item, sample_generator(sample_seed(self.seed, epoch, candidate)))
            return {**item, "index": candidate}
        raise _nothing_readable(self.source)


def evaluation_batches(
    source: Source,
    batch_size: int,
    rank: int = 0,
    world_size: int = 1,
    *,
    prefetch: int = 2,
    threads: int | None = None,
) -> Iterator[dict[str, Tensor]]:
    """Every sample exactly once, in order; the last batch is short.

    Unreadable samples are recorded in `source.problems` and left out. Each process gets a contiguous slice of every
    global batch; one whose slice is empty gets no batch, so the number of batches may differ by one between processes.

    Args:
        source: the samples.
        batch_size: samples per batch over all processes.
        rank: this process, from 0.
        world_size: number of processes.
        prefetch: batches made ahead; 0 for none.
        threads: decoding threads; `None` for one per processor, at most 8.

    Raises:
        ConfigError: a number is out of range.
        DataError: no sample can be read, or the items do not stack.
    """
    _check(batch_size, rank, world_size)
    share = batch_size // world_size
    starts = range(rank * share, len(source), batch_size)
    slices = [np.arange(start, min(start + share, len(source)), dtype=np.int64) for start in starts]
    made = in_background(
        lambda indices, mapper: _evaluate(source, indices, mapper),
        slices,
        prefetch,
        default_threads() if threads is None else threads,
    )
    return _some(source, made, expected=bool(slices))


def _some(source: Source, made: Iterator[dict[str, Tensor] | None], expected: bool) -> Iterator[dict[str, Tensor]]:
    found = False
    for batch in made:
        if batch is not None:
            found = True
            yield batch
    if expected and not found:
        raise _nothing_readable(source)


def _evaluate(source: Source, indices: Indices, mapper: Mapper) -> dict[str, Tensor] | None:
    take = taker(source)
    if take is not None:
        return _tensors(take(indices), indices)

    def read(index: int) -> Item | None:
        try:
            return {**source[index], "index": index}
        except DataError as error:
            record_problem(source, index, error)
            return None

    items = [item for item in mapper(read, indices.tolist()) if item is not None]
    return _together(source, items) if items else None


def _together(source: Source, items: Sequence[Item]) -> dict[str, Tensor]:
    if has_lengths(source):
        return padded(items, padding_of(source))
    return stack(items, [source.key(item["index"]) for item in items])


def stack(items: Sequence[Item], names: Sequence[str]) -> dict[str, Tensor]:
    """Items of equal shapes as one batch of tensors; whole numbers become int64, other numbers float32.

    Args:
        items: at least one.
        names: what to call each item in an error message.

    Raises:
        DataError: the items have different fields or shapes.
    """
    first = items[0]
    batch: dict[str, Tensor] = {}
    for item, name in zip(items, names, strict=True):
        if item.keys() != first.keys():
            raise DataError(f"{name} has the fields {sorted(item)}, but {names[0]} has {sorted(first)}")
        for field, value in item.items():
            if np.shape(value) != np.shape(first[field]):
                shapes = f"{np.shape(value)}, but that of {names[0]} {np.shape(first[field])}"
                raise DataError(
                    f"'{field}' of {name} has the shape {shapes}",
                    "give the data set a resolution, or a transform that makes all samples equally large",
                )
    for field, value in first.items():
        values = np.stack([np.asarray(item[field]) for item in items])
        if not isinstance(value, (np.ndarray, np.generic)) and values.dtype == np.float64:
            values = values.astype(np.float32)
        batch[field] = torch.from_numpy(values)
    return batch


def _tensors(arrays: dict[str, Array], indices: Indices) -> dict[str, Tensor]:
    batch = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}
    batch["index"] = torch.from_numpy(indices.copy())
    return batch


def _nothing_readable(source: Source) -> DataError:
    first = source.problems[0] if source.problems else None
    detail = f"; the first is {first.path}: {first.reason}" if first else ""
    return DataError(f"none of the {len(source)} samples can be read{detail}", "check that the data is still in place")


def _check(batch_size: int, rank: int, world_size: int) -> None:
    if batch_size < 1:
        raise ConfigError([Problem("batch_size", f"is {batch_size}; it must be at least 1")])
    if not 0 <= rank < world_size:
        raise ConfigError([Problem("rank", f"is {rank}; it must lie between 0 and {world_size - 1}")])
    if batch_size % world_size:
        message = f"is {batch_size}, which {world_size} processes cannot share evenly; use a multiple of {world_size}"
        raise ConfigError([Problem("batch_size", message)])

"""Batches of sequences of like lengths: as many as fill a number of places, so that hardly any place is padding."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np
import torch
from torch import Tensor

from toolkit.data.background import default_threads, in_background
from toolkit.data.loader import Item, Transform
from toolkit.data.order import Order, sample_generator, sample_seed
from toolkit.data.sequences import lengths_of, padded, padding_of
from toolkit.data.source import Array, Indices, Source, weights_of
from toolkit.engine.randomness import fold
from toolkit.errors import DataError


class BucketLoader:
    """Endless batches of sequences for training; a batch is a function of its number, so resuming needs no state.

    In every epoch the samples are put in order of length, those of equal length in another order each time, and cut
    into batches; the lengths in order are the same in every epoch, and so are the cuts. Then the batches are shuffled.
    The slices of all processes, put together, are the batch of a single process; where the samples cannot be shared
    evenly, the last few (fewer than there are processes) are left out of the epoch.

    Samples are items of sequences `[T]` or `[T, ...]` by name, padded at their end in a batch
    (`toolkit.data.sequences.padded`).

    Args:
        source: samples, with the attributes `lengths`, int [N] or [N, fields], by which they are put in order, the
            last field first, and `padding`, the number that fills each field's places.
        tokens: places of the longest field in a batch over all processes, padding included. A longer sequence makes a
            batch of its own (with `world_size` of its likes).
        seed: decides the order and what the transform does.
        rank: this process, from 0.
        world_size: number of processes.
        transform: changes an item with a generator that belongs to (seed, epoch, sample).
        prefetch: batches made ahead by `iterate`; 0 for none.
        threads: decoding threads of `iterate`; `None` for one per processor, at most 8.

    Attributes:
        samples_per_batch: of all processes together, on average.
        batches: their number in an epoch.

    Raises:
        DataError: there are fewer samples than processes, or the source has no lengths, or weights.
    """

    def __init__(
        self,
        source: Source,
        tokens: int,
        seed: int,
        *,
        rank: int = 0,
        world_size: int = 1,
        transform: Transform | None = None,
        prefetch: int = 2,
        threads: int | None = None,
    ) -> None:
        if len(source) < world_size:
            raise DataError(
                f"there are {len(source)} training samples for {world_size} processes",
                "add data, or give the training split a larger fraction",
            )
        if weights_of(source) is not None:
            raise DataError("this data has weights, which trainer.batch_tokens cannot heed", "use trainer.batch_size")
        self.source = source
        self.seed = seed
        self.rank = rank
        self.world_size = world_size
        self.transform = transform
        self.prefetch = prefetch
        self.threads = default_threads() if threads is None else threads
        self._padding = padding_of(source)
        lengths = lengths_of(source)
        self._lengths = lengths
        self._cuts = _cuts(lengths[_by_length(lengths)].max(1), tokens, world_size)
        self._order = Order(len(source), seed)
        self._epochs: dict[int, tuple[Indices, Indices]] = {}
        self.batches = len(self._cuts) - 1
        self.samples_per_batch = len(source) / self.batches

    def batch(self, number: int) -> dict[str, Tensor]:
        """This process's part of batch `number` (from 0).

        Returns:
            The fields, padded; `index`, int64 [B], the places in the source; and `mean_tokens`, float32 [B], the mean
            length of the last field over the batches of all processes (as `lengths` says, before any transform).

        Raises:
            DataError: a sample cannot be read.
        """
        epoch, place = divmod(number, self.batches)
        order, shuffled = self._epoch(epoch)
        place = int(shuffled[place])
        whole = order[self._cuts[place] : self._cuts[place + 1]]
        share = len(whole) // self.world_size
        mine = whole[self.rank * share : (self.rank + 1) * share]
        items = [self._item(epoch, int(index)) for index in mine]
        batch = padded(items, self._padding)
        batch["index"] = torch.from_numpy(mine.copy())
        batch["mean_tokens"] = torch.full((len(mine),), float(self._lengths[whole, -1].mean()))
        return batch

    def iterate(self, start: int = 0) -> Iterator[dict[str, Tensor]]:
        """Batches `start`, `start + 1`, ... without end, made ahead in the background. Raises what `batch` raises."""
        return in_background(lambda number, _: self.batch(number), count(start), self.prefetch, self.threads)

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        return self.iterate()

    def padding_share(self) -> float:
        """Share of the places of an epoch that hold padding, in all fields."""
        ordered = self._lengths[_by_length(self._lengths)]
        spans = list(zip(self._cuts[:-1], self._cuts[1:], strict=True))
        places = sum(float(ordered[first:last].max(0).sum()) * (last - first) for first, last in spans)
        return 1 - float(ordered.sum()) / places

    def _epoch(self, epoch: int) -> tuple[Indices, Indices]:
        """The samples of an epoch in order of length, and the order of its batches."""
        known = self._epochs.get(epoch)
        if known is None:
            members = self._order.epoch(epoch)
            order: Indices = members[_by_length(self._lengths[members])]  # stable: equal ones stay shuffled
            shuffled = Order(self.batches, fold(self.seed, "batches")).epoch(epoch)
            known = order, shuffled
            kept = {before: self._epochs[before] for before in self._epochs if before == epoch - 1}
            self._epochs = {**kept, epoch: known}
        return known

    def _item(self, epoch: int, index: int) -> Item:
        item = self.source[index]
        if self.transform is None:
            return item
        return self.transform(item, sample_generator(sample_seed(self.seed, epoch, index)))


def _by_length(lengths: Array) -> Indices:
    """Places in order of length, the last field first; equal ones stay as they are.

    The other fields rise and fall in turn: where one length of the last field gives way to the next, they are alike.
    """
    turns = np.where(lengths[:, -1:] % 2, -lengths[:, :-1], lengths[:, :-1])
    order: Indices = np.lexsort([*turns.T, lengths[:, -1]])
    return order


def _cuts(ordered: Array, tokens: int, world_size: int) -> list[int]:
    """Where the samples, in order of their lengths, are cut into batches of a multiple of `world_size` samples."""
    cuts = [0]
    usable = len(ordered) - len(ordered) % world_size
    first, longest = 0, 0
    for place in range(0, usable, world_size):
        last = place + world_size
        reach = max(longest, int(ordered[place:last].max()))
        if place > first and reach * (last - first) > tokens:
            cuts.append(place)
            first, reach = place, int(ordered[place:last].max())
        longest = reach
    return [*cuts, usable]

"""The order in which training meets the samples, and how often, as a function of the position alone."""

from __future__ import annotations

import numpy as np
import torch

from toolkit.data.source import Array, Indices, Source, Subset, weights_of
from toolkit.engine.randomness import Noise, fold
from toolkit.errors import DataError

_KEPT_EPOCHS = 4


class Order:
    """An endless sequence of sample indices: one epoch after the other.

    Without weights an epoch is a permutation of the source. With weights it is a stratified draw in random order: the
    weights, one after the other on a line, are scaled to a whole length L and cut into L pieces of length 1, and each
    piece gives the sample at a random place in it (stratified resampling: R. Douc, O. Cappe and E. Moulines,
    "Comparison of resampling schemes for particle filtering", 2005). A sample is so met as often as its
    weight says, on average, and samples that fill a piece between them share one visit in every epoch.

    What is drawn and its order are hashes of (seed, epoch, place), so they are the same on every machine and with every
    version of numpy.

    Args:
        count: number of samples, at least 1.
        seed: the run's seed.
        shuffle: `False` for the order of the source in every epoch.
        weights: float64 [count], visits per epoch and sample; `None` for one each.

    Attributes:
        length: samples in an epoch.

    Raises:
        DataError: all weights are 0.
    """

    def __init__(self, count: int, seed: int, shuffle: bool = True, weights: Array | None = None) -> None:
        self.seed = seed
        self.shuffle = shuffle
        self.length = count
        self._ends: Array | None = None
        self._last = count - 1
        if weights is not None:
            total = float(weights.sum())
            if total <= 0:
                raise DataError("all samples have the weight 0, so there is nothing to train on")
            self.length = max(1, round(total))
            self._ends = weights.cumsum() * (self.length / total)
            self._last = int(np.flatnonzero(weights)[-1])
        self._epochs: dict[int, Indices] = {}

    def at(self, positions: Indices) -> tuple[Indices, Indices]:
        """Epoch and sample index at each position of the sequence, both of the shape of `positions`."""
        epochs, places = np.divmod(positions, self.length)
        if not self.shuffle and self._ends is None:
            return epochs, places
        indices = np.empty_like(places)
        for epoch in np.unique(epochs):
            here = epochs == epoch
            indices[here] = self.epoch(int(epoch))[places[here]]
        return epochs, indices

    def epoch(self, epoch: int) -> Indices:
        """The sample indices in the order of one epoch, int64 [length]."""
        known = self._epochs.get(epoch)
        if known is not None:
            return known
        noise = Noise(self.seed, epoch, torch.arange(self.length), "data")
        members: Indices = np.arange(self.length)
        if self._ends is not None:
            # Away from the ends of a piece by more than the sums are rounded: a neighbour's visit is never taken.
            places = members + 2.0**-25 + noise.uniform("weights", dtype=torch.float64).numpy()
            members = np.minimum(np.searchsorted(self._ends, places, side="right"), self._last)
        if self.shuffle:
            members = members[noise.bits("order", 1)[:, 0].argsort().numpy()]
        if len(self._epochs) >= _KEPT_EPOCHS:
            self._epochs = {}
        self._epochs[epoch] = members
        return members


def one_epoch(source: Source, seed: int = 0) -> Source:
    """What training would meet in one epoch, in the order of the source: what generated samples are compared with.

    Without weights that is the source itself. With weights, every sample once would be another distribution than the
    one that was trained on: too many samples of those kinds that have many variants.
    """
    weights = weights_of(source)
    if weights is None:
        return source
    return Subset(source, Order(len(source), seed, shuffle=False, weights=weights).epoch(0), weighted=False)


def sample_seed(seed: int, epoch: int, index: int) -> int:
    """The seed (unsigned, 64 bits) of what a transform does to one sample in one epoch."""
    return fold(seed, "transform", epoch, index) % 2**64


def sample_generator(seed: int) -> np.random.Generator:
    """The generator that belongs to a `sample_seed`."""
    return np.random.Generator(np.random.Philox(key=seed))

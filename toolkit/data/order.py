"""The order in which training meets the samples, as a function of the position alone."""

from __future__ import annotations

import numpy as np
import torch

from toolkit.data.source import Indices
from toolkit.engine.randomness import Noise, fold

_KEPT_EPOCHS = 4


class Order:
    """An endless sequence of sample indices: one permutation of the source after the other.

    A permutation sorts the samples by a hash of (seed, epoch, index), so it is the same on every machine and with every
    version of numpy.

    Args:
        count: number of samples, at least 1.
        seed: the run's seed.
        shuffle: `False` for 0, 1, ... in every epoch.
    """

    def __init__(self, count: int, seed: int, shuffle: bool = True) -> None:
        self.count = count
        self.seed = seed
        self.shuffle = shuffle
        self._permutations: dict[int, Indices] = {}

    def at(self, positions: Indices) -> tuple[Indices, Indices]:
        """Epoch and sample index at each position of the sequence, both of the shape of `positions`."""
        epochs, places = np.divmod(positions, self.count)
        if not self.shuffle:
            return epochs, places
        indices = np.empty_like(places)
        for epoch in np.unique(epochs):
            here = epochs == epoch
            indices[here] = self.permutation(int(epoch))[places[here]]
        return epochs, indices

    def permutation(self, epoch: int) -> Indices:
        """The sample indices in the order of one epoch."""
        known = self._permutations.get(epoch)
        if known is not None:
            return known
        hashes = Noise(self.seed, epoch, torch.arange(self.count), "data").bits("order", 1)[:, 0]
        order: Indices = hashes.argsort().numpy()
        if len(self._permutations) >= _KEPT_EPOCHS:
            self._permutations = {}
        self._permutations[epoch] = order
        return order


def sample_seed(seed: int, epoch: int, index: int) -> int:
    """The seed (unsigned, 64 bits) of what a transform does to one sample in one epoch."""
    return fold(seed, "transform", epoch, index) % 2**64


def sample_generator(seed: int) -> np.random.Generator:
    """The generator that belongs to a `sample_seed`."""
    return np.random.Generator(np.random.Philox(key=seed))

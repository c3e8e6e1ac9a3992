"""Changes made to a sample on its way into a batch, decided by the sample's own generator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from toolkit.data.order import sample_generator
from toolkit.data.source import Array
from toolkit.errors import ConfigError, Problem


class RandomFlip:
    """Mirror pictures left to right, each with its own coin.

    The coin belongs to (seed, epoch, sample): a picture shows both sides over the epochs, and which side comes when
    depends neither on the batch size nor on the number of processes nor on the point of resuming.

    Args:
        probability: of a flip, 0 to 1.
        field: the name of the picture in the item, an array HWC.

    Raises:
        ConfigError: the probability is out of range.
    """

    def __init__(self, probability: float = 0.5, field: str = "image") -> None:
        if not 0 <= probability <= 1:
            raise ConfigError([Problem("probability", f"is {probability}; it must lie between 0 and 1")])
        self.probability = probability
        self.field = field

    def __call__(self, item: dict[str, Any], generator: np.random.Generator) -> dict[str, Any]:
        """The item, its picture mirrored if the coin says so."""
        if not self._flips(generator):
            return item
        return {**item, self.field: item[self.field][:, ::-1]}

    def batched(self, arrays: dict[str, Array], seeds: Sequence[int]) -> dict[str, Array]:
        """The same for stacked pictures NHWC."""
        flips = np.array([self._flips(sample_generator(seed)) for seed in seeds], dtype=bool)
        pictures = arrays[self.field]
        flipped = np.where(flips[:, None, None, None], pictures[:, :, ::-1], pictures)
        return {**arrays, self.field: flipped}

    def _flips(self, generator: np.random.Generator) -> bool:
        return bool(generator.random() < self.probability)

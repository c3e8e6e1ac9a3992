"""Whether the generator copies its training data: how near generated samples come to them, against held-out data.

The ratio of nearest-neighbour distances follows the data-copying tests of Meehan, Chaudhuri & Dasgupta 2020 ("A
non-parametric test to detect data-copying in generative models"), in its simplest form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from toolkit.errors import ConfigError, DataError, Problem
from toolkit.metrics.bank import FeatureBank
from toolkit.metrics.base import check_comparable
from toolkit.metrics.distances import centred, nearest_distances


def memorisation(held_out: Tensor, fake: Tensor, train: Tensor, percentile: float = 1.0) -> tuple[float, float]:
    """Ratio of the median distances to the nearest training sample, and share of generated samples that are too near.

    Args:
        held_out: `[A, N]` features of real data that the generator never saw.
        fake: `[B, N]` features of generated data.
        train: `[T, N]` features of the training data.
        percentile: of the held-out distances, 0..100; at or below it a generated sample counts as too near.

    Returns:
        Median distance of generated over that of held-out samples (1 is what new real data have, 0 are copies), and
        the share too near (about `percentile / 100` where nothing is copied).

    Raises:
        DataError: at least half of the held-out samples are in the training data.
    """
    return _compared(*_distances(held_out, fake, train), percentile)


def _distances(held_out: Tensor, fake: Tensor, train: Tensor) -> tuple[Tensor, Tensor]:
    """Distance of each held-out and of each generated sample to its nearest training sample."""
    train, held_out, fake = centred(train, held_out, fake)
    return nearest_distances(held_out, train), nearest_distances(fake, train)


def _compared(usual: Tensor, found: Tensor, percentile: float) -> tuple[float, float]:
    median = float(usual.median())
    if median == 0:
        raise DataError(
            "at least half of the held-out samples are also training samples",
            "give a part of the data that the generator was not trained on as the real data",
        )
    threshold = usual.quantile(percentile / 100)
    return float(found.median()) / median, float((found <= threshold).double().mean())


class Memorisation:
    """How near generated samples come to training samples, against held-out ones.

    Returns `memorisation_ratio` (1 or more: no nearer than new real data; near 0: copies) and `memorised_fraction`
    (about `percentile / 100` where nothing is copied). `real` must be held-out data, and `train` the whole training
    set, so give its bank a large enough capacity.

    Args:
        percentile: of the held-out distances, 0..100; nearer generated samples count as memorised.
    """

    needs_train: ClassVar[bool] = True
    higher_is_better: ClassVar[Mapping[str, bool]] = {"memorisation_ratio": True, "memorised_fraction": False}

    def __init__(self, percentile: float = 1.0) -> None:
        if not 0 <= percentile <= 100:
            problem = Problem("percentile", f"is {percentile}; it must be within 0..100")
            raise ConfigError([problem], "the metric 'memorisation'")
        self.percentile = percentile

    def compute(self, real: FeatureBank, fake: FeatureBank, *, train: FeatureBank | None = None) -> dict[str, float]:
        """See the class."""
        return self.on_subsets(real, fake, [(torch.arange(real.kept), torch.arange(fake.kept))], train=train)[0]

    def on_subsets(
        self,
        real: FeatureBank,
        fake: FeatureBank,
        subsets: Sequence[tuple[Tensor, Tensor]],
        *,
        train: FeatureBank | None = None,
    ) -> list[dict[str, float]]:
        """The numbers on each subset of the rows of `real` and `fake`; the distances are measured only once."""
        if train is None:
            raise DataError("the metric 'memorisation' needs the features of the training data", "give `train`")
        check_comparable(real, fake, least=1)
        check_comparable(real, train, least=1)
        if train.kept < train.count:
            raise DataError(
                f"the metric 'memorisation' needs all {train.count} training samples, only {train.kept} were kept",
                "raise the capacity of the training data's feature bank",
            )
        usual, found = _distances(real.features, fake.features, train.features)
        numbers = []
        for of_real, of_fake in subsets:
            ratio, fraction = _compared(usual[of_real], found[of_fake], self.percentile)
            numbers.append({"memorisation_ratio": ratio, "memorised_fraction": fraction})
        return numbers

"""Streaming mean and covariance, exact enough for distances between close distributions, mergeable across processes.

The update is the pairwise formula of Chan, Golub & LeVeque 1979 ("Updating formulae and a pairwise algorithm for
computing sample variances"), which, unlike sums of squares, does not cancel when the mean is far from 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from toolkit.errors import DataError


class Moments:
    """Count, mean and scatter of feature vectors, in float64 on the CPU.

    Memory is `8 N^2` bytes: 32 MiB for 2048 features.

    Args:
        dimension: `N`, at least 1.

    >>> moments = Moments(1)
    >>> moments.add(torch.tensor([[1.0], [3.0]]))
    >>> moments.mean.tolist(), moments.covariance.tolist()
    ([2.0], [[2.0]])
    """

    def __init__(self, dimension: int) -> None:
        if dimension < 1:
            raise DataError(f"moments need at least one feature, not {dimension}")
        self.count = 0
        self.mean = torch.zeros(dimension, dtype=torch.float64)
        self.scatter = torch.zeros(dimension, dimension, dtype=torch.float64)

    @property
    def dimension(self) -> int:
        """`N`."""
        return int(self.mean.shape[0])

    @property
    def covariance(self) -> Tensor:
        """`[N, N]` unbiased covariance (divided by count - 1).

        Raises:
            DataError: fewer than two samples were seen.
        """
        if self.count < 2:
            raise DataError(f"a covariance needs at least 2 samples, not {self.count}", "evaluate more samples")
        return self.scatter / (self.count - 1)

    def add(self, features: Tensor) -> None:
        """Take in `[B, N]` features of any floating dtype and device.

        Raises:
            DataError: the shape does not fit, or a value is not finite.
        """
        if features.ndim != 2 or features.shape[1] != self.dimension:
            raise DataError(f"expected features [B, {self.dimension}], not {list(features.shape)}")
        if features.shape[0] == 0:
            return
        values = features.detach().to("cpu", torch.float64)
        if not bool(values.isfinite().all()):
            raise DataError("some features are NaN or infinite", "look at the generator and at its data range")
        mean = values.mean(dim=0)
        centred = values - mean
        self._combine(len(values), mean, centred.T @ centred)

    def _combine(self, count: int, mean: Tensor, scatter: Tensor) -> None:
        total = self.count + count
        shift = mean - self.mean
        self.scatter += scatter
        self.scatter.addr_(shift, shift, alpha=self.count * count / total)
        self.mean += shift * (count / total)
        self.count = total

    @classmethod
    def merge(cls, parts: Iterable[Moments]) -> Moments:
        """The moments of all parts' samples together; the parts stay as they are.

        Raises:
            DataError: there is no part, or the dimensions differ.
        """
        parts = list(parts)
        if not parts:
            raise DataError("there are no moments to merge")
        whole = cls(parts[0].dimension)
        for part in parts:
            if part.dimension != whole.dimension:
                raise DataError(f"moments of {part.dimension} and of {whole.dimension} features cannot be merged")
            if part.count:
                whole._combine(part.count, part.mean, part.scatter)
        return whole

    def state(self) -> dict[str, Tensor]:
        """Plain tensors from which `from_state` makes an equal object, for files and other processes."""
        return {"count": torch.tensor(self.count), "mean": self.mean, "scatter": self.scatter}

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> Moments:
        """The inverse of `state`; the tensors are copied."""
        moments = cls(int(state["mean"].shape[0]))
        moments.count = int(state["count"])
        moments.mean.copy_(state["mean"])
        moments.scatter.copy_(state["scatter"])
        return moments

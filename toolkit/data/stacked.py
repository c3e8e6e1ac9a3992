"""Grey pictures stacked as colours: the standard test of how many modes a generator finds."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch

from toolkit.data.mnist import MNIST
from toolkit.data.prepare import Progress
from toolkit.data.source import Array, Indices, Skipped, Source, taker
from toolkit.engine.randomness import Noise
from toolkit.errors import ConfigError, DataError, Problem


class StackedChannels:
    """Pictures whose channels are grey pictures of another source, drawn independently and uniformly.

    A virtual set: sample i is a function of (seed, i) and is put together when it is read, so the set can be as large
    as one likes and costs no memory. The first `count` samples are made of the source's training samples (and those
    that it leaves open), the `held_out` samples behind them of its test samples, so nothing of the latter is ever seen
    in training. With K classes the label is `label_0 K^(C-1) + ... + label_(C-1)`: for digits in three channels
    100 a + 10 b + c.

    Source: L. Metz, B. Poole, D. Pfau and J. Sohl-Dickstein, "Unrolled generative adversarial networks",
    arXiv:1611.02163, section 3.3.1, after T. Che et al., arXiv:1612.02136.

    Args:
        source: labelled samples with an `image` [H, W, 1]; fastest with `take`.
        count: samples made of training pictures.
        held_out: samples made of test pictures.
        seed: decides which pictures meet.
        channels: pictures per sample, 3 or 4.

    Raises:
        ConfigError: a number is out of range.
        DataError: the source has no labels, no training samples, or no test samples although some are asked for.
    """

    def __init__(
        self, source: Source, count: int = 128_000, held_out: int = 10_000, seed: int = 0, channels: int = 3
    ) -> None:
        _check(count, held_out, channels)
        if not source.classes:
            raise DataError("stacked channels need a labelled source, and this one has no classes")
        fixed = [source.split_of(index) for index in range(len(source))]
        pools = [np.flatnonzero([split in wanted for split in fixed]) for wanted in ((None, "train"), ("test",))]
        if not len(pools[0]) or (held_out and not len(pools[1])):
            part = "test" if len(pools[0]) else "training"
            raise DataError(f"there are no {part} pictures to stack", "set held_out to 0, or give other data")
        self.source = source
        self.count = count
        self.held_out = held_out
        self.seed = seed
        self.channels = channels
        self.problems: list[Skipped] = source.problems
        between = "" if all(len(name) == 1 for name in source.classes) else " "
        self.classes = tuple(between.join(names) for names in product(source.classes, repeat=channels))
        self._pools = pools
        self._fixed = None not in fixed

    def __len__(self) -> int:
        return self.count + self.held_out

    def key(self, index: int) -> str:
        """Part, seed and number of the sample."""
        if index < self.count:
            return f"stacked/train/{self.seed}/{index}"
        return f"stacked/test/{self.seed}/{index - self.count}"

    def split_of(self, index: int) -> str | None:
        """`test` for what is made of test pictures, otherwise `train`, or open if the source leaves it open."""
        if index >= self.count:
            return "test"
        return "train" if self._fixed or self.held_out else None

    def __getitem__(self, index: int) -> dict[str, Any]:
        taken = self.take(np.array([index], dtype=np.int64))
        return {"image": taken["image"][0], "label": int(taken["label"][0])}

    def take(self, indices: Indices) -> dict[str, Array]:
        """Many samples at once: `image` uint8 [B, H, W, C] and `label` int64 [B]."""
        rows_BC = self.rows(np.asarray(indices, dtype=np.int64).reshape(-1))
        images, labels = self._read(rows_BC.reshape(-1))
        layers_BCHW = images[..., 0].reshape(*rows_BC.shape, *images.shape[1:3])
        powers_C = len(self.source.classes) ** np.arange(self.channels - 1, -1, -1)
        return {
            "image": np.ascontiguousarray(np.moveaxis(layers_BCHW, 1, -1)),
            "label": labels.reshape(rows_BC.shape) @ powers_C,
        }

    def rows(self, indices: Indices) -> Indices:
        """Which samples of the source make up each sample: int64 [B, C]."""
        rows_BC = np.empty((len(indices), self.channels), dtype=np.int64)
        test = indices >= self.count
        for part, pool, places in (("train", self._pools[0], ~test), ("test", self._pools[1], test)):
            if places.any():
                numbers = torch.from_numpy(indices[places] - (self.count if part == "test" else 0))
                drawn = Noise(self.seed, 0, numbers, "stacked").integers(part, 0, len(pool), self.channels)
                rows_BC[places] = pool[drawn.numpy()]
        return rows_BC

    def _read(self, rows: Indices) -> tuple[Array, Array]:
        take = taker(self.source)
        if take is not None:
            arrays = take(rows)
            return arrays["image"], arrays["label"]
        items = [self.source[int(row)] for row in rows]
        return np.stack([item["image"] for item in items]), np.array([item["label"] for item in items], dtype=np.int64)


class StackedMNIST(StackedChannels):
    """Stacked MNIST: three random digits as the colours of one picture, so 1000 classes, equally frequent.

    Source: L. Metz, B. Poole, D. Pfau and J. Sohl-Dickstein, "Unrolled generative adversarial networks",
    arXiv:1611.02163, section 3.3.1. The digits are MNIST's (see the data set `mnist`, also for its licence); the test
    samples are made of MNIST's test digits.

    Args:
        path: folder with `mnist-train.npz` and `mnist-test.npz`; by default `mnist` in `$TOOLKIT_DATA` or in the
            user's cache folder.
        resolution: side of the pictures; 32 adds a black border of two pixels.
        count: training pictures; the papers take 128,000 or draw without end.
        held_out: test pictures.
        seed: decides which digits meet.

    Raises:
        ConfigError: a number is out of range.
        DataError: MNIST is absent or damaged.
    """

    def __init__(
        self,
        path: str | None = None,
        resolution: int = 32,
        count: int = 128_000,
        held_out: int = 10_000,
        seed: int = 0,
    ) -> None:
        super().__init__(MNIST(path, resolution), count, held_out, seed)

    @classmethod
    def prepare(
        cls, source: Path | None = None, destination: Path | None = None, progress: Progress | None = None
    ) -> Path:
        """Bring MNIST to this machine; see `MNIST.prepare`."""
        return MNIST.prepare(source, destination, progress)


def _check(count: int, held_out: int, channels: int) -> None:
    problems = []
    if count < 2:
        problems.append(Problem("count", f"is {count}; it must be at least 2"))
    if held_out < 0:
        problems.append(Problem("held_out", f"is {held_out}; it must be at least 0"))
    if channels not in (3, 4):
        problems.append(Problem("channels", f"is {channels}; pictures have 3 or 4 channels"))
    if problems:
        raise ConfigError(problems)

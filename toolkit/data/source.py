"""What a data set is to the rest of the toolkit: numbered samples with stable names."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from toolkit.errors import DataError

Array: TypeAlias = npt.NDArray[Any]
Indices: TypeAlias = npt.NDArray[np.int64]
Take: TypeAlias = Callable[[Indices], dict[str, Array]]

_SPLITS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing"),
}
_recording = threading.Lock()


class SampleError(DataError):
    """One sample cannot be read; the others may be fine.

    Args:
        name: the file or row.
        reason: what is wrong with it, without the name.
    """

    def __init__(self, name: str, reason: str) -> None:
        self.reason = reason
        super().__init__(f"{name}: {reason}")


@dataclass(frozen=True, slots=True)
class Skipped:
    """A sample that was left out, and why.

    Attributes:
        path: the file or row, as `Source.key` names it.
        reason: what is wrong with it.
    """

    path: str
    reason: str


class Source(Protocol):
    """A data set with random access.

    Samples are read from several threads at once. Further attributes are optional; a source without one, or with
    `None` there, is treated as it always was:

    * `take`, for a source that keeps everything in memory: a function from an array of indices to stacked arrays that
      the caller may change (see `taker`);
    * `weights`, an array [N] of numbers from 0: how often training shall meet each sample in an epoch, on average. An
      epoch is then as long as their sum. Where neighbouring samples have weights that add up to 1 (six variants with
      1/6 each), every epoch meets exactly one of them, drawn at random (see `toolkit.data.order.Order`). Evaluation
      meets every sample once, whatever its weight (see `weights_of`);
    * `group`, a function from an index to a text: samples of one group always fall into the same split, so that a
      near-copy of a training sample is never a test sample (see `group_of`);
    * `lengths`, int [N] or [N, fields], of samples that are sequences, and `padding`, what fills their places in a
      batch, by field (see `toolkit.data.buckets`).

    Attributes:
        classes: class names, in the order of the labels; empty when unlabelled.
        problems: what was left out so far, to be shown to the user.
    """

    classes: tuple[str, ...]
    problems: list[Skipped]

    def __len__(self) -> int:
        """Number of samples."""

    def key(self, index: int) -> str:
        """Stable identity of a sample; it never depends on which other samples there are."""

    def split_of(self, index: int) -> str | None:
        """`train`, `validation` or `test` where the data set fixes it."""

    def __getitem__(self, index: int) -> dict[str, Any]:
        """One sample: numpy arrays and numbers by name, e.g. `{"image": uint8 HWC, "label": int}`.

        Raises:
            SampleError: this sample cannot be read.
        """


class Subset:
    """Some samples of a source, as a source.

    Args:
        source: where the samples come from; its `problems` list is shared.
        indices: which ones, in this order.
        weighted: `False` leaves the weights behind, so that each of the samples counts once.
    """

    def __init__(self, source: Source, indices: npt.ArrayLike, weighted: bool = True) -> None:
        self.source = source
        self.weighted = weighted
        self.indices: Indices = np.asarray(indices, dtype=np.int64).reshape(-1)
        self.classes = source.classes
        self.problems = source.problems

    def __len__(self) -> int:
        return len(self.indices)

    def key(self, index: int) -> str:
        """The key that the sample has in the whole source."""
        return self.source.key(int(self.indices[index]))

    def split_of(self, index: int) -> str | None:
        """The split that the whole source fixes for the sample."""
        return self.source.split_of(int(self.indices[index]))

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.source[int(self.indices[index])]

    @property
    def take(self) -> Take | None:
        """The fast path of the whole source, if it has one."""
        take = taker(self.source)
        return None if take is None else lambda places: take(self.indices[places])

    @property
    def weights(self) -> Array | None:
        """The weights that the samples have in the whole source, if it has weights."""
        weights = weights_of(self.source) if self.weighted else None
        return None if weights is None else weights[self.indices]

    @property
    def lengths(self) -> Array | None:
        """The lengths of the samples, if they are sequences."""
        lengths = getattr(self.source, "lengths", None)
        return None if lengths is None else np.asarray(lengths)[self.indices]

    @property
    def padding(self) -> Mapping[str, int]:
        """What fills the places of sequences in the whole source."""
        return dict(getattr(self.source, "padding", None) or {})

    def group(self, index: int) -> str:
        """The group that the sample belongs to in the whole source."""
        return group_of(self.source, int(self.indices[index]))


def taker(source: Source) -> Take | None:
    """The function that reads many samples of a source at once; `None` when it reads them one by one."""
    take: Take | None = getattr(source, "take", None)
    return take


def weights_of(source: Source) -> Array | None:
    """How often training meets each sample of a source per epoch, float64 [N]; `None` when it meets each once.

    Raises:
        DataError: the weights are not one number from 0 per sample.
    """
    given = getattr(source, "weights", None)
    if given is None:
        return None
    weights: Array = np.asarray(given, dtype=np.float64)
    if weights.shape != (len(source),) or not np.isfinite(weights).all() or (weights < 0).any():
        raise DataError(
            f"the weights of the data set have the shape {weights.shape}; expected one finite number from 0 "
            f"for each of its {len(source)} samples"
        )
    return weights


def group_of(source: Source, index: int) -> str:
    """What decides a sample's split: its group where the source has groups, otherwise its key."""
    group: Callable[[int], str] | None = getattr(source, "group", None)
    return source.key(index) if group is None else group(index)


def record_problem(source: Source, index: int, error: DataError) -> None:
    """Add an unreadable sample to the problems of its source, unless it is there already."""
    reason = error.reason if isinstance(error, SampleError) else error.message
    problem = Skipped(source.key(index), reason)
    with _recording:
        if all(known.path != problem.path for known in source.problems):
            source.problems.append(problem)


def standard_split(name: str) -> str | None:
    """`train`, `validation` or `test` for the usual names of these splits, `None` for any other name.

    >>> standard_split("Val"), standard_split("cats")
    ('validation', None)
    """
    for split, names in _SPLITS.items():
        if name.lower() in names:
            return split
    return None

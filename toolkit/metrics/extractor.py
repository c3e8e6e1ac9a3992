"""What turns data into feature vectors: the protocols, and the safe way to run a network as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from toolkit.errors import DataError


@runtime_checkable
class Extractor(Protocol):
    """Turns a batch of data into one feature vector per sample; registered as kind `extractors`.

    Attributes:
        name: identifies the features exactly, weights included; it is shown beside every number, because distances in
            the features of two extractors cannot be compared.
        dimension: `N`; 0 where it depends on the data and no batch was seen yet.
    """

    name: str
    dimension: int

    def __call__(self, data: Tensor) -> Tensor:
        """`[B, N]` float32 features without a graph, of a batch such as `x_BCHW` in [-1, 1]."""
        ...


@runtime_checkable
class ClassifierExtractor(Extractor, Protocol):
    """An extractor that also says which class a sample belongs to.

    Attributes:
        classes: names of the `K` classes, in the order of the probabilities; empty where they have no names.
    """

    classes: tuple[str, ...]

    def probabilities(self, data: Tensor) -> Tensor:
        """`[B, K]` float32 class probabilities."""
        ...

    def features_and_probabilities(self, data: Tensor) -> tuple[Tensor, Tensor]:
        """Both at once, in one pass where the network can."""
        ...


@runtime_checkable
class FeatureMaps(Protocol):
    """A network that shows what it sees in pictures at several scales; a projected discriminator looks through one.

    An extractor offers its network as the attribute `module`. The network takes pictures in [-1, 1], brings them to the
    size and the range that it was trained with by itself, and can be differentiated. An attribute `channels`, where it
    has one, says how many colours the pictures must have.
    """

    def maps(self, x_BCHW: Tensor) -> Sequence[Tensor]:
        """Activations `[B, N, h, w]`, one for each scale, from the finest to the coarsest."""
        ...


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Run a network in evaluation mode, in its own precision and without a graph; then put its modes back.

    The modes are kept for every submodule, because a frozen part may be in evaluation mode inside a training network.
    Automatic mixed precision of a surrounding training loop is switched off: it would change the features.
    """
    training = [part for part in module.modules() if part.training]
    place = next(module.parameters(), torch.empty(0)).device
    module.eval()
    try:
        with torch.no_grad(), torch.autocast(place.type, enabled=False):
            yield
    finally:
        for part in training:
            part.training = True


def placed(data: Tensor, module: nn.Module, name: str) -> Tensor:
    """The data on the device and in the floating dtype of a network.

    Raises:
        DataError: the data are not floating numbers, so their range is unclear.
    """
    check_floating(data, name)
    like = next((parameter for parameter in module.parameters() if parameter.is_floating_point()), data)
    return data.to(like.device, like.dtype)


def check_floating(data: Tensor, name: str) -> None:
    """Refuse integers: bytes of 0..255 would otherwise pass for values in [-1, 1].

    Raises:
        DataError: the data are not floating numbers.
    """
    if not data.is_floating_point():
        raise DataError(f"the extractor '{name}' takes floating numbers in [-1, 1], not {data.dtype}")

"""One classifier looking at each channel of a picture on its own: the eye of the stacked-MNIST protocol."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import torch
from torch import Tensor, nn

from toolkit.errors import DataError
from toolkit.metrics.classifier import ClassifierFeatures
from toolkit.metrics.extractor import check_floating

MOST_CLASSES = 20_000
"""More joint classes than this would take too much memory per sample (80 kB)."""


class StackedClassifier:
    """A classifier of grey pictures applied to each channel; the joint class is the tuple of the channels' classes.

    Of pictures with C channels and a classifier with K classes it gives C N features, channel after channel, and
    probabilities of `K^C` joint classes, `p(a, b, c) = p_1(a) p_2(b) p_3(c)`, numbered `a K² + b K + c`: for digits in
    three channels 100 a + 10 b + c, the classes of stacked MNIST (Metz et al. 2017, "Unrolled generative adversarial
    networks", section 3.3.1; Srivastava et al. 2017, "VEEGAN", section 4.1).

    Args:
        model: folder of a trained one-channel classifier (`recipes/image/classifier`), or the name of one that comes
            with the toolkit.
    """

    def __init__(self, model: str | Path) -> None:
        self._set(ClassifierFeatures(model))

    @classmethod
    def from_classifier(cls, classifier: ClassifierFeatures) -> StackedClassifier:
        """An extractor around a classifier that is built already."""
        extractor = cls.__new__(cls)
        extractor._set(classifier)
        return extractor

    def _set(self, classifier: ClassifierFeatures) -> None:
        self.classifier = classifier
        self.name = f"stacked-{classifier.name}"
        self.dimension = 0
        self.classes: tuple[str, ...] = ()

    @property
    def module(self) -> nn.Module:
        """The classifier's network."""
        return self.classifier.module

    def to(self, device: torch.device | str) -> StackedClassifier:
        """Move the network; data follow it by themselves."""
        self.classifier.to(device)
        return self

    def __call__(self, data: Tensor) -> Tensor:
        """`[B, C N]` float32 features of `x_BCHW`."""
        return self._joined(self.classifier(self._channels(data)), data)

    def probabilities(self, data: Tensor) -> Tensor:
        """`[B, K^C]` float32 joint class probabilities."""
        return self._joint(self.classifier.probabilities(self._channels(data)), data)

    def features_and_probabilities(self, data: Tensor) -> tuple[Tensor, Tensor]:
        """Both at once."""
        features, chances = self.classifier.features_and_probabilities(self._channels(data))
        return self._joined(features, data), self._joint(chances, data)

    def _channels(self, data: Tensor) -> Tensor:
        """`[B C, 1, H, W]`."""
        check_floating(data, self.name)
        if data.ndim != 4:
            raise DataError(f"the extractor '{self.name}' takes pictures [B, C, H, W], not {list(data.shape)}")
        return data.flatten(0, 1)[:, None]

    def _joined(self, features: Tensor, data: Tensor) -> Tensor:
        joined = features.reshape(len(data), -1)
        self.dimension = int(joined.shape[1])
        return joined

    def _joint(self, chances: Tensor, data: Tensor) -> Tensor:
        channels, classes = data.shape[1], chances.shape[1]
        if classes**channels > MOST_CLASSES:
            raise DataError(
                f"{classes} classes in {channels} channels are {classes**channels} joint classes; at most "
                f"{MOST_CLASSES} can be counted",
                "use fewer channels, or a classifier with fewer classes",
            )
        by_channel = chances.reshape(len(data), channels, classes)
        joint = by_channel[:, 0]
        for channel in range(1, channels):
            joint = (joint[:, :, None] * by_channel[:, channel, None, :]).flatten(1)
        if self.classifier.classes and not self.classes:
            between = "" if all(len(name) == 1 for name in self.classifier.classes) else " "
            self.classes = tuple(between.join(names) for names in product(self.classifier.classes, repeat=channels))
        return joint

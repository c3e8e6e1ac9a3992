from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from toolkit.config import build
from toolkit.engine.models import save_model
from toolkit.errors import DataError
from toolkit.image.classifier import ImageClassifier
from toolkit.metrics.bank import FeatureBank
from toolkit.metrics.classifier import ClassifierFeatures
from toolkit.metrics.extractor import ClassifierExtractor
from toolkit.metrics.mode_coverage import ModeCoverage
from toolkit.metrics.stacked import StackedClassifier


class Brightness(torch.nn.Module):
    """Takes a grey picture's mean for its class: 0 for the darkest tenth, 9 for the brightest."""

    channels = 1

    def features(self, x: Tensor) -> Tensor:
        return x.mean((1, 2, 3))[:, None]

    def forward(self, x: Tensor) -> Tensor:
        place = ((self.features(x)[:, 0] + 1) * 5).long().clamp(0, 9)
        return 50 * torch.nn.functional.one_hot(place, 10).float()


def pictures(classes: Tensor) -> Tensor:
    """`[B, 3, 2, 2]` whose channels show the digits of the classes' numbers."""
    digits = torch.stack([classes // 100, classes // 10 % 10, classes % 10], dim=1)
    return ((digits + 0.5) / 5 - 1)[:, :, None, None].expand(-1, -1, 2, 2).float()


@pytest.fixture
def stacked() -> StackedClassifier:
    names = tuple(str(digit) for digit in range(10))
    return StackedClassifier.from_classifier(ClassifierFeatures.from_module(Brightness(), "brightness", names))


def test_the_joint_class_counts_100_a_10_b_c(stacked: StackedClassifier) -> None:
    classes = torch.tensor([0, 7, 90, 345, 999])
    features, chances = stacked.features_and_probabilities(pictures(classes))
    assert chances.argmax(1).tolist() == classes.tolist()
    assert features.shape == (5, 3) == (5, stacked.dimension)
    assert stacked.classes[345] == "345"
    assert len(stacked.classes) == 1000
    assert isinstance(stacked, ClassifierExtractor)


def test_probabilities_and_features_are_those_of_the_channels() -> None:
    torch.manual_seed(0)
    single = ClassifierFeatures.from_module(ImageClassifier(8, 1, 3, 4), "judge", ("cat", "dog", "cow"))
    stacked = StackedClassifier.from_classifier(single)
    data = torch.randn(4, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    first, second = (single.probabilities(data[:, place, None]) for place in (0, 1))
    torch.testing.assert_close(stacked.probabilities(data)[:, 5], first[:, 1] * second[:, 2])
    torch.testing.assert_close(stacked.probabilities(data).sum(1), torch.ones(4))
    torch.testing.assert_close(stacked(data)[:, : single.dimension], single(data[:, :1]))
    assert stacked.classes[5] == "dog cow"


def test_modes_of_generated_pictures_are_counted(stacked: StackedClassifier) -> None:
    classes = torch.arange(1000).repeat(2)
    classes[classes == 13] = 14
    fake = FeatureBank.from_batches(stacked, pictures(classes).split(256), capacity=None)
    found = ModeCoverage().compute(fake, fake)
    assert found["modes"] == 999
    assert found["mode_kl"] == pytest.approx(0.001 * 2 * 0.6931, rel=1e-3)


def test_a_trained_model_is_loaded_by_its_folder(tmp_path: Path) -> None:
    spec = {"name": "classifier", "resolution": 8, "channels": 1, "classes": 2, "width": 4}
    weights = build("generators", spec).state_dict()
    save_model(tmp_path / "digits", weights, {"generator": spec, "classes": ["0", "1"]}, "# Card\n")
    stacked = build("extractors", {"name": "stacked", "model": str(tmp_path / "digits")})
    assert stacked.name.startswith("stacked-classifier-digits-")
    assert stacked.probabilities(torch.zeros(3, 3, 8, 8)).shape == (3, 8)


def test_too_many_joint_classes_and_other_data_are_refused(stacked: StackedClassifier) -> None:
    with pytest.raises(DataError, match="100000 joint classes"):
        stacked.probabilities(torch.zeros(2, 5, 2, 2))
    with pytest.raises(DataError, match=r"\[B, C, H, W\]"):
        stacked(torch.zeros(2, 5))

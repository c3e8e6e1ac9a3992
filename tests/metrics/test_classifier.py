from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from toolkit.engine.models import save_model
from toolkit.errors import CheckpointError, DataError
from toolkit.image.classifier import ImageClassifier
from toolkit.metrics.bank import FeatureBank
from toolkit.metrics.classifier import ClassifierFeatures, weights_hash
from toolkit.metrics.extractor import ClassifierExtractor
from toolkit.registry import REGISTRY


class TinyClassifier(nn.Module):
    """Two layers, with what would betray training mode."""

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(16, 5), nn.BatchNorm1d(5), nn.Dropout(0.5))
        self.head = nn.Linear(5, classes)

    def features(self, x: Tensor) -> Tensor:
        answer: Tensor = self.body(x)
        return answer

    def forward(self, x: Tensor) -> Tensor:
        answer: Tensor = self.head(self.features(x))
        return answer


@pytest.fixture
def network() -> TinyClassifier:
    torch.manual_seed(0)
    return TinyClassifier()


def data(count: int = 6) -> Tensor:
    return torch.randn(count, 1, 4, 4, generator=torch.Generator().manual_seed(1))


def test_features_and_probabilities_are_the_networks_in_evaluation_mode(network: TinyClassifier) -> None:
    extractor = ClassifierFeatures.from_module(network.train(), "tiny", ("a", "b", "c"))
    features, probabilities = extractor.features_and_probabilities(data())
    assert network.training
    network.eval()
    torch.testing.assert_close(features, network.features(data()))
    torch.testing.assert_close(probabilities, network(data()).softmax(1))
    assert torch.equal(features, extractor(data()))
    assert torch.equal(probabilities, extractor.probabilities(data()))
    assert (extractor.dimension, extractor.classes, extractor.name) == (5, ("a", "b", "c"), "tiny")
    assert not features.requires_grad
    assert isinstance(extractor, ClassifierExtractor)


def test_a_sample_does_not_depend_on_its_batch(network: TinyClassifier) -> None:
    extractor = ClassifierFeatures.from_module(network, "tiny")
    torch.testing.assert_close(extractor(data())[2:4], extractor(data()[2:4]))


def test_feature_maps_are_flattened_and_half_networks_give_float32(network: TinyClassifier) -> None:
    network.features = lambda x: x  # type: ignore[method-assign]
    extractor = ClassifierFeatures.from_module(network.to(torch.bfloat16), "tiny")
    assert extractor(data()).shape == (6, 16)
    assert extractor(data()).dtype == torch.float32


def test_a_bank_takes_both(network: TinyClassifier) -> None:
    bank = FeatureBank.from_batches(ClassifierFeatures.from_module(network, "tiny"), [data()])
    assert bank.extractor == bank.classifier == "tiny"
    assert bank.probabilities is not None
    assert bank.probabilities.shape == (6, 3)


def test_networks_that_do_not_fit_are_refused(network: TinyClassifier) -> None:
    with pytest.raises(DataError, match=r"'linear' \(Linear\) has no method features"):
        ClassifierFeatures.from_module(nn.Linear(3, 2), "linear")
    extractor = ClassifierFeatures.from_module(network, "tiny", ("a", "b"))
    with pytest.raises(DataError, match=r"gave \[6, 3\] logits, expected \[B, 2\]"):
        extractor.probabilities(data())
    with pytest.raises(DataError, match=r"not torch\.uint8"):
        extractor(torch.zeros(1, 1, 4, 4, dtype=torch.uint8))


def stored(folder: Path, network: nn.Module) -> Path:
    config = {"generator": {"name": "tiny_classifier", "classes": 3}, "classes": ["a", "b", "c"]}
    save_model(folder, network.state_dict(), config, "a test")
    return folder


@pytest.fixture
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(REGISTRY, "_parts", dict(REGISTRY._parts))
    REGISTRY.register("generators", "tiny_classifier")(TinyClassifier)


@pytest.mark.usefixtures("_registered")
def test_a_stored_model_becomes_an_extractor_with_its_weights_in_the_name(
    tmp_path: Path, network: TinyClassifier
) -> None:
    extractor = ClassifierFeatures(stored(tmp_path / "judge", network))
    expected = ClassifierFeatures.from_module(network, "tiny")
    assert torch.equal(extractor(data()), expected(data()))
    assert extractor.classes == ("a", "b", "c")
    assert extractor.name == f"classifier-judge-{weights_hash(network.state_dict())}"

    with torch.no_grad():
        network.head.bias[0] += 1e-6
    assert ClassifierFeatures(str(stored(tmp_path / "judge", network))).name != extractor.name


@pytest.mark.usefixtures("_registered")
def test_a_missing_model_or_foreign_weights_are_explained(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nowhere"):
        ClassifierFeatures(tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match="do not fit TinyClassifier"):
        ClassifierFeatures(stored(tmp_path / "other", nn.Linear(2, 2)))


def test_the_hash_sees_names_shapes_and_values() -> None:
    one = {"a": torch.zeros(2, 3), "b": torch.ones(1)}
    assert weights_hash(one) == weights_hash({"b": torch.ones(1), "a": torch.zeros(2, 3)})
    others = [{"a": torch.zeros(3, 2), "b": torch.ones(1)}, {"a": torch.zeros(2, 3), "c": torch.ones(1)}]
    others.append({"a": torch.zeros(2, 3), "b": torch.tensor([2.0])})
    assert len({weights_hash(weights) for weights in [one, *others]}) == 4
    assert len(weights_hash({"scalar": torch.tensor(3), "half": torch.ones(2, dtype=torch.bfloat16)})) == 8


def test_pictures_with_other_channels_are_refused_in_words() -> None:
    extractor = ClassifierFeatures.from_module(ImageClassifier(8, 1, 3, 4), "grey judge")
    for call in (extractor, extractor.probabilities, extractor.features_and_probabilities):
        with pytest.raises(DataError, match="'grey judge' takes pictures with 1 channels, these have 3"):
            call(torch.zeros(2, 3, 8, 8))

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn

from toolkit.errors import DataError, MissingExtraError
from toolkit.metrics.extractor import ClassifierExtractor
from toolkit.metrics.inception import WEIGHTS_FILE, WEIGHTS_VARIABLE, Inception, find_weights, is_available, to_bytes


class StandIn(nn.Module):
    """Takes what torch-fidelity's network takes and gives what it gives, from a single layer."""

    def __init__(self, name: str, features_list: list[str], feature_extractor_weights_path: str) -> None:
        super().__init__()
        self.wanted = features_list
        self.weights = feature_extractor_weights_path
        self.scale = nn.Parameter(torch.tensor(1.0))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        assert x.dtype == torch.uint8
        assert x.shape[1] == 3
        mean = x.double().mean((1, 2, 3))[:, None] * self.scale
        given = {"2048": mean.expand(-1, 2048), "logits_unbiased": mean * torch.linspace(0, 1, 1008)}
        return tuple(given[name] for name in self.wanted)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    file = tmp_path / WEIGHTS_FILE
    file.write_bytes(b"weights")
    return file


@pytest.fixture
def _package(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("torch_fidelity.feature_extractor_inceptionv3")
    module.FeatureExtractorInceptionV3 = StandIn  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch_fidelity", ModuleType("torch_fidelity"))
    monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.mark.usefixtures("_package")
def test_features_and_probabilities_of_grey_and_colour(weights: Path) -> None:
    inception = Inception(str(weights))
    features, probabilities = inception.features_and_probabilities(torch.ones(2, 3, 8, 8))
    assert features.shape == (2, inception.dimension)
    assert float(features[0, 0]) == 255.0
    assert probabilities.shape == (2, 1008)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(2))
    assert features.dtype == probabilities.dtype == torch.float32
    assert not features.requires_grad
    assert torch.equal(inception(torch.ones(2, 1, 8, 8)), features)
    assert torch.equal(inception.probabilities(torch.ones(2, 1, 8, 8)), probabilities)
    assert isinstance(inception, ClassifierExtractor)


def test_it_is_available_with_package_and_weights_only(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(weights))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert not is_available()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    assert is_available()
    weights.unlink()
    assert not is_available()


@pytest.mark.usefixtures("_package")
def test_the_name_tells_other_weights_apart(weights: Path, tmp_path: Path) -> None:
    own = tmp_path / "fine-tuned.pth"
    own.write_bytes(b"weights")
    assert Inception(str(weights)).name == "inception-2015"
    assert Inception(str(own)).name == "inception-2015(fine-tuned)"


def test_bytes_cover_the_range_and_clamp_beyond_it() -> None:
    x = torch.tensor([-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0]).view(1, 1, 1, 7)
    levels = to_bytes(x)
    assert levels.shape == (1, 3, 1, 7)
    assert levels[0, 2, 0].tolist() == [0, 0, 64, 128, 191, 255, 255]


def test_every_byte_survives_the_way_to_floats_and_back() -> None:
    levels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    assert torch.equal(to_bytes(levels.float() / 127.5 - 1)[:, :1], levels)


def test_transparent_pictures_are_laid_on_white() -> None:
    x = torch.tensor([[-1.0, -1.0, -1.0, 1.0], [-1.0, -1.0, -1.0, -1.0], [1.0, 0.0, -1.0, 0.0]]).view(3, 4, 1, 1)
    assert to_bytes(x)[:, :, 0, 0].tolist() == [[0, 0, 0], [255, 255, 255], [255, 191, 128]]


def test_other_shapes_are_refused() -> None:
    for shape in ((2, 5, 8, 8), (3, 8, 8)):
        with pytest.raises(DataError, match=r"pictures \[B, 1, 3 or 4, H, W\]"):
            to_bytes(torch.zeros(shape))


def test_weights_are_looked_for_in_order_and_never_fetched(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(WEIGHTS_VARIABLE, raising=False)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    with pytest.raises(DataError, match=WEIGHTS_VARIABLE) as caught:
        Inception()
    usual = tmp_path / "hub" / "checkpoints" / WEIGHTS_FILE
    assert f"not at {usual}" in str(caught.value)
    usual.parent.mkdir(parents=True)
    usual.write_bytes(b"downloaded before")
    assert find_weights() == usual
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(weights))
    assert find_weights() == weights
    with pytest.raises(DataError, match=r"not at .*named\.pth"):
        find_weights(str(tmp_path / "named.pth"))


def test_without_the_package_the_extra_is_named(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    monkeypatch.setitem(sys.modules, "torch_fidelity.feature_extractor_inceptionv3", None)
    with pytest.raises(MissingExtraError, match=r"adversarial-toolkit\[inception\]"):
        Inception(str(weights))

from __future__ import annotations

import pytest
import torch
from torch import nn

from toolkit.errors import DataError
from toolkit.metrics.extractor import ClassifierExtractor, Extractor, check_floating, evaluating, placed
from toolkit.metrics.inception import Inception
from toolkit.metrics.pixels import Pixels


def test_modes_of_every_submodule_are_put_back_even_after_an_error() -> None:
    module = nn.Sequential(nn.Dropout(0.5), nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(0.5)))
    module[1].eval()
    before = [part.training for part in module.modules()]
    with evaluating(module):
        assert not any(part.training for part in module.modules())
    assert [part.training for part in module.modules()] == before
    with pytest.raises(RuntimeError, match="shapes"), evaluating(module):
        module(torch.zeros(2, 4) @ torch.zeros(3, 2))
    assert [part.training for part in module.modules()] == before


def test_no_graph_and_no_mixed_precision_of_the_surrounding_loop() -> None:
    module = nn.Linear(3, 2)
    with torch.autocast("cpu", dtype=torch.bfloat16), evaluating(module):
        answer = module(torch.ones(1, 3))
    assert answer.dtype == torch.float32
    assert not answer.requires_grad


def test_data_follow_the_networks_precision() -> None:
    assert placed(torch.zeros(1, 3), nn.Linear(3, 2).double(), "any").dtype == torch.float64
    assert placed(torch.zeros(1, 3), nn.ReLU(), "any").dtype == torch.float32


def test_bytes_are_refused_by_name() -> None:
    with pytest.raises(DataError, match=r"'pixels' takes floating numbers in \[-1, 1\], not torch.uint8"):
        check_floating(torch.zeros(1, dtype=torch.uint8), "pixels")


def test_protocols_tell_extractors_from_classifiers() -> None:
    assert isinstance(Pixels(), Extractor)
    assert not isinstance(Pixels(), ClassifierExtractor)
    assert not isinstance(nn.Linear(1, 1), Extractor)
    assert callable(Inception.probabilities)

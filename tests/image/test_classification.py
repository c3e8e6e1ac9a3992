from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from toolkit.data.memory import ArraySource
from toolkit.errors import DataError
from toolkit.image.classification import ClassificationTask
from toolkit.metrics.classification import wilson_interval

CPU = torch.device("cpu")


class Bright(nn.Module):
    """Class 1 for bright pictures, 0 for dark ones."""

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean((1, 2, 3))
        return torch.stack([-mean, mean], dim=1)


def pictures(levels: list[int], labels: list[int] | None) -> ArraySource:
    fields = {"image": np.stack([np.full((8, 8, 1), level, dtype=np.uint8) for level in levels])}
    if labels is not None:
        fields["label"] = np.array(labels)
    return ArraySource(fields, [str(place) for place in range(len(levels))], ["dark", "bright"] if labels else [])


def test_accuracy_comes_with_its_interval() -> None:
    found = ClassificationTask().measure(Bright(), pictures([0, 255, 0, 255], [0, 1, 1, 1]), None, device=CPU)
    low, high = wilson_interval(3, 4)
    assert found == {"accuracy": 0.75, "accuracy_half_width": pytest.approx((high - low) / 2)}


def test_missing_and_unknown_labels_are_explained() -> None:
    with pytest.raises(DataError, match="has no labels"):
        ClassificationTask().measure(Bright(), pictures([0, 255], None), None, device=CPU)
    with pytest.raises(DataError, match="labels reach from 0 to 2"):
        ClassificationTask().measure(Bright(), pictures([0, 255], [0, 2]), None, device=CPU)

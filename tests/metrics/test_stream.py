from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from toolkit.errors import DataError
from toolkit.metrics.stream import extracted


class Counting:
    """A classifier that counts its passes."""

    name = "counting"
    dimension = 1
    classes = ()

    def __init__(self) -> None:
        self.passes: list[str] = []

    def __call__(self, data: Tensor) -> Tensor:
        self.passes.append("features")
        return data * 2

    def probabilities(self, data: Tensor) -> Tensor:
        self.passes.append("probabilities")
        return torch.ones(len(data), 1)

    def features_and_probabilities(self, data: Tensor) -> tuple[Tensor, Tensor]:
        self.passes.append("both")
        return data * 2, torch.ones(len(data), 1)


def batches(taken: list[int]) -> Iterator[Tensor]:
    for number in range(100):
        taken.append(number)
        yield torch.full((4, 1), float(number))


def test_an_extractor_that_is_the_classifier_runs_once_per_batch() -> None:
    both = Counting()
    list(extracted(both, both, [torch.zeros(2, 1)], None))
    assert both.passes == ["both"]


def test_two_extractors_run_once_each() -> None:
    features, judge = Counting(), Counting()
    (batch,) = extracted(features, judge, [torch.ones(2, 1)], None)
    assert features.passes == ["features"]
    assert judge.passes == ["probabilities"]
    assert batch.features.tolist() == [[2.0], [2.0]]


@pytest.mark.parametrize(("limit", "sizes"), [(3, [3]), (4, [4]), (5, [4, 1])])
def test_the_limit_cuts_the_last_batch_and_takes_no_more(limit: int, sizes: list[int]) -> None:
    taken: list[int] = []
    found = list(extracted(Counting(), None, batches(taken), limit))
    assert [len(batch.features) for batch in found] == sizes
    assert len(taken) == len(sizes)


def test_every_field_is_cut_alike() -> None:
    batch = {"data": torch.zeros(4, 1), "label": torch.arange(4), "index": torch.arange(10, 14), "text": "ignored"}
    (found,) = extracted(Counting(), Counting(), [batch], 3)
    assert found.labels is not None
    assert found.index is not None
    assert found.probabilities is not None
    assert found.labels.tolist() == [0, 1, 2]
    assert found.index.tolist() == [10, 11, 12]
    assert len(found.probabilities) == 3


def test_a_batch_without_data_is_refused() -> None:
    with pytest.raises(DataError, match="no field 'data', only nothing"):
        list(extracted(Counting(), None, [{}], None))

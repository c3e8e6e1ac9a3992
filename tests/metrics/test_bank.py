from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.metrics.sets import bank_of, labelled, normal
from toolkit.errors import DataError
from toolkit.metrics.bank import FeatureBank


class Identity:
    name = "identity"
    dimension = 3

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, data: Tensor) -> Tensor:
        self.seen += len(data)
        return data


class Judge(Identity):
    name = "judge"
    classes = ("no", "yes")

    def probabilities(self, data: Tensor) -> Tensor:
        return torch.eye(2)[(data[:, 0] > 0).long()]

    def features_and_probabilities(self, data: Tensor) -> tuple[Tensor, Tensor]:
        return self(data), self.probabilities(data)


def test_from_batches_keeps_everything_in_order() -> None:
    x = normal(0, 20, 3)
    bank = FeatureBank.from_batches(Identity(), x.split(6), fingerprint="twenty")
    assert torch.equal(bank.features, x)
    assert (bank.count, bank.kept, bank.dimension) == (20, 20, 3)
    assert (bank.extractor, bank.classifier, bank.fingerprint) == ("identity", "", "twenty")
    assert bank.labels is None
    assert bank.probabilities is None
    np.testing.assert_allclose(bank.moments.covariance, np.cov(x.numpy(), rowvar=False), atol=1e-6)


def test_labels_indices_and_a_classifiers_probabilities_come_along() -> None:
    x = normal(0, 10, 3)
    order = torch.randperm(10, generator=torch.Generator().manual_seed(1))
    batches = [{"data": x[part], "label": part % 3, "index": part} for part in order.split(4)]
    bank = FeatureBank.from_batches(Judge(), batches)
    assert bank.classifier == "judge"
    assert torch.equal(bank.features, x)  # by index
    assert bank.labels is not None
    assert bank.probabilities is not None
    assert bank.labels.tolist() == [i % 3 for i in range(10)]
    assert torch.equal(bank.probabilities[:, 1] == 1, x[:, 0] > 0)


def test_another_classifier_may_judge() -> None:
    bank = FeatureBank.from_batches(Identity(), [normal(0, 4, 3)], classifier=Judge())
    assert (bank.extractor, bank.classifier) == ("identity", "judge")
    assert bank.probabilities is not None


def test_limit_ends_an_endless_stream_without_extra_work() -> None:
    def endless() -> Iterator[Mapping[str, Any]]:
        for number in range(10**9):
            yield {"data": normal(number, 4, 3), "label": torch.zeros(4, dtype=torch.int64)}

    extractor = Identity()
    bank = FeatureBank.from_batches(extractor, endless(), limit=10)
    assert bank.count == extractor.seen == 10
    assert bank.labels is not None
    assert len(bank.labels) == 10


def test_moments_see_all_samples_rows_only_some() -> None:
    x = normal(0, 500, 3)
    bank = FeatureBank.from_batches(Identity(), x.split(32), capacity=40)
    assert (bank.count, bank.kept) == (500, 40)
    torch.testing.assert_close(bank.moments.mean.float(), x.mean(0))


@pytest.mark.parametrize("capacity", [None, 30])
def test_merged_processes_equal_the_whole(capacity: int | None) -> None:
    x = normal(0, 90, 3)
    places = torch.arange(90)

    def bank_of_places(chosen: Tensor) -> FeatureBank:
        batches = [{"data": x[part], "label": part, "index": part} for part in chosen.split(8)]
        return FeatureBank.from_batches(Identity(), batches, capacity=capacity)

    whole = bank_of_places(places)
    gathered = [pickle.loads(pickle.dumps(bank_of_places(places[rank::4]))) for rank in range(4)]
    merged = FeatureBank.merge([*gathered[::-1], FeatureBank("identity", capacity=capacity)])
    assert torch.equal(merged.features, whole.features)
    assert merged.labels is not None
    assert whole.labels is not None
    assert torch.equal(merged.labels, whole.labels)
    torch.testing.assert_close(merged.moments.covariance, whole.moments.covariance, rtol=0, atol=1e-13)
    assert merged.count == whole.count == 90


def test_without_indices_parts_follow_each_other() -> None:
    x = normal(0, 12, 3)
    merged = FeatureBank.merge([bank_of(x[:5]), bank_of(x[5:7]), bank_of(x[7:])])
    assert torch.equal(merged.features, x)


def test_merging_what_does_not_belong_together_is_refused() -> None:
    with pytest.raises(DataError, match="no feature banks"):
        FeatureBank.merge([])
    with pytest.raises(DataError, match=r"different extractor .*'identity' and 'other'"):
        FeatureBank.merge([bank_of(normal(0, 3, 2)), bank_of(normal(0, 3, 2), "other")])
    with pytest.raises(DataError, match="different capacity"):
        FeatureBank.merge([FeatureBank("a", capacity=3), FeatureBank("a", capacity=4)])
    same = labelled(0, 5)
    with pytest.raises(DataError, match="index 0 was added twice"):
        FeatureBank.merge([same, same])
    with pytest.raises(DataError, match="features of 2 and of 3 columns"):
        FeatureBank.merge([bank_of(normal(0, 3, 2)), bank_of(normal(0, 3, 3))])


def test_subsets_have_their_own_moments() -> None:
    bank = labelled(0, 30)
    part = bank.subset(torch.tensor([4, 2, 9]))
    assert part.count == 3
    torch.testing.assert_close(part.moments.mean.float(), bank.features[[4, 2, 9]].mean(0))
    assert part.labels is not None
    assert part.labels.tolist() == [1, 2, 0]


def test_one_class_and_its_absence() -> None:
    bank = labelled(0, 30, classes=3)
    assert torch.equal(bank.of_class(2).features, bank.features[2::3])
    with pytest.raises(DataError, match="no sample with label 3"):
        bank.of_class(3)
    with pytest.raises(DataError, match="has no labels"):
        bank_of(normal(0, 3, 2)).of_class(0)


def test_a_refused_batch_changes_nothing() -> None:
    bank = bank_of(normal(0, 4, 2))
    with pytest.raises(DataError, match="some samples have labels and others do not"):
        bank.add(normal(1, 2, 2), labels=torch.tensor([0, 1]))
    with pytest.raises(DataError, match="NaN"):
        bank.add(torch.full((2, 2), float("nan")))
    assert bank.count == bank.kept == 4


def test_empty_banks_and_streams_say_so() -> None:
    empty = FeatureBank("identity")
    assert empty.count == empty.kept == 0
    with pytest.raises(DataError, match="'identity' is empty"):
        _ = empty.moments
    with pytest.raises(DataError, match="no features yet"):
        _ = empty.features
    with pytest.raises(DataError, match=r"no samples to evaluate \(extractor 'identity'\)"):
        FeatureBank.from_batches(Identity(), [])
    with pytest.raises(DataError, match="no field 'data', only image"):
        FeatureBank.from_batches(Identity(), [{"image": normal(0, 1, 3)}])
    with pytest.raises(DataError, match="limit must be at least 1"):
        FeatureBank.from_batches(Identity(), [normal(0, 1, 3)], limit=0)
    with pytest.raises(DataError, match="capacity of a feature bank must be at least 1"):
        FeatureBank("identity", capacity=0)

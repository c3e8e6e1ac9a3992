from __future__ import annotations

import pytest
import torch

from toolkit.errors import DataError
from toolkit.metrics.rows import check_alike, checked_rows, join, take

INDEX = torch.arange(2)
FEATURES = torch.zeros(2, 3)


def test_types_are_the_banks_own() -> None:
    rows = checked_rows(
        "pixels",
        FEATURES.bfloat16().requires_grad_(),
        torch.tensor([1, 0], dtype=torch.int16),
        torch.eye(2),
        INDEX.int(),
    )
    assert {name: values.dtype for name, values in rows.items()} == {
        "index": torch.int64,
        "priority": torch.int64,
        "features": torch.float32,
        "labels": torch.int64,
        "probabilities": torch.float32,
    }
    assert not rows["features"].requires_grad


@pytest.mark.parametrize(
    ("features", "labels", "probabilities", "words"),
    [
        (torch.zeros(2, 3, 1), None, None, r"'pixels' must return features \[B, N\], not \[2, 3, 1\]"),
        (FEATURES, torch.zeros(2), None, "labels must be integers"),
        (FEATURES, torch.zeros(2, 1, dtype=torch.int64), None, "labels must be integers"),
        (FEATURES, torch.zeros(3, dtype=torch.int64), None, "2 rows of features came with 3 rows of labels"),
        (FEATURES, None, torch.ones(2, 2), "sum to 1"),
        (FEATURES, None, torch.tensor([[2.0, -1.0], [0.5, 0.5]]), "at least 0"),
        (FEATURES, None, torch.full((2, 2), float("nan")), "sum to 1"),
        (FEATURES, None, torch.ones(2), r"probabilities must be \[B, K\]"),
        (torch.tensor([[0.0, 1.0], [float("nan"), 1.0]]), None, None, "1 of 2 samples .* NaN"),
    ],
)
def test_what_does_not_fit_is_refused(
    features: torch.Tensor, labels: torch.Tensor | None, probabilities: torch.Tensor | None, words: str
) -> None:
    with pytest.raises(DataError, match=words):
        checked_rows("pixels", features, labels, probabilities, INDEX)


def test_joining_and_taking_keep_rows_together() -> None:
    rows = checked_rows("pixels", torch.tensor([[1.0], [2.0]]), torch.tensor([10, 20]), None, torch.tensor([5, 6]))
    chosen = take(join([rows, rows]), torch.tensor([3, 0]))
    assert chosen["features"].flatten().tolist() == [2.0, 1.0]
    assert chosen["labels"].tolist() == [20, 10]
    assert chosen["index"].tolist() == [6, 5]


def test_tables_with_other_columns_are_refused() -> None:
    plain = checked_rows("pixels", FEATURES, None, None, INDEX)
    with_labels = checked_rows("pixels", FEATURES, INDEX, None, INDEX)
    with pytest.raises(DataError, match="some samples have labels and others do not"):
        check_alike(plain, with_labels)
    with pytest.raises(DataError, match="features of 3 and of 4 columns"):
        join([plain, checked_rows("pixels", torch.zeros(2, 4), None, None, INDEX)])

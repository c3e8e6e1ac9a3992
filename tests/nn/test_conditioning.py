from __future__ import annotations

import pytest
import torch

from toolkit.nn.conditioning import LabelEmbedding


def test_integers_pick_rows_and_weights_blend_them() -> None:
    embedding = LabelEmbedding(classes=4, size=3)
    picked = embedding(torch.tensor([2, 0]))
    assert torch.equal(picked, embedding.weight[[2, 0]])
    between = embedding(torch.tensor([[0.5, 0.0, 0.5, 0.0]]))
    torch.testing.assert_close(between[0], (embedding.weight[0] + embedding.weight[2]) / 2)


def test_one_hot_weights_equal_integers() -> None:
    embedding = LabelEmbedding(classes=5, size=2)
    label = torch.tensor([4, 1, 1])
    torch.testing.assert_close(embedding(torch.nn.functional.one_hot(label, 5).double()), embedding(label))


def test_initial_deviation() -> None:
    assert LabelEmbedding(200, 100, std=0.1).weight.std().item() == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize(
    ("label", "words"),
    [
        (None, "classes=3 and needs a label"),
        (torch.zeros(2, 4), r"\[B, 3\], got \[2, 4\]"),
        (torch.zeros(2, 1, dtype=torch.int64), r"\[B\], got shape \[2, 1\]"),
    ],
)
def test_a_label_that_does_not_fit_is_explained(label: torch.Tensor | None, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        LabelEmbedding(3, 2)(label)

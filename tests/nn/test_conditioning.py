from __future__ import annotations

import pytest
import torch

from toolkit.nn.conditioning import ConditionalBatchNorm2d, LabelEmbedding


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


def test_conditional_normalisation_begins_as_plain_batch_normalisation() -> None:
    torch.manual_seed(0)
    layer, x = ConditionalBatchNorm2d(3, classes=2), 5 + 2 * torch.randn(6, 3, 4, 4)
    label = torch.tensor([0, 1, 0, 1, 1, 0])
    torch.testing.assert_close(layer(x, label), torch.nn.BatchNorm2d(3)(x))
    torch.testing.assert_close(layer.norm.running_mean, 0.1 * x.mean((0, 2, 3)))


def test_conditional_normalisation_scales_and_shifts_by_class() -> None:
    torch.manual_seed(0)
    layer, x = ConditionalBatchNorm2d(3, classes=2), torch.randn(4, 3, 2, 2)
    with torch.no_grad():
        layer.gain.weight[1], layer.bias.weight[1] = 2.0, 0.5
    label = torch.tensor([0, 1, 1, 0])
    plain = layer(x, torch.zeros(4, dtype=torch.long))
    torch.testing.assert_close(layer(x, label)[label == 0], plain[label == 0])
    torch.testing.assert_close(layer(x, label)[label == 1], 2 * plain[label == 1] + 0.5)
    blend = layer(x, torch.tensor([[0.5, 0.5]]).expand(4, -1))
    torch.testing.assert_close(blend, 1.5 * plain + 0.25)
    with pytest.raises(ValueError, match="classes=2 and needs a label"):
        layer(x, None)

"""Discriminators of sentence pairs: what they may look at, and that filling and form change nothing."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from toolkit.config import build
from toolkit.translation.adversarial.pair_transformer import PairTransformer

PAD = 9
SPECS = {
    "pair_cnn": {"name": "pair_cnn", "embedding": 8, "filters": 4, "hidden": 8, "dropout": 0.0},
    "alignment_cnn": {"name": "alignment_cnn", "embedding": 8, "channels": 4, "hidden": 8},
    "pair_transformer": {"name": "pair_transformer", "width": 8, "layers": 2, "heads": 2},
    "prefixes": {"name": "pair_transformer", "width": 8, "layers": 2, "heads": 2, "prefixes": True},
}
SOURCE = torch.tensor([[1, 2, 3, 0, PAD], [4, 0, PAD, PAD, PAD], [5, 6, 7, 8, 0]])
TARGET = torch.tensor([[3, 2, 0, PAD], [4, 4, 5, 0], [6, 0, PAD, PAD]])


def made(name: str) -> nn.Module:
    torch.manual_seed(1)
    return build("discriminators", {**SPECS[name], "vocabulary": 10, "pad_id": PAD}).double()


def filled(ids: Tensor, places: int) -> Tensor:
    return nn.functional.pad(ids, (0, places), value=PAD)


@pytest.mark.parametrize("name", SPECS)
def test_more_filling_changes_no_opinion(name: str):
    judge = made(name)
    narrow = judge(TARGET, SOURCE).logits[0]
    wide = judge(filled(TARGET, 5), filled(SOURCE, 4)).logits[0]
    if name == "prefixes":  # places after the end say what the last one said
        assert torch.allclose(wide[:, 4:], narrow[:, -1:].expand(-1, 5))
        wide = wide[:, :4]
    torch.testing.assert_close(wide, narrow)


@pytest.mark.parametrize("name", SPECS)
def test_ids_and_their_rows_are_the_same_to_them(name: str):
    judge = made(name)
    rows = nn.functional.one_hot(TARGET, 10).double().requires_grad_(True)
    found = judge(rows, SOURCE).logits[0]
    torch.testing.assert_close(found, judge(TARGET, SOURCE).logits[0])
    (gradient,) = torch.autograd.grad(found.sum(), rows)
    assert gradient[0, 0].abs().sum() > 0
    assert gradient[0, 3].abs().sum() == 0  # filling has no say


@pytest.mark.parametrize("name", SPECS)
def test_they_look_at_both_sentences(name: str):
    judge = made(name)
    whole = judge(TARGET, SOURCE).logits[0]
    assert not torch.allclose(judge(TARGET, SOURCE.flip(0)).logits[0], whole)
    with pytest.raises(ValueError, match="source as its condition"):
        judge(TARGET, None)


def test_a_prefix_knows_nothing_of_what_follows():
    judge = made("prefixes")
    changed = TARGET.clone()
    changed[1, 2] = 8
    before, after = judge(TARGET, SOURCE).logits[0], judge(changed, SOURCE).logits[0]
    torch.testing.assert_close(before[1, :2], after[1, :2])
    assert not torch.allclose(before[1, 2:], after[1, 2:])


def test_texts_longer_than_its_places_are_named():
    judge = PairTransformer(10, PAD, width=8, heads=2, longest=3)
    with pytest.raises(ValueError, match="longest=3"):
        judge(TARGET, SOURCE)

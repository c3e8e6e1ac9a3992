from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from toolkit.image.measure import labels_like, picture_banks, real_batches
from toolkit.metrics.bank_cache import BankCache
from toolkit.metrics.pixels import Pixels
from toolkit.testing.material import picture_source


def grey(count: int, seed: int, labels: Tensor | None) -> Iterator[Mapping[str, Any]]:
    """Pages of seven pictures, all of one grey."""
    for start in range(0, count, 7):
        size = min(7, count - start)
        chosen = None if labels is None else labels[start : start + size]
        yield {"data": torch.full((size, 3, 16, 16), seed / 10), "label": chosen}


def test_every_real_picture_comes_once_in_the_range_of_networks() -> None:
    source = picture_source(count=10)
    batches = list(real_batches(source))
    data = torch.cat([batch["data"] for batch in batches])
    assert data.shape == (10, 3, 16, 16)
    assert -1 <= float(data.min()) < -0.9
    assert torch.cat([batch["index"] for batch in batches]).tolist() == list(range(10))
    torch.testing.assert_close(data[4], torch.from_numpy(source[4]["image"].copy()).permute(2, 0, 1) / 127.5 - 1)


@pytest.mark.parametrize("classes", [0, 3])
def test_banks_hold_what_was_compared(classes: int, tmp_path: Path) -> None:
    source, train = picture_source(count=12), picture_source(count=20, classes=0)
    cache = BankCache(tmp_path)
    for _ in range(2):
        banks = picture_banks(
            source, train, grey, classes=classes, extractor=Pixels(2), samples=16, seed=5, cache=cache
        )
    assert banks.train is not None
    assert (banks.real.count, banks.fake.count, banks.train.count) == (12, 16, 20)
    assert float(banks.fake.features.mean()) == 0.5
    if classes:
        assert banks.fake.labels is not None
        assert torch.bincount(banks.fake.labels).sort().values.tolist() in ([5, 5, 6], [4, 6, 6])
    else:
        assert banks.fake.labels is None
    assert len(list(tmp_path.iterdir())) == 2
    assert BankCache(tmp_path).folder == tmp_path


def test_labels_keep_the_proportions_of_the_data() -> None:
    found = labels_like(torch.tensor([0] * 6 + [2] * 3), 18, 3)
    assert torch.bincount(found).tolist() == [12, 0, 6]
    assert found[:9].tolist() != sorted(found[:9].tolist())
    assert labels_like(None, 7, 3).tolist() == [0, 1, 2, 0, 1, 2, 0]

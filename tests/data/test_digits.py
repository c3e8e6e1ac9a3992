from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from sklearn.datasets import load_digits

from toolkit.data.digits import Digits
from toolkit.errors import ConfigError


def test_the_stored_digits_use_the_whole_range() -> None:
    source, stored = Digits(resolution=8), load_digits()
    assert len(source) == 1797
    assert source.classes == tuple("0123456789")
    assert np.array_equal(source.fields["image"][..., 0], np.rint(stored.images * 255 / 16).astype(np.uint8))
    assert np.array_equal(source.fields["label"], stored.target)
    assert len({source.key(index) for index in range(1797)}) == 1797


@pytest.mark.parametrize("resolution", [16, 32])
def test_enlarged_digits_are_the_same_digits(resolution: Literal[16, 32]) -> None:
    small, large = Digits(resolution=8).fields["image"], Digits(resolution=resolution).fields["image"]
    assert large.shape == (1797, resolution, resolution, 1)
    factor = resolution // 8
    averaged = large.reshape(1797, 8, factor, 8, factor).mean((2, 4))
    correlation = np.corrcoef(averaged.ravel(), small.ravel())[0, 1]
    assert correlation > 0.97
    assert abs(float(large.mean()) - float(small.mean())) < 4


def test_other_sizes_are_refused() -> None:
    with pytest.raises(ConfigError, match="8, 16 or 32"):
        Digits(resolution=20)  # type: ignore[arg-type]
